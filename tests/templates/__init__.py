"""What keeps pages readable, honest and safe?"""
