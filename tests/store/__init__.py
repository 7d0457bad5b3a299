"""Does the store keep what it is told, and nothing else?"""
