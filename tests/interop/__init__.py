"""Do other people's clients understand what we hand out?"""
