"""The picture at the top of the README, of the numbers of several sections: what the workflow is worth.

    PYTHONPATH=scripts:tests python tests/results/overview.py results/measured

Writes <folder>/overview.png, with a panel for each section that has been measured; without any, no picture.
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from results.accounting_ends import ENDS
from results.accounting_picture import COLOURS, DARK
from results.page import OVERVIEW

from deepfake.plotting import BLUE, FAINT, STYLE, VERMILLION

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
    above = f"A leak is worth this much: one frozen network, {seeds} seeds"
    title(axes, f"{above}\n(known: test crops whose person train shows)")


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
    title(axes, f"Where {rows[0]['corpus'].upper()}'s images end when split by people")


PANELS = {"leaks": draw_leaks, "accounting": draw_accounting}


def title(axes: Axes, text: str) -> None:
    axes.set_title(text, fontsize=11.5, loc="left", fontweight="bold")
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
