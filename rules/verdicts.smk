"""
From media of any kind to verdicts.
"""
