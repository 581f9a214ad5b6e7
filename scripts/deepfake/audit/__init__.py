"""What a finished dataset holds, what was lost on the way, and whether files are still what was written."""
