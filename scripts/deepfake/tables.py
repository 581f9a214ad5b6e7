"""The workflow's tables: their columns, their status values, and how they are read and written.

A table is a CSV file with a header. It is written whole or not at all, and equal rows give equal bytes.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from deepfake.files import new_file
from deepfake.names import escape_formula, unescape_formula

OK = "ok"
DAMAGED = "damaged"  # decoded, but the decoder had to make up parts of the image
MISSING = "missing"  # can't be decoded, or isn't an ordinary file
UNREADABLE = "unreadable"  # the whole video, or the whole still
NO_FACE = "no_face"
TOO_MANY_FACES = "too_many_faces"
FACE_OUTSIDE = "face_outside"  # nothing of the face's box lies in the frame

CLASSES = {"0": "real", "1": "fake"}
"""The name of each label, as tables hold labels."""

SPLITS = ("train", "val", "test")
"""The splits of a dataset, in order."""

INDEX = (
    "video shard kind archive member bytes crc32 frames_wanted frames_base segments"
    " mask_archive mask_member mask_crc32 label method target source original group family split"
    " attributes reason"
).split()
"""videos.csv, a row for each video. `kind` is "video", "image" (a still) or "sequence": a tar of stills, or a
folder of them, whose `member` ends with `/`. `frames_wanted` is the number of frames to take, "" if the
sampling strategy doesn't need one; `frames_base` of them are those that a video of the other class gives too.
`segments` are where a partial fake is fake, such as "0.5-1.25 3-4.1" in seconds (layouts.segments): its
frames are taken from there alone; "" for the whole video. `mask_archive` and `mask_member` are where the
corpus has the video's mask, where it has one and masks are wanted. `family` is that of the names in `target
source original group`, "" if it is the corpus's own. `attributes` is a JSON object of what else the corpus
says of the video. `reason` is why it can't be used, "" if it can."""

WARNING_FILE = "warning.txt"
"""A file beside videos.csv with a warning about the labels of a corpus; there is none without a warning."""

SHARD = (
    "video kind archive member bytes crc32 frames_wanted frames_base segments"
    " fakes_segments mask_archive mask_member mask_crc32 original"
).split()
"""The videos of one shard, with only the columns that their pixels depend on: to correct a label decodes
nothing again. `original` is the `video` of a fake's original, if that is in the shard, else "". Of an
original, `fakes_segments` are the `segments` of its partial fakes there, with ";" between two: where the
faces of fakes depend on those of originals, it gives frames from there too, at the indices of theirs."""

UNPACKED = "video file mask reason".split()
"""A row for each video of a shard: its unpacked `file`, or the `reason` why there is none, and its `mask`."""

FRAMES = (
    "image video frame time width height video_status phash bytes sha256 mask mask_sha256 status reason"
).split()
"""A row for each frame. `image` is its name in the tar, `frame` its index in presentation order, `time` in
seconds, `video_status` the state of its video (OK, or "damaged: 150 of 300 frames"). `mask` is the name in
the tar of the corpus's own mask of the frame. `status` is OK, DAMAGED or MISSING. A video without any frame
has one row, without `frame` and with status UNREADABLE; one that could not be read to its end has a last row
without `frame`, with status MISSING."""

FACES = (
    "image video frame time x y width height score faces counted found_by landmarks landmarker"
    " crop_x crop_y crop_side crop_angle filled sharpness phash bytes sha256"
    " mask mask_sha256 mask_from status reason"
).split()
"""A row for each row of FRAMES. `x y width height` is the box of the largest face, in frame pixels, and
`found_by` the detector that found it, or "original" for a fake's box that is its original's. `faces` is the
number of faces, `counted` in the whole "frame" or in the "window" that was searched. `landmarks` are the
face's points as "x y x y …", in frame pixels, in the order of the convention `landmarker`
(extraction.landmarks.CONVENTIONS). The crop is the square whose top-left corner is `crop_x crop_y`, whose
side is `crop_side`, in frame pixels, and which is turned by `crop_angle` degrees, clockwise; `filled` is the
share of it outside the frame, 0 to 1. `sharpness` is the variance of the Laplacian of the crop. `mask` is the
name of the crop's mask in the tar, and `mask_from` is "difference" or "corpus", or says why there is none;
"" where no masks are made. `status` is OK, NO_FACE, TOO_MANY_FACES, FACE_OUTSIDE, or the frame's own where
that isn't OK."""

EMBEDDINGS = "row video image frame quality status reason".split()
"""A row for each face crop that was looked at; `row` is its line in the array beside the table, from 0, and
`quality` that of its picture, 0 to 1. A crop that shows no face well enough has no `row`, and so has the one
row of a video without any crop: `status` says why, and `reason` more of it."""

GATHERED = (
    "corpus video frame label method target source original group split shard image bytes sha256"
    " phash mask mask_sha256 attributes step reason"
).split()
"""A row for each image of a dataset's corpora, and for each video without one (`frame` -1). `split` is the
corpus's official one. `target source original group` begin with the family of their corpus (`ffpp/000`), so
that corpora which share names share them here too. `mask` is the name in the tar of the image's mask. `step`
is the step that left the image out, if any."""

PLAN = ["file_name", *GATHERED]
"""GATHERED, with the `split` of the dataset and the image's `file_name` in it; both "" if it is left out."""

PEOPLE = (
    "corpus video label split person target source apart half halves_distance other other_distance"
    " nearest distance across across_distance reason"
).split()
"""A row for each video of a plan with usable images. `split` is "" if none of its images is in the dataset;
`reason` says why people keep it out, "" if they don't. `person` is who its face is: the name
(`<corpus>/<video>`) of the first video of the same person, "" where its face is unknown; of a fake that looks
like nobody, its own. `target` and
`source` are the names that its corpus gives. `apart` is the distance between its face and those of the
person's other videos, on average, "" where there are none. `half`, 1 or 2, is the half of the person's videos
that it is in, of those that average linkage joined last, at `halves_distance`: just below the limit `link` it
is a link barely made. `other` is the person who is most like this one, and `other_distance` the mean distance
between both: just above `link` it is a link barely not made (people.doubts). `nearest` (`<corpus>/<video>`)
is the video of another person whose face is nearest, and `distance` how far that is. `across` is the nearest
video of another split, or the one that `reason` is about, and `across_distance` how far that is."""

METADATA = "file_name label corpus video frame method target source original group split sha256 phash".split()
"""The first columns of a dataset's metadata.csv, a row for each image. MASK follows where there are masks,
and then one column for each attribute."""

MASK = "mask"
"""The column of metadata.csv with the path of an image's mask in the dataset, "" for an image without one."""


AS_TEXT = {"dtype": str, "keep_default_na": False, "encoding_errors": "backslashreplace"}
"""Options of pandas.read_csv for tables whose rows go into datasets. Names of files may hold bytes that
aren't UTF-8; the tables of datasets may not. The apostrophe before what may be a formula (see write_rows) is
kept, since datasets are opened in spreadsheets too."""

FORMULA_STARTS = frozenset("'=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # of all that escape_formula changes


def read_rows(path: str | Path) -> list[dict[str, str]]:
    """Return the rows of a table of `write_rows`, with every value as a string."""
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for column, value in row.items():
            if isinstance(value, str) and value.startswith("'"):
                row[column] = unescape_formula(value)
    return rows


def write_rows(path: str | Path, columns: Sequence[str], rows: Iterable[dict], exact: bool = False) -> None:
    """Write `rows` as a table of exactly these `columns`; a value that a row lacks is left empty.

    Text that a spreadsheet might run as a formula has an apostrophe before it, which `read_rows` removes;
    unless `exact`, for a table that somebody else prescribes. Raises ValueError if a row has another column.
    """
    with (
        new_file(path) as part,
        open(part, "w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        # Python's csv leaves a carriage return unquoted, which then ends the line for whoever reads it.
        form = {"fieldnames": columns, "restval": "", "extrasaction": "raise", "lineterminator": "\n"}
        plain, quoted = csv.DictWriter(file, **form), csv.DictWriter(file, **form, quoting=csv.QUOTE_ALL)
        plain.writeheader()
        for row in rows:
            texts = [value for value in row.values() if type(value) is str]
            if not exact and any(text[:1] in FORMULA_STARTS for text in texts):
                row = {k: escape_formula(v) if isinstance(v, str) else v for k, v in row.items()}
            (quoted if any("\r" in text for text in texts) else plain).writerow(row)
