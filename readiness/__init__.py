"""How is a launch judged: the rules, as plain functions over frozen values?"""
