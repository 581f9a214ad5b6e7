"""The pictures of the page's part on leaks: what a leak is worth, and how far LFW's photos are apart."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepfake.people.settings import DLIB_DISTANCES
from deepfake.plotting import BLUE, FAINT, GREY, ORANGE, STYLE, VERMILLION

PANELS = {
    "Each split has its own test set": ("by image", "by original", "by people"),
    "One test set, three trainings": ("knows originals", "knows people", "knows nobody"),
}
LABELS = {
    "by image": "split by\nimage",
    "by original": "split by\noriginal",
    "by people": "split by\npeople",
    "knows originals": "train knows\nits originals",
    "knows people": "train knows\nits people",
    "knows nobody": "train knows\nnobody",
}
DOTS_PER_INCH = 110


def draw_worth(path: Path, rows: pd.DataFrame, found: list[dict]) -> None:
    """Draw the AUC of each split: a point for each seed, and the mean with its interval.

    `rows` are those of bench_leak_worth.rows_of_seed, `found` their summary.
    """
    of_split = {row["split"]: row for row in found}
    with matplotlib.rc_context(STYLE | {"font.size": 11}):
        figure = Figure(figsize=(9.2, 4.2), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for panel, (title, splits) in zip(axes, PANELS.items(), strict=True):
            for place, split in enumerate(splits):
                _draw_split(panel, place, rows[rows["split"] == split], of_split[split])
            panel.set_title(title, fontsize=11.5)
            panel.set_xticks(range(len(splits)), [LABELS[split] for split in splits])
            panel.set_xlim(-0.5, len(splits) - 0.35)
            panel.grid(axis="y", color=FAINT)
            panel.set_axisbelow(True)
            panel.spines[["top", "right"]].set_visible(False)
        axes[0].set_ylabel("AUC on test")
        figure.savefig(path, dpi=DOTS_PER_INCH)


def _draw_split(axes: Axes, place: int, rows: pd.DataFrame, found: dict) -> None:
    clean = found["auc_more"] is None
    colour = BLUE if clean else VERMILLION
    shift = np.linspace(-0.16, 0.16, len(rows))
    axes.plot(place - 0.12 + shift, rows["AUC"], "o", color=colour, alpha=0.35, markersize=5, mew=0)
    auc = found["auc"]
    axes.errorbar(place + 0.24, auc["mean"], auc["half"], fmt="D", color=colour, capsize=4, markersize=6)
    axes.annotate(
        f"{auc['mean']:.3f}",
        (place + 0.24, auc["mean"]),
        (7, 0),
        textcoords="offset points",
        va="center",
        fontsize=10,
    )


def draw_lfw(path: Path, histogram: dict) -> None:
    """Draw how many of LFW's pairs of photos are how far apart, with the default link and guard."""
    edges = np.asarray(histogram["edges"])
    with matplotlib.rc_context(STYLE | {"font.size": 11}):
        figure = Figure(figsize=(9.2, 3.8), layout="constrained")
        axes = figure.subplots()
        for name, colour, label in (
            ("strangers", GREY, "two people"),
            ("same", ORANGE, "one person"),
        ):
            pairs = np.asarray(histogram[name])
            axes.stairs(
                pairs, edges, fill=True, color=colour, alpha=0.55, label=f"{label}: {pairs.sum():,} pairs"
            )
        for key, colour in (("link", BLUE), ("guard", VERMILLION)):
            axes.axvline(DLIB_DISTANCES[key], color=colour, lw=1.8)
            side = "right" if key == "link" else "left"
            offset = -5 if key == "link" else 5
            axes.annotate(
                f"{key} {DLIB_DISTANCES[key]:.2f}",
                (DLIB_DISTANCES[key], 0.97),
                (offset, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                horizontalalignment=side,
                verticalalignment="top",
                color=colour,
            )
        axes.set_yscale("log")
        axes.set_ylim(0.6, 3e6)  # room for the legend
        axes.set_xlim(0.1, 0.85)
        axes.set_xlabel("distance of two photos")
        axes.set_ylabel("pairs in 0.01")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper right")
        figure.savefig(path, dpi=DOTS_PER_INCH)
