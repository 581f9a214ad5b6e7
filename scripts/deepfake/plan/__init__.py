"""From tables of images to a plan: near-duplicates, splits, balance, cap."""
