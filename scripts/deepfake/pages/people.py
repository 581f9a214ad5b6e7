"""The page on which a person checks who is who in a dataset: the largest groups and the doubtful links."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from deepfake.pages.people_pictures import choose_crops, encode_within, read_crops
from deepfake.pages.people_review import (
    LINKS,
    Doubt,
    counts,
    group_sizes,
    guarded,
    joined_names,
    largest_groups,
    links_made,
    links_not_made,
)
from deepfake.pages.people_sizes import draw_sizes
from deepfake.pages.render import render
from deepfake.tables import CLASSES


def page(dataset: str, people: pd.DataFrame, cfg: dict, plan: Path, results: Path) -> str:
    """Return the HTML page of a plan's `people`, as people_review.read_people returns them.

    `cfg` is the dataset's section of the config, `plan` the table tables.PLAN of the dataset, and `results`
    the folder with the tars of face crops. Raises TarMismatch.
    """
    distances = cfg["people"]
    groups = largest_groups(people)
    names, several = joined_names(people) if distances["by"] == "both" else ([], 0)
    left_out, kept = guarded(people)
    lists = {
        "made": links_made(people, distances["link"]),
        "not_made": links_not_made(people, distances["link"]),
        "left_out": left_out,
        "kept": kept,
    }
    used = _used(groups, names, lists)
    pictures, side = encode_within(read_crops(results, choose_crops(plan, used)), used)
    faces = {name: _face(name, people, pictures) for name in used}
    return render(
        "people.html.j2",
        title=f"People of {dataset}",
        counts=counts(people),
        by=distances["by"],
        distances=distances,
        groups=[group | {"line": _halves_line(group)} for group in groups],
        lists={kind: [_as_pair(doubt) for doubt in doubts] for kind, doubts in lists.items()},
        names=[person | {"lines": _lines(person)} for person in names],
        several=several,
        faces=faces,
        side=side,
        most=LINKS,
        sizes=draw_sizes(group_sizes(people)),
    )


def _used(groups: list[dict], names: list[dict], lists: dict[str, list[Doubt]]) -> Counter:
    """Return how often each video is on the page."""
    used: Counter = Counter()
    for group in groups:
        used.update(name for names, _ in group["halves"] for name in names)
    for person in names:
        used.update(name["video"] for name in person["names"])
    for doubts in lists.values():
        used.update(name for doubt in doubts for side in doubt.sides for name in side)
    return used


def _face(name: str, people: pd.DataFrame, pictures: Mapping[str, bytes]) -> dict:
    """Return what the page shows of a video; one that isn't in the table has only its name."""
    row = people.loc[name] if name in people.index else dict.fromkeys(people.columns, "")
    label = CLASSES.get(row["label"], "")
    text = ", ".join(filter(None, (name, label, row["split"] or "left out")))
    return {"name": name, "label": label, "split": row["split"], "text": text, "picture": pictures.get(name)}


def _as_pair(doubt: Doubt) -> dict:
    sides = list(zip(doubt.sides, doubt.sizes, strict=True))
    line = csv_line(*(names[0] for names in doubt.sides))
    return {"sides": sides, "distance": doubt.distance, "line": line}


def _halves_line(group: dict) -> str:
    """Return the line for different_people that keeps the two halves of a group apart; "" if it has one."""
    return csv_line(*(names[0] for names, _ in group["halves"])) if len(group["halves"]) == 2 else ""


def _lines(person: dict) -> list[str]:
    """Return a line for different_people for each of a person's names with the first."""
    first, *others = [name["video"] for name in person["names"]]
    return [csv_line(first, other) for other in others]


def csv_line(*cells: str) -> str:
    """Return a line of a csv file, quoted where it must be."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
