"""Values of detect.py's options; argparse turns their ValueErrors into its own message."""

import json


def json_object(text: str) -> dict:
    """A dict from JSON; ValueError where it is none."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"{text} is no object of JSON")
    return value


def number(text: str) -> int:
    """A whole number from 1; ValueError where it is none."""
    if int(text) < 1:
        raise ValueError(f"{text} is less than 1")
    return int(text)
