"""Does the core judge as the rule book says?"""
