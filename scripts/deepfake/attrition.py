"""What became of all that came in: for each corpus and step, how much went on and why the rest did not."""

import re

import pandas as pd

STEPS = ("frames", "faces", "plan")
COLUMNS = ["corpus", "step", "videos_in", "videos_on", "images_in", "images_on", "left_out"]
SHOWN = 8  # reasons a row; a table of thousands of copies would have thousands


def attrition(plan: pd.DataFrame, images: str = "faces") -> pd.DataFrame:
    """A row for each corpus and step of a plan (tables.PLAN or GATHERED): what came in, went on, and why not.

    `videos_on` are the videos with an image that went on. A video without any image counts among the videos
    alone; its reason stands in `left_out`, with those of the images. The index knows of no images yet.
    `images` is "faces" or "frames", of which the dataset is made: with frames there is no step `faces`.
    """
    rows = []
    for corpus, table in plan.groupby("corpus", sort=True):
        refused = table[table["step"] == "index"]
        going = table[table["step"] != "index"]
        rows.append(
            (corpus, "index", table["video"].nunique(), going["video"].nunique(), "", "", _reasons(refused))
        )
        for step in STEPS:
            if step == "faces" and images == "frames":
                continue
            lost = going["step"] == step
            on = going[~lost]
            videos, left = (part["video"].nunique() for part in (going, on))
            frames, stay = (int((part["frame"] >= 0).sum()) for part in (going, on))
            rows.append((corpus, step, videos, left, frames, stay, _reasons(going[lost])))
            going = on
    return pd.DataFrame(rows, columns=COLUMNS)


def _reasons(lost: pd.DataFrame) -> str:
    """Each reason with its count, commonest first; numbers of one case are taken out so that cases add up."""
    counts = lost["reason"].map(lambda reason: re.sub(r"^\d+ ", "", reason)).value_counts()
    ordered = sorted(counts.items(), key=lambda c: (-c[1], c[0]))
    shown, rest = ordered[:SHOWN], ordered[SHOWN:]
    other = (
        [f"{sum(count for _, count in rest)} for {len(rest)} other reasons, which the plan names"]
        if rest
        else []
    )
    return "; ".join([f"{count} {reason}" for reason, count in shown] + other)


def as_text(table: pd.DataFrame) -> str:
    """The table in columns for a terminal."""
    cells = [[str(value) for value in row] for row in [COLUMNS, *table.to_numpy().tolist()]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(COLUMNS) - 1)]
    lines = [
        "  ".join(
            [*(v.rjust(w) if v.isdigit() else v.ljust(w) for v, w in zip(row, widths, strict=False)), row[-1]]
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"
