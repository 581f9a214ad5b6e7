"""From files that nobody has described to a config: which corpora they are, what is odd, what they take."""
