"""Numbers that YAML reads as text: 0,8 and 80% and 1/3 and 1e-3."""

import math
import re

NUMBER = re.compile(r"([+-]?(?:\d+(?:[ _',.]\d{3})*|\d*)(?:[.,]\d+)?(?:[eE][+-]?\d+)?)\s*(%?)")
FRACTION = re.compile(r"([+-]?\d+)\s*/\s*([1-9]\d*)")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[ _',.]\d{3})+")


def number_meant(text: str, whole: bool) -> int | float | None:
    """Return the number that `text` means, with decimal comma, per cent, fraction or exponent; None if none.

    `whole`: where a whole number is expected, 1,000 and 1.000 mean a thousand, and parts of a whole are None.
    """
    text = text.strip()
    if match := FRACTION.fullmatch(text):
        value = int(match[1]) / int(match[2])
    elif whole and THOUSANDS.fullmatch(text):
        value = int(re.sub(r"[ _',.]", "", text))
    elif (match := NUMBER.fullmatch(text)) and not (whole and match[2]):
        try:
            value = float(_with_point(match[1])) / (100 if match[2] else 1)
        except ValueError:
            return None
    else:
        return None
    value = float(f"{value:.6g}")
    if not math.isfinite(value):
        return None
    if value.is_integer() and (whole or abs(value) < 1e15):
        return int(value)
    return None if whole else value


def _with_point(text: str) -> str:
    """Return a number as Python reads it: the last of several separators is the decimal one."""
    text = re.sub(r"[ _']", "", text)
    if "," in text and "." in text:
        thousands = "." if text.rindex(",") > text.rindex(".") else ","
        text = text.replace(thousands, "")
    return text.replace(",", ".")
