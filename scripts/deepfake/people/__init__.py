"""People: who is seen in which videos, by their faces."""
