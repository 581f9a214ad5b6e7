"""A finished dataset: its files, and what it says of itself."""
