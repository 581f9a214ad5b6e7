"""The checks for leaks: what may not be in two splits of a dataset, and of how many images it is known."""

from collections.abc import Iterator

import pandas as pd

from deepfake.audit.evidence import Evidence, of_files, sort_splits
from deepfake.audit.faces import describe_pairs
from deepfake.people.strangers import has_lookalike
from deepfake.plan.duplicates import bits_apart, cluster_hashes, parse_hashes
from deepfake.plan.knowledge import originals_known, people_known
from deepfake.plan.people import people_of_rows


def duplicates(e: Evidence) -> Iterator[str]:
    found = list(equal_files(e, "sha256", "split"))
    if e.cfg["duplicates"] is not None:
        hashes = of_files(e, "phash")
        known = hashes[hashes != ""]
        cluster = pd.Series(cluster_hashes(parse_hashes(known), e.cfg["duplicates"]), known.index)
        similar = _first_files(e.rows.loc[known.index], cluster, "split")
        found += [names for names in similar if names not in found]
    for names in found:
        yield f"similar images in two splits: {', '.join(names)}"


def people(e: Evidence) -> Iterator[str]:
    yield from people_by_names(e)
    if e.faces:
        yield from describe_pairs(e.faces, e.rows)


def people_by_names(e: Evidence) -> Iterator[str]:
    person = people_of_rows(e.rows, e.same_identity, e.cfg["families"])
    yield from in_two_splits(e.rows.loc[person.index], person, "person ")


def originals(e: Evidence) -> Iterator[str]:
    for column in ("original", "group"):
        known = e.rows[e.rows[column] != ""]
        yield from in_two_splits(known, known[column], f"{column} ")


def videos(e: Evidence) -> Iterator[str]:
    yield from in_two_splits(e.rows, e.rows["corpus"] + "/" + e.rows["video"], "video ")


def count_hashes(e: Evidence) -> int:
    """Return the number of images with the hash by which duplicates are looked for."""
    return int((of_files(e, "sha256" if e.cfg["duplicates"] is None else "phash") != "").sum())


def count_people(e: Evidence) -> int:
    """Return the number of images in which somebody is known, by name or by face."""
    known = people_known(e.rows, e.same_identity, e.cfg["families"]).to_numpy(copy=True)
    if e.faces:
        known[e.faces.rows] = True
    return int(known.sum())


def count_originals(e: Evidence) -> int:
    """Return the number of images of which the original or the group is known."""
    return int(originals_known(e.rows).sum())


def describe_comparison(e: Evidence) -> str:
    """Return a sentence on how duplicates are looked for."""
    distance = e.cfg["duplicates"]
    if distance is None:
        return (
            " Compared by their bytes alone, since `duplicates` is null: similar images were not looked for."
        )
    return f" Compared by their bytes, and by perceptual hashes that differ in {bits_apart(distance)}."


def describe_faces(e: Evidence) -> str:
    """Return sentences on how people are told apart by their faces; "" where they aren't."""
    if not e.faces:
        return ""
    rate, near = e.faces.strangers, e.faces.nearest
    chance = ""
    if rate is not None and len(near):
        splits = e.rows["split"].iloc[e.faces.rows].value_counts()
        lookalikes = sum(
            has_lookalike(int(splits[other]), rate) * n for other, n in near["other"].value_counts().items()
        )
        chance = f" (were all of them strangers, about {lookalikes:.1f} would be, by chance)"
    return (
        f" Faces of two splits may be no nearer than {e.faces.fail:g}{chance}, nor the means of their videos."
        f" Known by faces for {len(e.faces.rows)} of {len(e.rows)} images."
    )


def equal_files(e: Evidence, attribute: str, column: str) -> Iterator[list[str]]:
    """Yield the names of files that have an `attribute` of StoredFile in common, but differ in a column."""
    values = of_files(e, attribute)
    return _first_files(e.rows[values != ""], values[values != ""], column)


def _first_files(rows: pd.DataFrame, key: pd.Series, column: str) -> Iterator[list[str]]:
    """For each key whose rows differ in a column, yield the first file of each of the column's values."""
    differs = rows.groupby(key)[column].transform("nunique") > 1
    for _, table in rows[differs].groupby(key[differs]):
        yield table.groupby(column)["file_name"].min().tolist()


def in_two_splits(rows: pd.DataFrame, key: pd.Series, what: str) -> Iterator[str]:
    """Yield a line for each key that is in two splits; `rows` and `key` correspond by position."""
    table = pd.DataFrame(
        {"key": key.to_numpy(), "split": rows["split"].to_numpy(), "file": rows["file_name"].to_numpy()}
    )
    table = table[table.groupby("key")["split"].transform("nunique") > 1]
    for name, part in table.groupby("key"):
        counts = part.groupby("split")["file"].agg(["size", "min"])
        texts = [
            f"{split} (images: {counts.at[split, 'size']}, such as {counts.at[split, 'min']})"
            for split in sort_splits(counts.index)
        ]
        yield f"{what}{name}: {'; '.join(texts)}"
