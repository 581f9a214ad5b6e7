"""The workflow's tables: CSV files with a header, whole or absent, the same bytes for the same rows."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from deepfake.files import new_file

INDEX = (
    "video shard media archive member bytes crc32 frames_wanted label method target source original group"
    " split attributes reason"
).split()
"""videos.csv, a row a video: `reason` is empty where it can be used, and says why where it can't. `media` is
"video", "image" (a still) or "sequence" (a tar of stills); `frames_wanted` how many frames it gives, "" where
the strategy alone says so; `attributes` what else the corpus says of it, as JSON."""

SHARD = "video media archive member bytes crc32 frames_wanted".split()
"""The videos of one shard, and only what their pixels depend on: a corrected label decodes nothing again."""

UNPACKED = "video file reason".split()
"""What `unpack` made of each video of a shard: `file` in its folder, or the reason why there is none."""

FRAMES = "image video frame time width height clip phash bytes sha256 status reason".split()
"""A row a frame. `image` is its name in the tar, `frame` its index in presentation order, `time` in
seconds, `clip` what became of the clip it comes from ("ok", or "damaged: 150 of 300 frames"). `status` is
"ok", "damaged" (decoded, but the decoder had to make parts up) or "missing"; the one row of a clip without
any frame has no `frame` and status "unreadable"."""

FACES = (
    "image video frame time x y width height score faces counted crop_x crop_y crop_side sharpness"
    " phash bytes sha256 status reason"
).split()
"""A row for each row of the frames' table. `x y width height` is the box of the largest face and
`crop_x crop_y crop_side` the square cut out, in frame pixels; `faces` how many there are, `counted` on the
whole "frame" or in the "window" searched; `sharpness` the variance of the Laplacian of the crop. `status`
is "ok", "no_face", "too_many_faces", or the frame's own where that wasn't "ok"."""

GATHERED = (
    "corpus video frame label method target source original group split shard image bytes sha256"
    " phash attributes step reason"
).split()
"""A row for each image of a dataset's corpora and for each video without one (`frame` -1); `split` is the
corpus's own. `target source original group` carry the family of their corpus (`ffpp/000`), so that a name is
the same in all corpora that share it. `step` is where it was left out, "" where it was not."""

PLAN = ["file_name", *GATHERED]
"""GATHERED, with the `split` of the dataset, "" for what is left out, and the image's `file_name` in it."""


def read_rows(path: str | Path) -> list[dict[str, str]]:
    """The rows of a table, every value a string."""
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def write_rows(path: str | Path, columns: Sequence[str], rows: Iterable[dict]) -> None:
    """Write `rows` as a table of just these `columns`; a value that a row lacks is left empty."""
    with (
        new_file(path) as part,
        open(part, "w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        writer = csv.DictWriter(file, columns, restval="", extrasaction="raise", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
