"""How much is known of the people and originals of a dataset, and how that is said.

What nothing is known of can't be kept apart, and can't be checked. It is called unknown, never passed.
"""

from collections.abc import Collection

import pandas as pd

from deepfake.plan.links import Pair
from deepfake.plan.people import people_of_rows

KINDS = ("people", "originals")
"""What count_known counts, in the order in which it is said."""


def people_known(rows: pd.DataFrame, same_identity: list[Pair], families: dict[str, str]) -> pd.Series:
    """Return of each row whether somebody in it is known, bool.

    That is so where the corpus names the target or the source, or a pair of `same_identity` is about the
    row's people or its video; see people.people_of_rows for the arguments.
    """
    return pd.Series(rows.index.isin(people_of_rows(rows, same_identity, families).index), rows.index)


def corpora_known(
    gathered: pd.DataFrame,
    same_identity: list[Pair],
    families: dict[str, str],
    faces: Collection[tuple[str, str]] = (),
) -> pd.Series:
    """Return of each corpus with usable images (tables.GATHERED) whether anybody in it is known, bool.

    `faces` are the corpus and the video of each video whose face is known.
    """
    videos = gathered[gathered["step"] == ""].drop_duplicates(["corpus", "video"])
    known = people_known(videos, same_identity, families) | _face_known(videos, faces)
    return known.groupby(videos["corpus"]).any()


def originals_known(rows: pd.DataFrame) -> pd.Series:
    """Return of each row whether its original or its group is known, bool."""
    return (rows["original"] != "") | (rows["group"] != "")


def count_known(
    rows: pd.DataFrame,
    same_identity: list[Pair],
    families: dict[str, str],
    faces: Collection[tuple[str, str]] = (),
) -> dict[str, int]:
    """Return for each of KINDS the number of images (`rows`) of which it is known; `faces` as above."""
    people = people_known(rows, same_identity, families) | _face_known(rows, faces)
    known = people, originals_known(rows)
    return {kind: int(values.sum()) for kind, values in zip(KINDS, known, strict=True)}


def _face_known(rows: pd.DataFrame, faces: Collection[tuple[str, str]]) -> pd.Series:
    faces = set(faces)
    return pd.Series(
        [name in faces for name in zip(rows["corpus"], rows["video"], strict=True)], rows.index, bool
    )


def describe_known(what: str, known: int, images: int) -> str:
    """Return a short text such as "people: unknown", where `known` is a number of all the `images`.

    Shares are rounded, but never to nothing or to all.
    """
    if not known:
        return f"{what}: unknown"
    if known >= images:
        return f"{what}: known for all images"
    percent = 100 * known / images
    share = "less than 1" if percent < 1 else "more than 99" if percent > 99 else f"{percent:.0f}"
    return f"{what}: known for {share} % of images"


def describe_all_known(known: dict[str, int], images: int) -> str:
    """Return describe_known's texts for KINDS, with semicolons; `known` is the result of count_known."""
    return "; ".join(describe_known(kind, known[kind], images) for kind in KINDS)


def warn_of_unknown_people(dataset: str, policy: str, known: pd.Series) -> str:
    """Return a warning if a policy promises to keep people apart of whom nothing is known, else "".

    `known` is a bool for each corpus (the index): whether anybody in it is known, by name or by face.
    """
    corpora = ", ".join(known.index[~known.astype(bool)])
    if policy != "identity" or not corpora:
        return ""
    return (
        f"nothing is known of the people in {corpora}, neither names nor faces, so `policy: identity` can't "
        f"keep them apart there: anybody may be in several splits. Write `people: {{by: both}}` in "
        f"datasets.{dataset} to tell people by their faces, or list who is the same person in "
        f"datasets.{dataset}.same_identity"
    )
