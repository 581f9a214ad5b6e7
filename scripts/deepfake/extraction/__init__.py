"""From videos and stills to frames and face crops."""
