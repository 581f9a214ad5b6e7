"""splits.csv: which video of a dataset is in which split, in a form that can be published.

    corpus,video,label,split,images,frames,sha256,file,bytes,crc32
    dfdc,aagfhgtpmv,1,train,2,0 150,5f2c…,dfdc_train_part_0/aagfhgtpmv.mp4,3120943,8d1c5b2f

A row is a video or a still. `frames` are the numbers of its images in the dataset, `images` how many these
are, and `sha256` a digest of their bytes. `file`, `bytes` and `crc32` are those of its file in the corpus.
There are names and digests, no pixels and no faces.

A table of two columns is read too: `video` or `file`, and `split`.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from deepfake.console import printable
from deepfake.errors import UserError
from deepfake.files import read_regular
from deepfake.layouts.shared import SPLITS
from deepfake.names import unescape_formula
from deepfake.text_files import decode_text, find_column, read_cells

COLUMNS = "corpus video label split images frames sha256 file bytes crc32".split()
DIGESTED = COLUMNS[:7]
"""The columns that say what the dataset is; the others say what it was made from."""

NAMES = {"video": ("video",), "file": ("file", "path", "filename", "file_name")}
"""The columns that name a video, by what they hold."""

FRAMES = re.compile(r"[0-9]{1,10}(?: [0-9]{1,10})*")
LONGEST = 200  # characters of a name in an error


class Line(NamedTuple):
    """A line of a splits.csv; what it doesn't say is "". `frames` is None where all images are meant."""

    number: int
    video: str
    file: str
    split: str
    corpus: str = ""
    label: str = ""
    frames: frozenset[int] | None = None
    sha256: str = ""
    bytes: str = ""
    crc32: str = ""

    @property
    def name(self) -> str:
        """The video or the file, for a message."""
        return printable("/".join(filter(None, (self.corpus, self.video or self.file))))[:LONGEST]


def asked_fractions(splits: dict) -> dict[str, float]:
    """Return the fractions that a dataset's splits were to be, from `splits` of its section.

    Splits of a file have those of its recipe, or none: {}.
    """
    return splits.get("fractions", {}) if "from" in splits else splits


