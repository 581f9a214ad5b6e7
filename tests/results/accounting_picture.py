"""A picture of where the images of each corpus ended: a bar for reals and one for fakes, of equal lengths."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from results.accounting_ends import ENDS, SPLITS

COLOURS = {
    "train": "#08519C",
    "val": "#4A90C9",
    "test": "#9CC8E8",
    "size": "#C9B8D9",
    "balance": "#8E6BB0",
    "guard": "#E69F00",
    "bridge": "#B85C00",
    "unseen": "#F2D08A",
    "duplicate": "#D9D24A",
    "crowd": "#7FB77E",
    "no_face": "#2E7D4F",
    "unreadable": "#A33A3A",
    "unfit": "#5A1E1E",
    "other": "#777777",
}
"""Blues are splits; what is left out follows from the last step to the first."""

DARK = {"train", "val", "balance", "bridge", "no_face", "unreadable", "unfit", "other"}
WIDTH, BAR, GAP, HEAD, LINE = 10.0, 0.30, 0.20, 0.42, 0.24
"""Inches: the figure's width; the room of a bar, between datasets, above the first, of a legend's line."""
LEFT, LENGTH = 0.23, 0.50  # where the bars begin, and how long they are, as shares of the width
MIN_SHARE = 0.045  # a smaller part of a bar has no room for its number
NOWHERE = "#E4E4E4"


def draw(counts: pd.DataFrame, elsewhere: list[dict], path: Path) -> None:
    """Write a png of `counts` (see accounting_ends.count) and of the images that are in no dataset.

    `elsewhere` has `name`, `files` and `use` of each archive without a dataset.
    """
    datasets = [rows for _, rows in counts.groupby("dataset", sort=False)]
    bars = len(counts) + len(elsewhere)
    legend = legend_of(counts)
    above = 0.12 + LINE * len(legend) + HEAD
    height = above + bars * BAR + (len(datasets) + len(elsewhere)) * GAP + 0.05
    figure = Figure(figsize=(WIDTH, height), dpi=130)
    draw_legend(figure, legend, height)
    bottom = 0.05 / height
    axes = figure.add_axes((LEFT, bottom, LENGTH, (height - above) / height - bottom))
    axes.set(xlim=(0, 1), ylim=(height - above - 0.05, 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    y = 0.0
    for x, title in ((1.22, "images kept"), (1.50, "files kept")):
        axes.text(x, -0.14, title, fontsize=9, ha="right", color="#555555")
    for rows in datasets:
        axes.text(-0.16, y + BAR * len(rows) / 2, name_of(rows), fontsize=10, fontweight="bold", **RIGHT)
        for row in rows.to_dict("records"):
            draw_bar(axes, y + BAR / 2, row)
            y += BAR
        y += GAP
    for archive in elsewhere:
        axes.text(-0.16, y + BAR / 2, archive["name"], fontsize=10, fontweight="bold", **RIGHT)
        axes.text(-0.02, y + BAR / 2, "real", fontsize=9.5, **RIGHT)
        axes.barh(y + BAR / 2, 1, height=BAR * 0.8, color=NOWHERE)
        axes.text(0.01, y + BAR / 2, f"{archive['files']:,} {archive['use']}", fontsize=8, va="center")
        y += BAR + GAP
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


RIGHT = {"ha": "right", "va": "center"}


def name_of(rows: pd.DataFrame) -> str:
    """Return the name of a dataset, with its corpora where they are called otherwise."""
    dataset, corpora = rows["dataset"].iloc[0], list(rows["corpus"].unique())
    return dataset if corpora == [dataset] else f"{dataset}\nof {', '.join(corpora)}"


def legend_of(counts: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Return the lines of the legend: a title, and the ends that any image has met."""
    met = [end for end in COLOURS if counts[end].sum()]
    lost = [end for end in met if end not in SPLITS]
    lines = [("in the dataset", [end for end in met if end in SPLITS])]
    lines += [("left out" if start == 0 else "", lost[start : start + 4]) for start in range(0, len(lost), 4)]
    return lines


def draw_legend(figure: Figure, lines: list[tuple[str, list[str]]], height: float) -> None:
    for number, (title, ends) in enumerate(lines):
        y = 1 - (0.22 + LINE * number) / height
        figure.text(0.02, y, title, fontsize=9.5, fontweight="bold", va="center")
        figure.legend(
            [Patch(color=COLOURS[end]) for end in ends],
            [ENDS[end] for end in ends],
            loc="center left",
            bbox_to_anchor=(0.14, y),
            ncols=len(ends),
            frameon=False,
            fontsize=9,
            handlelength=1,
            handleheight=1,
            columnspacing=1.2,
        )


def draw_bar(axes: Axes, y: float, row: dict) -> None:
    """Draw one class of a dataset: parts as shares of its images, numbers in and beside them."""
    axes.text(-0.02, y, row["class"], fontsize=9.5, **RIGHT)
    left = 0.0
    for end, colour in COLOURS.items():
        share = row[end] / row["images"]
        axes.barh(y, share, left=left, height=BAR * 0.8, color=colour, edgecolor="white", linewidth=0.5)
        if share >= MIN_SHARE:
            ink = "white" if end in DARK else "#222222"
            axes.text(left + share / 2, y, f"{row[end]:,}", fontsize=8, color=ink, va="center", ha="center")
        left += share
    kept = sum(row[split] for split in SPLITS)
    for x, part, whole in ((1.22, kept, row["images"]), (1.50, row["files_kept"], row["files"])):
        axes.text(x, y, f"{part:,} of {whole:,}", fontsize=9, **RIGHT)
