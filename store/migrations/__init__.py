"""How did the tables of the store come to be as they are?"""
