"""Trained detectors in files: best.pt and its other forms, opened in one place."""
