"""How fast is it, beside the bare thing measured in the same run?"""
