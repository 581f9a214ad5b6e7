"""The picture at the top of the README, of the numbers of several sections: what the workflow is worth.

    PYTHONPATH=scripts:tests python tests/results/overview.py results/measured

Writes <folder>/overview.png, with a panel for each section that has been measured; without any, no picture.
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from results.accounting_ends import ENDS
from results.accounting_picture import COLOURS, DARK
from results.generalisation_pictures import HEAT
from results.page import OVERVIEW

from deepfake.plotting import BLUE, FAINT, GREY, STYLE, VERMILLION

DOTS_PER_INCH = 110
Numbers = dict[str, Any]


def draw_leaks(axes: Axes, numbers: Numbers) -> None:
    """Draw the AUC of one detector on DFDC by the way of splitting, as means over seeds with intervals."""
    rows = {row["split"]: row for row in numbers["worth"]}
    splits = ["by image", "by original", "by people"]
    for place, split in enumerate(splits):
        row, colour = rows[split], BLUE if split == "by people" else VERMILLION
        mean, (low, high) = row["auc"]["mean"], row["auc"]["interval"]
        axes.errorbar(place, mean, [[mean - low], [high - mean]], fmt="o", color=colour, capsize=5, ms=8)
        text = f"{mean:.3f}\n{row['known']:.0%} known"
        axes.annotate(text, (place, mean), (12, 0), textcoords="offset points", va="center", fontsize=10.5)
    axes.set_xticks(range(len(splits)), [f"split {split}" for split in splits])
    axes.set_xlim(-0.4, len(splits) - 0.3)
    axes.set_ylabel("AUC on test")
    axes.grid(axis="y", color=FAINT)
    seeds = min(row["seeds"] for row in rows.values())
    below = f"one frozen network, {seeds} seeds; known: test crops whose person train shows"
    title(axes, "What a leak is worth", below)


def draw_detectors(axes: Axes, numbers: Numbers) -> None:
    """Draw the AUC of each model with its interval, the best at the top."""
    rows = sorted(numbers["models"], key=lambda row: -row["auc"]["value"])
    for y, row in enumerate(rows):
        value, (low, high) = row["auc"]["value"], row["auc"]["interval"] or [row["auc"]["value"]] * 2
        axes.errorbar(value, y, xerr=[[value - low], [high - value]], fmt="o", color=BLUE, capsize=4, ms=7)
        axes.annotate(
            f"{value:.3f}", (high, y), (8, 0), textcoords="offset points", va="center", fontsize=9.5
        )
    draw_chance(axes)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.12)
    axes.set_xlabel("AUC on test")
    test = numbers["test"]
    below = f"{test['videos']:,} test crops; 95 % intervals over {test['people']:,} people; dashed: chance"
    title(axes, "Detectors, on people whom training never saw", below)


def draw_generalisation(axes: Axes, numbers: Numbers) -> None:
    """Draw the AUC of each model on each test set as a map of colours, with numbers."""
    models, tested = [[each["name"] for each in numbers[key]] for key in ("models", "datasets")]
    cells = [[numbers["cells"][m].get(t, {}).get("auc", {}).get("value") for t in tested] for m in models]
    grid = np.array([[np.nan if value is None else value for value in row] for row in cells], dtype=float)
    axes.imshow(grid, cmap=HEAT, vmin=0, vmax=1, aspect="auto")
    for (y, x), value in np.ndenumerate(grid):
        ink = "white" if abs(value - 0.5) > 0.35 else "black"
        text = "–" if np.isnan(value) else f"{value:.2f}"
        axes.text(x, y, text, ha="center", va="center", color=ink, fontsize=10)
    counts = [f"{each['name']}\n{each['videos']:,}" for each in numbers["datasets"]]
    axes.set_xticks(range(len(tested)), counts, fontsize=8.5, rotation=20)
    axes.set_yticks(range(len(models)), models)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    below = f"AUC, trained on {numbers['trained']} alone; white: chance; below: videos or images tested"
    title(axes, "The same detectors on other corpora", below)


def draw_chance(axes: Axes) -> None:
    axes.axvline(0.5, color=GREY, linestyle="--", linewidth=1)
    axes.grid(axis="x", color=FAINT)
    axes.set_axisbelow(True)


def draw_accounting(axes: Axes, numbers: Numbers) -> None:
    """Draw where the images of the trained dataset ended: a bar of reals, one of fakes."""
    rows = [numbers["trained"][label] for label in ("real", "fake")]
    for y, row in enumerate(rows):
        left = 0.0
        for end, colour in COLOURS.items():
            count = row["splits"].get(end) or row["left_out"].get(end) or 0
            share = count / row["images"]
            name = ENDS[end] if y == 0 or not rows[0]["left_out"].get(end) else None
            axes.barh(
                y,
                share,
                left=left,
                height=0.6,
                color=colour,
                edgecolor="white",
                label=name if count else None,
            )
            if share > 0.045:
                ink = "white" if end in DARK else "#222222"
                axes.text(
                    left + share / 2, y, f"{count:,}", ha="center", va="center", color=ink, fontsize=9.5
                )
            left += share
    axes.set_yticks(range(len(rows)), [f"{row['class']}\n{row['images']:,}" for row in rows])
    axes.set(xlim=(0, 1), ylim=(1.5, -0.5), xticks=[])
    handles, names = axes.get_legend_handles_labels()
    kept = dict(zip(names, handles, strict=True))
    axes.legend(
        kept.values(),
        kept.keys(),
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=3,
        frameon=False,
        fontsize=9.5,
        handlelength=1,
    )
    below = f"{sum(row['images'] for row in rows):,} images of {rows[0]['dataset']}, split by people"
    title(axes, "Where the dataset's images ended", below)


PANELS = {
    "leaks": draw_leaks,
    "detectors": draw_detectors,
    "generalisation": draw_generalisation,
    "accounting": draw_accounting,
}
"""The panels in their order, by the sections whose numbers they show."""


def title(axes: Axes, text: str, below: str) -> None:
    """Write a panel's title, and in small letters what it shows."""
    axes.set_title(text, fontsize=12.5, loc="left", fontweight="bold", pad=20)
    axes.text(0, 1.02, below, fontsize=9, color=GREY, transform=axes.transAxes)
    axes.spines[["top", "right"]].set_visible(False)


def draw(folder: Path) -> None:
    """Write the picture of a folder's numbers, or remove it where there are none to draw."""
    files = {name: folder / f"{name}.json" for name in PANELS}
    found = {name: json.loads(path.read_text("utf-8")) for name, path in files.items() if path.exists()}
    numbers = {
        name: part
        for name, part in found.items()
        if name != "accounting" or {"real", "fake"} <= set(part["trained"])
    }
    path = folder / OVERVIEW
    path.unlink(missing_ok=True)
    if not numbers:
        return
    with matplotlib.rc_context(STYLE | {"font.size": 10.5}):
        rows = (len(numbers) + 1) // 2
        figure = Figure(figsize=(12.4, 4.2 * rows), layout="constrained")
        grid = figure.subplots(rows, 2 if len(numbers) > 1 else 1, squeeze=False)
        for axes, name in zip(grid.flat, numbers, strict=False):
            PANELS[name](axes, numbers[name])
        for axes in grid.flat[len(numbers) :]:
            axes.remove()
        figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
