"""The stills of an image corpus, or of a tar of stills, read where they lie: nothing is unpacked for them."""

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from deepfake.corpora.archives import MemberError
from deepfake.corpora.sources import Folder, Zips, check_crc32
from deepfake.extraction.sampling import wanted_frames
from deepfake.extraction.sequences import open_sequence
from deepfake.tables import MISSING, OK, UNREADABLE


def stills_of(video: dict[str, str], source: Folder | Zips, cfg: dict) -> Iterator[tuple[dict, bytes]]:
    """Rows (video, frame, time, status, reason), each with the still's bytes as they lie in the corpus.

    `video` is a row of tables.SHARD. A still is frame 0 of itself; of a tar those stills are taken that
    `cfg`, the `frames` section, says, and `frame` counts the tar's stills in natural order. What can't be
    read is a row whose `status` isn't "ok", without bytes; whether the bytes are an image is for the reader
    to see.
    """
    try:
        if video["kind"] == "image":
            data = source.read(video["archive"], video["member"])
            check_crc32(zlib.crc32(data), video)
            yield _row(video, 0), data
        else:
            yield from _stills_of_sequence(video, source, cfg)
    except MemberError as error:
        yield no_image(video["video"], UNREADABLE, str(error)), b""


def no_image(video: str, status: str, reason: str, **known: object) -> dict:
    """A row for a frame, or a whole video, of which there is no image."""
    return {"video": video, "status": status, "reason": reason, **known}


def _stills_of_sequence(
    video: dict[str, str], source: Folder | Zips, cfg: dict
) -> Iterator[tuple[dict, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "sequence.tar")
        check_crc32(source.extract(video["archive"], video["member"], place), video)
        with open_sequence(place, source.limits) as sequence:
            if not sequence.names:
                raise MemberError("no stills in it")
            for frame in wanted_frames(len(sequence.names), cfg, video["video"], video["frames_wanted"]):
                try:
                    yield _row(video, frame), sequence.read(frame)
                except MemberError as error:
                    yield no_image(video["video"], MISSING, str(error), frame=frame), b""


def _row(video: dict[str, str], frame: int) -> dict:
    return {"video": video["video"], "frame": frame, "time": "", "status": OK, "reason": ""}
