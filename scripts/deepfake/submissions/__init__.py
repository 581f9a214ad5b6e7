"""Files for competitions, and a package that runs a model elsewhere."""
