"""The edit lists of MP4 and QuickTime files, read before FFmpeg expands them.

An edit list says which parts of a track are shown, in what order. FFmpeg makes an entry of its index for
every frame of every edit, so that a file of 65 kB can take all memory. Format: ISO/IEC 14496-12, 8.6.6 and
8.7.3.2.
"""

import os
import struct
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

import numpy as np

from deepfake.extraction.limits import check_limit
from deepfake.files import open_regular

BOXES = 10_000  # of one box; a file of fragments has two for each of them, and its `moov` comes before these
EDITS = {
    0: np.dtype([("duration", ">u4"), ("start", ">i4"), ("rate", ">u4")]),
    1: np.dtype([("duration", ">u8"), ("start", ">i8"), ("rate", ">u4")]),
}
"""The entries of an edit list, by the version of its box; a start of -1 shows nothing."""

Span = tuple[int, int]
"""Where the body of a box starts and ends in the file."""


def check_edit_lists(path: str | Path, limits: dict) -> None:
    """Raise LimitExceeded where the edits of a track show more frames than `limits["packets"]`.

    A file of another format, or one that is damaged, passes. A crafted one may show more frames than its
    header lets expect: what then stops FFmpeg is the memory of the worker process.
    """
    with BufferedReader(open_regular(path)) as file:
        size = os.fstat(file.fileno()).st_size
        for moov in _boxes(file, (0, size), b"moov"):
            movie_scale, _ = _times(file, moov, [b"mvhd"])
            for trak in _boxes(file, moov, b"trak"):
                for elst in _at(file, trak, [b"edts", b"elst"]):
                    parts = _count(file, elst, 4)
                    if parts > 1:
                        shown = _shown(file, trak, elst, movie_scale, limits["packets"])
                        check_limit("packets", shown, f"packets (an edit list of {parts} parts)", limits)


def _shown(file: BufferedReader, trak: Span, elst: Span, movie_scale: int, most: int) -> int:
    """Return how many frames the edit list of a track shows, by its durations; at least one for each part."""
    scale, duration = _times(file, trak, [b"mdia", b"mdhd"])
    tables = (_at(file, trak, [b"mdia", b"minf", b"stbl", name]) for name in (b"stsz", b"stz2"))
    frames = max((_count(file, table, 8) for some in tables for table in some), default=0)
    parts, dtype = _count(file, elst, 4), EDITS[min(_bytes(file, elst, 0, 1), 1)]
    if parts > most:
        return parts
    file.seek(elst[0] + 8)
    data = file.read(min(parts * dtype.itemsize, elst[1] - elst[0]))
    edits = np.frombuffer(data[: len(data) // dtype.itemsize * dtype.itemsize], dtype)
    edits = edits[edits["start"] != -1]
    seconds = edits["duration"].astype(float) / max(movie_scale, 1)
    whole = duration / max(scale, 1)
    shares = np.where(
        (seconds == 0) | (seconds > whole), 1, seconds / max(whole, 1e-9)
    )  # 0: all that follows
    return int(parts + frames * shares.sum())


def _times(file: BufferedReader, inside: Span, path: list[bytes]) -> tuple[int, int]:
    """Return the time scale, in ticks a second, and the duration that a header box declares; else zeros."""
    for box in _at(file, inside, path):
        is_long = _bytes(file, box, 0, 1) == 1
        return _bytes(file, box, 20 if is_long else 12, 4), _bytes(
            file, box, 24 if is_long else 16, 8 if is_long else 4
        )
    return 0, 0


def _at(file: BufferedReader, inside: Span, path: list[bytes]) -> Iterator[Span]:
    """Yield the boxes at `path`, the names of nested boxes, inside another."""
    for box in _boxes(file, inside, path[0]):
        if path[1:]:
            yield from _at(file, box, path[1:])
        else:
            yield box


def _count(file: BufferedReader, table: Span, offset: int) -> int:
    """Return the number of entries of a table, which stands at `offset` in the body of its box."""
    return _bytes(file, table, offset, 4)


def _bytes(file: BufferedReader, box: Span, offset: int, size: int) -> int:
    file.seek(box[0] + offset)
    return int.from_bytes(file.read(size), "big")


def _boxes(file: BufferedReader, inside: Span, wanted: bytes) -> Iterator[Span]:
    """Yield the boxes of a kind in a part of the file."""
    start, end = inside
    for _ in range(BOXES):
        if start + 8 > end:
            return
        file.seek(start)
        header = file.read(16)
        if len(header) < 8:  # the file has become shorter
            return
        size, kind = struct.unpack(">I4s", header[:8])
        body = start + 8
        if size == 1 and len(header) == 16:  # a size of 64 bits follows
            size, body = int.from_bytes(header[8:], "big"), start + 16
        elif size == 0:  # to the end of the file
            size = end - start
        if size < body - start:
            return
        if kind == wanted:
            yield body, min(start + size, end)
        start += size
