"""Planning: the split of each image, or the reason why it is left out, from tables alone."""
