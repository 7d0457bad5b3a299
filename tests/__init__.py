"""What is true of Learn Then Launch, one sentence a test?"""
