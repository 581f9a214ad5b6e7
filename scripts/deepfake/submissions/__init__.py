"""What competitions ask for: files of labels or probabilities, and a package that runs by itself."""
