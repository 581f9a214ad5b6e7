"""A finished dataset: its images, metadata and documentation are written and read here."""
