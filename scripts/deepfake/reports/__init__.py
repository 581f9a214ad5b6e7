"""What a finished dataset holds, and what was lost on the way."""