def splits_table(rows: pd.DataFrame, index: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return COLUMNS of a dataset, all text, ordered by corpus and video.

    `rows` are those of tables.PLAN for the dataset's images. `index` has corpus, video, member, bytes and
    crc32 of their videos; without it only DIGESTED is returned.
    """
    images = rows[["corpus", "video", "label", "split", "sha256"]].assign(
        number=pd.to_numeric(rows["frame"]), mask=rows.get("mask_sha256", "")
    )
    images = images.sort_values(["corpus", "video", "number"])
    found = []
    for _, part in groupby(images.itertuples(index=False), lambda image: (image.corpus, image.video)):
        of_video = list(part)
        first = of_video[0]
        found.append(
            {
                "corpus": first.corpus,
                "video": first.video,
                "label": str(first.label),
                "split": first.split,
                "images": str(len(of_video)),
                "frames": " ".join(str(image.number) for image in of_video),
                "sha256": images_digest((image.number, image.sha256, image.mask) for image in of_video),
            }
        )
    table = pd.DataFrame(found, columns=DIGESTED, dtype=str)
    if index is None:
        return table
    files = index[["corpus", "video", "member", "bytes", "crc32"]].rename(columns={"member": "file"})
    files = files.assign(file=files["file"].str.lstrip("/")).astype(str)
    return table.merge(files, on=["corpus", "video"], how="left").fillna("")[COLUMNS]


def images_digest(images: Iterable[tuple[int, str, str]]) -> str:
    """Return a digest of a video's images, given as frame, SHA-256 and that of its mask or "", in order.

    It is the SHA-256 of the lines `<frame> <SHA-256>`, or `<frame> <SHA-256> <SHA-256 of the mask>`.
    """
    digest = hashlib.sha256()
    for frame, sha256, mask in images:
        digest.update(" ".join(filter(None, (str(frame), sha256, mask))).encode() + b"\n")
    return digest.hexdigest()


def splits_digest(table: pd.DataFrame) -> str:
    """Return the digest of a dataset's splits, the SHA-256 of DIGESTED of its splits.csv as text.

    `cut -d, -f1-7 splits.csv | sha256sum` gives the same.
    """
    text = table[DIGESTED].to_csv(index=False, lineterminator="\n")
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def read_splits(path: str | Path) -> list[Line]:
    """Return the lines of a splits.csv, or of a table with the columns video (or file) and split alone.

    Any delimiter and encoding of spreadsheets, any case of the columns and the usual synonyms of the splits
    are read. Raises UserError, naming file and line, for what can't be understood.
    """
    try:
        text = decode_text(read_regular(path), str(path))
    except OSError as error:
        raise UserError(f"{path}: can't be read as a csv of splits: {error}") from None
    cells = read_cells(text, str(path), COLUMNS)
    _, header = next(cells, (0, []))
    places = _columns(str(path), header)
    lines = [_line(path, number, row, places, len(header)) for number, row in cells]
    if not lines:
        raise UserError(f"{path}: has no rows; write a line such as aagfhgtpmv,train for each video")
    return lines


def digest_of_lines(lines: list[Line]) -> str:
    """Return the digest that `splits_digest` gives for the table that these lines are, in whatever order."""
    rows = [
        {name: getattr(line, name) for name in ("corpus", "video", "label", "split", "sha256")}
        | {"images": str(len(line.frames or ())), "frames": " ".join(map(str, sorted(line.frames or ())))}
        for line in lines
    ]
    return splits_digest(pd.DataFrame(rows).sort_values(["corpus", "video"]))


def _columns(path: str, header: list[str]) -> dict[str, int]:
    """Return the position of each column that is there."""
    places = {name: at for name in COLUMNS if (at := find_column(header, name)) is not None}
    for name, synonyms in NAMES.items():
        found = [at for synonym in synonyms if (at := find_column(header, synonym)) is not None]
        places |= {name: found[0]} if found else {}
    if "split" not in places or not places.keys() & NAMES.keys():
        shown = printable(", ".join(header))[:LONGEST] or "none"
        raise UserError(
            f"{path}: its columns are {shown}; write a first line with `video` (or `file`) and `split`, such "
            "as video,split"
        )
    return places


def _line(path: str | Path, number: int, cells: list[str], places: dict[str, int], length: int) -> Line:
    if len(cells) > length and any(cell.strip() for cell in cells[length:]):
        raise UserError(f"{path}, line {number}: {len(cells)} cells for {length} columns")

    def cell(name: str) -> str:
        at = places.get(name, len(cells))
        return unescape_formula(cells[at].strip()) if at < len(cells) else ""

    video, file, split = cell("video"), cell("file"), cell("split")
    if not video and not file:
        raise UserError(f"{path}, line {number}: it names no video and no file")
    if split.lower() not in SPLITS:
        shown = printable(split)[:LONGEST]
        raise UserError(f"{path}, line {number}: {shown!r} is no split; write train, val or test")
    frames = None
    if "frames" in places:
        if not FRAMES.fullmatch(cell("frames")):
            raise UserError(
                f"{path}, line {number}: `frames` is {printable(cell('frames'))[:LONGEST]!r}; write numbers "
                "with spaces between them, or leave the column out to take every image"
            )
        frames = frozenset(map(int, cell("frames").split()))
    known = {name: cell(name) for name in ("corpus", "label", "sha256", "bytes", "crc32")}
    return Line(number, video, file, SPLITS[split.lower()], frames=frames, **known)


def contradictions(lines: Iterable[tuple[Line, tuple[str, str]]]) -> Iterator[str]:
    """Yield a text for each video, by corpus and name, that two lines put into two splits."""
    seen: dict[tuple[str, str], Line] = {}
    for line, video in lines:
        first = seen.setdefault(video, line)
        if first.split != line.split:
            yield (
                f"lines {first.number} and {line.number} put {'/'.join(video)} into {first.split} and "
                f"{line.split}"
            )
