"""MP4 files whose edit list is another: what a trim by stream copy writes, and what an attacker may."""

import struct
from collections.abc import Sequence

CONTAINERS = {b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl"}


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def with_edits(data: bytes, edits: Sequence[tuple[int, int]]) -> bytes:
    """Return an MP4 with the edit list of its first track replaced.

    An edit is a duration, in the movie's time scale, and the media time at which it begins, in the track's.
    The index (moov) has to follow the pictures, so that no offset in it changes.
    """
    entries = b"".join(struct.pack(">Iihh", duration, time, 1, 0) for duration, time in edits)
    edts = box(b"edts", box(b"elst", struct.pack(">II", 0, len(edits)) + entries))
    return _replaced(data, edts, [False])


def _replaced(data: bytes, edts: bytes, done: list[bool]) -> bytes:
    out, at = b"", 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + size]
        if kind == b"edts":
            pass
        elif kind == b"mdia" and not done[0]:
            out += edts + box(kind, body)
            done[0] = True
        elif kind in (b"moov", b"trak"):
            out += box(kind, _replaced(body, edts, done))
        else:
            out += data[at : at + size]
        at += size
    return out


def time_scales(data: bytes) -> tuple[int, int]:
    """Return the time scales of the movie and of its first track, in ticks a second."""
    movie, media = data.index(b"mvhd"), data.index(b"mdhd")
    return tuple(int.from_bytes(data[at + 16 : at + 20], "big") for at in (movie, media))
