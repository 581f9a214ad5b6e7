"""From media files to verdicts: the faces of each file, linked to people, scored by a model."""
