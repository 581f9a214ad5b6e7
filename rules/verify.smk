"""
Whether what lies in results/ still is what was written.
"""
