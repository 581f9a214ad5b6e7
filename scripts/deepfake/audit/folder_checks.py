"""The checks of a dataset that was made elsewhere: what can be seen in its images, and what its table says.

What neither of them tells is unknown.
"""

from collections.abc import Iterator

from deepfake.audit.checks import CHECKS, Check
from deepfake.audit.evidence import Evidence, sort_splits
from deepfake.audit.faces import describe_pairs
from deepfake.audit.leaks import count_people, equal_files, in_two_splits, people_by_names


def files(e: Evidence) -> Iterator[str]:
    for name in e.rows["file_name"]:
        if problem := e.files[name].problem:
            yield f"{name}: {problem}"


def classes(e: Evidence) -> Iterator[str]:
    for names in equal_files(e, "sha256", "class"):
        yield f"the same bytes in two classes: {', '.join(names)}"


def splits(e: Evidence) -> Iterator[str]:
    counts = e.rows.groupby(["split", "class"]).size().unstack(fill_value=0)
    if len(counts) < 2:
        yield f"{counts.index[0]} alone has images: there is no second split to compare it with"
    for split in sort_splits(counts.index):
        for name in sorted(counts.columns[counts.loc[split] == 0]):
            yield f"{split}: has no image of the class {name}"


def people(e: Evidence) -> Iterator[str]:
    yield from people_by_names(e)
    yield from describe_pairs(e.faces, e.rows, advice=False)


def videos(e: Evidence) -> Iterator[str]:
    known = e.rows[e.rows["known_video"] != ""]
    yield from in_two_splits(known, known["known_video"], "video ")


FOLDER_CHECKS = {
    "files": Check("Every image must be readable.", files),
    "classes": Check("Equal images must be in one class.", classes),
    "splits": Check("There must be two splits or more, each with every class.", splits),
    "duplicates": CHECKS["duplicates"],
    "people": Check("No person may be in two splits.", people, count_people),
    "originals": CHECKS["originals"],
    "videos": Check(
        "No video may be in two splits.", videos, lambda e: int((e.rows["known_video"] != "").sum())
    ),
}
"""The checks by their names, in the order in which they are reported; see checks.CHECKS."""


def folder_config(name: str, duplicates: int | None, people: dict) -> dict:
    """Return the settings that the checks read; `people` has the distances `link` and `fail`."""
    return {
        "policy": "",  # a finding of any check is a failure
        "duplicates": duplicates,
        "people": {"by": "both", **people},
        "families": {name: name},
        "splits": {},
        "stratify": [],
        "test_only": [],
    }
