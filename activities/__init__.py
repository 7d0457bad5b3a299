"""What do workflows do to the world outside?"""
