"""Which habits of this house does a machine watch over?"""
