"""Render the Jinja2 templates in templates/ to HTML pages.

Each page is one file: the stylesheet and all images are inside it, and it runs no script. Names of files,
corpora and methods are hostile input, so that every value is escaped, and characters that can't be printed
(controls, marks that turn the direction of text, invalid bytes) are shown as escapes.
"""

import base64
import json
import math
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deepfake.detection.text import clean
from deepfake.names import INVISIBLE

TEMPLATES = Path(__file__).with_name("templates")
IMAGE_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}
DASH = "–"
"""What a page shows for a value that is not defined: None or nan."""


def render(template: str, **values: object) -> str:
    """Return the page that `template`, a file name in templates/, makes of `values`.

    The same values give the same text. Raises jinja2.UndefinedError for a value that is used but not given.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "commas": commas,
        "decimal": decimal,
        "signed": signed,
        "p_value": p_value,
        "megabytes": megabytes,
        "percent": percent,
        "plural": plural,
        "image_uri": image_uri,
        "as_json": as_json,
        "clock": clock,
        "is_finite": math.isfinite,
    }
    return environment


def _printable(value: object) -> object:
    """Return what a page shows for the value of an expression; text that is HTML already stays as it is."""
    if value is None:
        return DASH
    if (
        isinstance(value, str)
        and not hasattr(value, "__html__")
        and (not value.isprintable() or INVISIBLE.search(value))
    ):
        return clean(value)
    return value


def commas(number: int | None) -> str:
    """Return a whole number with commas between thousands."""
    return DASH if number is None else f"{number:,}"


def decimal(value: float | None, digits: int = 3) -> str:
    """Return a number rounded to `digits` decimals, commas between thousands; a dash for None and nan."""
    return f"{value:,.{digits}f}" if value is not None and math.isfinite(value) else DASH


def signed(value: float | None, digits: int = 3) -> str:
    """Return a number rounded to `digits` decimals with + or − before it; a dash for None and nan."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:+.{digits}f}".replace("-", "−")


def p_value(p: float) -> str:
    """Return a probability with three decimals, or "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share of 1, such as 0.256, as "25.6%"."""
    return DASH if share is None else f"{share:.{digits}%}"


def megabytes(size: int) -> str:
    """Return a number of bytes as "1.2 MB": millions of bytes."""
    return f"{size / 1e6:,.1f} MB"


def plural(number: int, one: str, several: str = "") -> str:
    """Return the number and its noun: `one`, or `several`, by default `one` with an s."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def clock(seconds: float) -> str:
    """Return a time such as "7.4 s", "1:07.4" or "1:01:07.4"; "" for nan."""
    if not math.isfinite(seconds):
        return ""
    minutes, tenths = divmod(round(seconds * 10), 600)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{tenths / 10:04.1f}"
    return f"{minutes}:{tenths / 10:04.1f}" if minutes else f"{tenths / 10:.1f} s"


def image_uri(image: str | Path | bytes, suffix: str = "") -> str:
    """Return a data: URI of an image, given as a file or as bytes; `suffix`, such as ".jpg", is its type.

    An svg becomes an image of its own too: inline, its ids would clash with those of the next one.
    """
    data = image if isinstance(image, bytes) else Path(image).read_bytes()
    kind = IMAGE_TYPES[suffix or Path(str(image)).suffix]
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def as_json(value: object) -> str:
    """Return plain data as JSON on several lines, with sorted keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=2)
