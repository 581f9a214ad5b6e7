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

from deepfake.extraction.limits import check_limit
from deepfake.files import open_regular

BOXES = 10_000  # of one box; a file of fragments has two for each of them, and its `moov` comes before these
TABLES = {b"elst": 4, b"stsz": 8, b"stz2": 8}
"""Where the number of entries stands in the body of a box, after its version and flags (4 bytes)."""


def check_edit_lists(path: str | Path, limits: dict) -> None:
    """Raise LimitExceeded where the edits of a track could show more frames than `limits["packets"]`.

    A file of another format, or one that is damaged, passes.
    """
    with BufferedReader(open_regular(path)) as file:
        size = os.fstat(file.fileno()).st_size
        for moov in _bodies(file, 0, size, b"moov"):
            for trak in _bodies(file, *moov, b"trak"):
                edits = _count(file, *trak, [b"edts", b"elst"])
                if edits < 2:
                    continue
                frames = max(
                    _count(file, *trak, [b"mdia", b"minf", b"stbl", table]) for table in (b"stsz", b"stz2")
                )
                unit = f"packets (an edit list of {edits} parts, a track of {frames} frames)"
                check_limit("packets", edits * frames, unit, limits)


def _bodies(file: BufferedReader, start: int, end: int, wanted: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the bodies of the boxes of a kind start and end, between `start` and `end`."""
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


def _count(file: BufferedReader, start: int, end: int, path: list[bytes]) -> int:
    """Return the largest number of entries of the tables at `path` in a box; 0 if there is none."""
    counts = [0]
    for body, stop in _bodies(file, start, end, path[0]):
        if path[1:]:
            counts.append(_count(file, body, stop, path[1:]))
        else:
            file.seek(body + TABLES[path[0]])
            counts.append(int.from_bytes(file.read(4), "big"))
    return max(counts)
