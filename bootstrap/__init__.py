"""How are all the rooms put together and run?"""
