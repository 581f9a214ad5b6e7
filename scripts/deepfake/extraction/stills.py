"""Read the stills of an image corpus, or of a tar or folder of stills, where they are, not unpacked."""

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from deepfake.console import log
from deepfake.corpora.archives import MemberError
from deepfake.corpora.frame_folders import folder_member
from deepfake.corpora.sources import Source, check_crc32
from deepfake.extraction.sampling import sample_indices
from deepfake.extraction.sequences import open_sequence
from deepfake.layouts.entries import Entry
from deepfake.tables import MISSING, OK, UNREADABLE


def read_stills(video: dict[str, str], source: Source, cfg: dict) -> Iterator[tuple[dict, bytes]]:
    """Yield a row (video, frame, time, status, reason) and the file's bytes for each still.

    `video` is a row of tables.SHARD. A still is frame 0 of itself. Of a tar or a folder of frames, the stills
    are sampled by `cfg`, the `frames` section of the config, and `frame` counts all its stills in natural
    order. A still that can't
    be read has no bytes, and a row whose status isn't OK. Whether the bytes are an image is not checked.
    """
    try:
        if video["kind"] == "image":
            data = source.read(video["archive"], video["member"])
            check_crc32(zlib.crc32(data), video)
            yield _row(video, 0), data
        elif video["member"].endswith("/"):
            yield from _read_folder(video, source, cfg)
        else:
            yield from _read_sequence(video, source, cfg)
    except MemberError as error:
        yield row_without_image(video["video"], UNREADABLE, str(error)), b""


def row_without_image(video: str, status: str, reason: str, **known: object) -> dict:
    """Return the row of a frame, or of a whole video, that gives no image."""
    return {"video": video, "status": status, "reason": reason, **known}


def _read_sequence(video: dict[str, str], source: Source, cfg: dict) -> Iterator[tuple[dict, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "sequence.tar")
        check_crc32(source.extract(video["archive"], video["member"], copy), video)
        with open_sequence(copy, source.limits) as sequence:
            for note in sequence.notes:
                log.warning("%s: %s", video["video"], note)
            if not sequence.names:
                raise MemberError("no stills in it")
            for frame in _sample(len(sequence.names), video, cfg):
                try:
                    yield _row(video, frame), sequence.read(frame)
                except MemberError as error:
                    yield row_without_image(video["video"], MISSING, str(error), frame=frame), b""


def _read_folder(video: dict[str, str], source: Source, cfg: dict) -> Iterator[tuple[dict, bytes]]:
    folder = Entry(video["archive"], video["member"].rstrip("/"))
    stills = source.frames(folder.archive, folder.path)
    check_crc32(folder_member(folder, stills).crc32, video)
    for frame in _sample(len(stills), video, cfg):
        try:
            yield _row(video, frame), source.read(folder.archive, stills[frame].path)
        except MemberError as error:
            yield row_without_image(video["video"], MISSING, str(error), frame=frame), b""


def _sample(stills: int, video: dict[str, str], cfg: dict) -> list[int]:
    return sample_indices(stills, cfg, video["video"], video["frames_wanted"], video["frames_base"])


def _row(video: dict[str, str], frame: int) -> dict:
    return {"video": video["video"], "frame": frame, "time": "", "status": OK, "reason": ""}
