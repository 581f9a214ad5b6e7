"""What the checks of an audit look at: the files of a dataset, its rows, and its section of the config."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from deepfake.audit.faces import FaceEvidence
from deepfake.audit.files import StoredFile
from deepfake.plan.links import Pair
from deepfake.tables import SPLITS


@dataclass(frozen=True)
class Evidence:
    """What the checks look at: the dataset's section of the config, and the contents of its folder.

    `rows` are those of metadata.csv, all text, ordered by file_name. `files` are the regular files, and
    `others` says what everything else in the folder is. `checksums` are the (name, SHA-256) of SHA256SUMS,
    and `checksum_problems` what is wrong with that file itself. `same_identity` are pairs of people or videos
    known to be the same person. `provenance` is what is wrong with the records of what the dataset, and all
    that it was made from, was made with; None if there are no records. `faces` is what is known of the people
    by their faces; None if the dataset goes by names.
    """

    cfg: dict
    rows: pd.DataFrame
    files: dict[str, StoredFile]
    others: dict[str, str]
    checksums: list[tuple[str, str]]
    checksum_problems: list[str]
    same_identity: list[Pair]
    provenance: list[str] | None = None
    faces: FaceEvidence | None = None


def of_files(e: Evidence, attribute: str) -> pd.Series:
    """Return an `attribute` of StoredFile for each row, "" where there is no such file."""
    return e.rows["file_name"].map(lambda name: getattr(e.files[name], attribute) if name in e.files else "")


def sort_splits(splits: Iterable[str]) -> list[str]:
    """Return the distinct splits: train, val and test first, any others after them."""
    return sorted(set(splits), key=lambda s: (SPLITS.index(s) if s in SPLITS else len(SPLITS), s))
