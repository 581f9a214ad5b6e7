"""Videos of FaceForensics++, Celeb-DF and others inside a corpus that was made from them.

Their rows have the names that the corpus's own layout gives, and its family, so that a person is the same in
both.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from deepfake.layouts import celebdf, deeperforensics, faceforensics, uadfv
from deepfake.layouts.entries import BY_PATH, Corpus, Entry, Video
from deepfake.layouts.faceforensics import YOUTUBE_ID, youtube_groups

FFPP, CELEBDF, DFDC = "ffpp", "celebdf", "dfdc"
"""The families of their layouts."""

READERS: dict[str, tuple[Callable[[Corpus], list[Video]], str]] = {
    "faceforensics": (faceforensics.read, FFPP),
    "celebdf": (celebdf.read, CELEBDF),
    "deeperforensics": (deeperforensics.read, FFPP),
    "uadfv": (uadfv.read, "uadfv"),
}
"""By layout, its reader and its family."""


def read_as(layout: str, corpus: Corpus, media: Iterable[Entry]) -> dict[Entry, Video]:
    """Return the rows of some files as a layout of READERS reads them, with its family, by file."""
    reader, family = READERS[layout]
    wanted = set(media)
    rows = reader(replace(corpus, media=sorted(wanted, key=BY_PATH)))
    return {row.entry: replace(row, family=family) for row in rows if row.entry in wanted}


def with_youtube_groups(rows: list[Video]) -> list[Video]:
    """Return the rows, those of FaceForensics++'s YouTube videos and of fakes of them in joint groups.

    An image that shows nobody of them keeps the id as its group, with which a plan joins all videos of that
    person.
    """
    shown = {
        number
        for number, row in enumerate(rows)
        if row.family == FFPP and not row.problem and YOUTUBE_ID.fullmatch(row.target)
    }
    groups = youtube_groups(rows[number] for number in shown)
    return [
        replace(row, group=groups[row.target]) if number in shown else row for number, row in enumerate(rows)
    ]
