"""The HTML pages that people read."""
