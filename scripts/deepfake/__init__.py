"""The library behind the workflow: plain functions over paths, arrays and tables, one concept a file."""
