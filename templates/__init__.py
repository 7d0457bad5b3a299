"""What do people see: typed pages, and the templates that show them?"""
