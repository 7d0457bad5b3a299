"""What is kept, and who may write it: facts, content, the command log, the ledger and what is folded from them?"""
