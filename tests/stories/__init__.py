"""Does the whole product, run as people run it, keep what it promises?"""
