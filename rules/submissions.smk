"""
From a trained model to what competitions ask for.
"""
