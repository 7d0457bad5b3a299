"""Do activities do to the outside world what workflows ask, and no more?"""
