"""From predictions to numbers that can be believed, and pictures of them. Nothing here needs torch."""
