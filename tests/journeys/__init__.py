"""Does each person reach what they came for in a browser, from sign-in to done?"""
