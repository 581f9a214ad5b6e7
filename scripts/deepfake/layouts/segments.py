"""The segments of a partial fake: where its picture is fake, in seconds from its first frame.

In tables they are text such as `0.5-1.25 3-4.1`: 3 is in the second one, 4.1 no longer. No segment means the
whole video.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping

Segments = tuple[tuple[float, float], ...]

MAX_SECONDS = 1e6  # no video is longer; a time in milliseconds or frames often is
MAX_TEXT = 100_000  # characters of a cell
NUMBER = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
SEGMENT = re.compile(rf"{NUMBER}\s*-\s*{NUMBER}(?:[\s,;]+|$)")
EXPECTED = "such as 0.5-1.25 3-4.1, in seconds"


def parse_segments(text: str) -> Segments:
    """Return the segments of a text such as `0.5-1.25 3-4.1` or `[[0.5, 1.25], [3, 4.1]]`; () for "".

    Raises ValueError, saying why, for any other text.
    """
    text = text.strip()
    if not text:
        return ()
    if len(text) > MAX_TEXT:
        raise ValueError(f"more than {MAX_TEXT} characters")
    if text.startswith("["):
        try:
            pairs = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError(f"not a list of segments {EXPECTED}") from None
        return clean_segments(pairs)
    pairs, at = [], 0
    while at < len(text):
        match = SEGMENT.match(text, at)
        if not match:
            raise ValueError(f"not a list of segments {EXPECTED}")
        pairs.append([float(match[1]), float(match[2])])
        at = match.end()
    return clean_segments(pairs)


def clean_segments(pairs: object) -> Segments:
    """Return pairs [start, end] of numbers, sorted; those that overlap or touch become one.

    Times are rounded to microseconds. A segment of no length holds no frame, and is left out if there are
    others. Raises ValueError, saying why, for what is no list of such pairs.
    """
    if not isinstance(pairs, list):
        raise ValueError(f"not a list of segments {EXPECTED}")
    found = sorted(_segment(pair) for pair in pairs)
    found = [pair for pair in found if pair[0] < pair[1]] or found[:1]
    merged: list[tuple[float, float]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def segments_of_fake(record: Mapping, key: str) -> Segments:
    """Return the segments that a label file's record of a partial fake has under `key`, at least one.

    Raises ValueError, saying why, where there are none, or for what is no list of segments.
    """
    try:
        segments = clean_segments(record.get(key))
    except ValueError as error:
        raise ValueError(f"its {key}: {error}") from None
    if not segments:
        raise ValueError(f"fake, but without {key}")
    return segments


def _segment(pair: object) -> tuple[float, float]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise ValueError(f"not a list of segments {EXPECTED}")
    for value in pair:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{value!r:.50} is no time in seconds")
        if not 0 <= value <= MAX_SECONDS:
            raise ValueError(f"{value!r:.50} is no time in seconds from the video's first frame")
    start, end = (round(float(value), 6) for value in pair)
    if end < start:
        raise ValueError(f"the segment {_number(start)}-{_number(end)} ends before it starts")
    return start, end


def format_segments(segments: Iterable[tuple[float, float]]) -> str:
    """Return segments as text that `parse_segments` reads."""
    return " ".join(f"{_number(start)}-{_number(end)}" for start, end in segments)


def _number(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")
