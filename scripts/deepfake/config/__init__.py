"""The configuration: checked, and cut into the section of each step."""
