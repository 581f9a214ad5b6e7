"""Where each image of a corpus ended on its way into a dataset: in a split, or at the step that left it out.

An image is a still, or a frame that was taken from a video. A video or still that gave none counts as one, so
that the ends of a dataset's plan add up to its rows.
"""

import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from deepfake import tables
from deepfake.layouts.media_types import IMAGE_TYPES, VIDEO_TYPES
from deepfake.layouts.service_files import service_part

SPLITS = tables.SPLITS
ENDS = {
    "unfit": "file not usable",
    "unreadable": "frame unreadable",
    "no_face": "no usable face",
    "crowd": "more faces than allowed",
    "duplicate": "near-duplicate",
    "unseen": "nobody recognisable",
    "bridge": "fake of people in two splits",
    "guard": "looks like someone in another split",
    "balance": "balance",
    "size": "over the size",
    "other": "other",
    **{split: split for split in SPLITS},
}
"""Ends in the order in which an image can meet them, with their names."""

STEPS = {"index": "unfit", "frames": "unreadable", "faces": "no_face"}
"""The end of a step that leaves something out before the plan."""

REASONS = {
    "more than max_faces": "crowd",
    "near-duplicate": "duplicate",
    "no face seen well enough": "unseen",
    "people: looks like": "guard",
    "its people": "bridge",
    "balance:": "balance",
    "over size_mb": "size",
}
"""A text in the reason of a row, and the end that it means, whatever the step."""

KEYS = ["dataset", "corpus", "class"]


class SumError(Exception):
    """Two counts of the same thing differ."""


def ends_of(plan: pd.DataFrame) -> pd.Series:
    """Return the end of each row of a plan, a key of ENDS; `plan` has the columns of tables.PLAN."""
    known = {reason: _end_of_reason(reason) for reason in plan["reason"].unique()}
    ends = plan["reason"].map(known)
    ends = ends.where(ends != "", plan["step"].map(STEPS).fillna("other"))
    return ends.where(plan["step"] != "", plan["split"])


def _end_of_reason(reason: str) -> str:
    return next((end for text, end in REASONS.items() if text in reason), "")


def count(dataset: str, plan: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each corpus and class of a plan: KEYS, `files`, `images`, each of ENDS, `files_kept`.

    Files are videos and stills; `files_kept` have at least one image in a split, and raise SumError if their
    images are in two.
    """
    table = plan.assign(
        dataset=dataset,
        end=ends_of(plan),
        **{"class": plan["label"].astype(str).map(tables.CLASSES).fillna("unknown")},
    )
    kept = table[table["end"].isin(SPLITS)]
    if len(torn := kept.groupby(["corpus", "video"])["end"].nunique().loc[lambda n: n > 1]):
        raise SumError(f"{dataset}: {torn.index[0]} has images in two splits")
    counts = (
        table.groupby([*KEYS, "end"]).size().unstack(fill_value=0).reindex(columns=list(ENDS), fill_value=0)
    )
    sizes = table.groupby(KEYS).agg(files=("video", "nunique"), images=("video", "size"))
    files_kept = kept.groupby(KEYS)["video"].nunique().rename("files_kept")
    whole = sizes.join(counts).join(files_kept).fillna({"files_kept": 0}).astype(int)
    order = {"real": 0, "fake": 1, "unknown": 2}
    return whole.reset_index().sort_values(KEYS, key=lambda c: c.map(order) if c.name == "class" else c)


def count_media(corpus: dict[str, Any]) -> int:
    """Return the number of videos and images in a corpus's archives or folder, by their endings alone.

    Hidden files and those of services, such as `__MACOSX/._a.jpg`, are none of the corpus.
    """
    if archives := corpus.get("archives"):
        names = [name for path in archives for name in zipfile.ZipFile(path).namelist()]
    else:
        folder = Path(corpus["folder"])
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    media = [name for name in names if Path(name).suffix.lower() in IMAGE_TYPES | VIDEO_TYPES]
    return sum(not service_part(name) for name in media)


def check(dataset: str, counts: pd.DataFrame, results: Path, media: dict[str, int]) -> None:
    """Raise SumError unless the counts of a dataset add up, at each of its corpora and on the disk.

    `media` is what count_media has found in each corpus; `results` is Snakemake's folder. What ended must be
    what went in: as many files as the corpus holds and as its index lists, and as many images as the table of
    faces has rows, plus the files that the index refused. What was kept must be on the disk.
    """
    for corpus, rows in counts.groupby("corpus"):
        index = pd.read_csv(results / f"index/{corpus}/videos.csv", **tables.AS_TEXT)
        refused = int((index["reason"] != "").sum())
        shards = sorted(index["shard"][index["reason"] == ""].unique())
        faces = [pd.read_csv(results / f"faces/{corpus}/{shard}.csv", **tables.AS_TEXT) for shard in shards]
        files, images = int(rows["files"].sum()), int(rows["images"].sum())
        _same(f"{dataset}: files of {corpus} that ended somewhere, and in the index", files, len(index))
        _same(f"{dataset}: files of {corpus} that ended somewhere, and in the corpus", files, media[corpus])
        _same(
            f"{dataset}: images of {corpus} that ended somewhere, and cut",
            images,
            sum(map(len, faces)) + refused,
        )
    _same(
        f"{dataset}: images and the sum of their ends", counts["images"].sum(), counts[list(ENDS)].sum().sum()
    )
    for split in SPLITS:
        for label, rows in counts.groupby("class"):
            folder = results / dataset / split / str(label)
            on_disk = sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0
            _same(f"{folder}: images in the plan, and on the disk", int(rows[split].sum()), on_disk)


def _same(what: str, one: int, other: int) -> None:
    if one != other:
        raise SumError(f"{what}: {one:,} and {other:,}")
