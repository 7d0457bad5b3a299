"""Which durable shells carry the rules out?"""
