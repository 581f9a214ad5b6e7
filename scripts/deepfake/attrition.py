"""What became of everything that came in: for each corpus and step, how much went on and why the rest did not."""

import re

import pandas as pd

STEPS = ("index", "frames", "faces", "plan")
COLUMNS = ["corpus", "step", "unit", "came_in", "went_on", "left_out"]


def attrition(plan: pd.DataFrame) -> pd.DataFrame:
    """A row for each corpus and step of a plan (tables.PLAN): `came_in`, `went_on`, and `left_out` by reason.

    The unit is videos in the index; from frames on it is images, a video without any counting as one.
    """
    rows = []
    for corpus, table in plan.groupby("corpus", sort=True):
        videos = table.drop_duplicates("video")
        refused = videos[videos["step"] == "index"]
        rows.append((corpus, "index", "videos", len(videos), len(videos) - len(refused), _reasons(refused)))
        going = table[table["step"] != "index"]
        for step in STEPS[1:]:
            lost = going[going["step"] == step]
            rows.append((corpus, step, "images", len(going), len(going) - len(lost), _reasons(lost)))
            going = going.drop(lost.index)
    return pd.DataFrame(rows, columns=COLUMNS)


def _reasons(lost: pd.DataFrame) -> str:
    """Each reason with its count, the commonest first; numbers of one case are taken out so that cases add up."""
    counts = lost["reason"].map(lambda reason: re.sub(r"^\d+ ", "", reason)).value_counts()
    return "; ".join(f"{count} {reason}" for reason, count in sorted(counts.items(), key=lambda c: (-c[1], c[0])))


def as_text(table: pd.DataFrame) -> str:
    """The table in columns for a terminal."""
    cells = [[str(value) for value in row] for row in [COLUMNS, *table.to_numpy().tolist()]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(COLUMNS) - 1)]
    lines = [
        "  ".join([*(v.rjust(w) if v.isdigit() else v.ljust(w) for v, w in zip(row, widths, strict=False)), row[-1]])
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"
