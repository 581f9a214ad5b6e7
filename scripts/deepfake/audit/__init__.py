"""Checks of finished results: leaks and balance of a dataset, losses on the way to it, damaged files."""
