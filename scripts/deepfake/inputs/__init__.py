"""From image files to the arrays that a network takes."""
