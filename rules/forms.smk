"""
From a trained model to smaller and faster forms of it, and what they cost.
"""
