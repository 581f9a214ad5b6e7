"""The matrix of methods left out by methods tested, as a picture."""

from pathlib import Path

import pandas as pd
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from deepfake.evaluation.leave_out import NOTHING
from deepfake.plotting import BLACK, FAINT, GREY, STYLE, VERMILLION, save_svg

WIDTH, HEIGHT = 1.25, 0.95  # inches of a cell
LABEL = 18  # characters of a name that are shown


@rc_context(STYLE)
def draw_left_out(table: pd.DataFrame, path: str | Path) -> None:
    """Write a matrix for each model and dataset of `table` (leave_out.COLUMNS) as SVG: left out by tested.

    Number and colour are the ROC AUC of videos, with its interval. A cell is framed where the fakes that are
    tested are of the method that was left out. The same table gives the same bytes.
    """
    panels = list(table.groupby(["model", "dataset"], sort=True))
    columns = max((part["tested"].nunique() for _, part in panels), default=1)
    heights = [part["left_out"].nunique() for _, part in panels] or [1]
    size = (max(5.0, 2.2 + WIDTH * columns), max(2.5, sum(HEIGHT * n + 1.0 for n in heights) + 0.9))
    figure = Figure(figsize=size, layout="constrained")
    title = "Fakes of methods that were left out of training"
    figure.suptitle(title, fontsize=11, x=0.02, ha="left", fontweight="bold")
    all_axes = figure.subplots(max(1, len(panels)), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (names, part) in zip(all_axes, panels, strict=False):
        _draw_matrix(axes, part)
        axes.set_title(_short(" on ".join(names), 3 * LABEL), fontsize=10)
    note = "ROC AUC of videos, with all reals of the test set, and its 95 % interval\n"
    note += "framed: fakes of the method that was left out"
    figure.supxlabel(note, fontsize=8.5, color=GREY)
    figure.get_layout_engine().set(h_pad=0.12)
    save_svg(path, figure)


def _draw_matrix(axes: Axes, table: pd.DataFrame) -> None:
    rows, columns = sorted(table["left_out"].unique()), sorted(table["tested"].unique())
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xlabel("fakes tested", fontsize=9)
    axes.set_ylabel("left out", fontsize=9)
    axes.set_xticks(range(len(columns)), [_short(name) for name in columns], fontsize=8.5)
    axes.set_yticks(
        range(len(rows)), [_short(name) if name != NOTHING else "nothing" for name in rows], fontsize=8.5
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for row in table.to_dict("records"):
        x, y, value = columns.index(row["tested"]), rows.index(row["left_out"]), row["roc_auc"]
        defined = not pd.isna(value)
        colour = colormaps["Blues"](max(0.05, 1.8 * (value - 0.5))) if defined else FAINT
        frame = {"edgecolor": VERMILLION, "linewidth": 3} if row["tested"] == row["left_out"] else {}
        axes.add_patch(Rectangle((x - 0.47, y - 0.44), 0.94, 0.88, facecolor=colour, **frame))
        ink = "white" if defined and value > 0.85 else BLACK
        axes.text(
            x, y - 0.1, f"{value:.3f}" if defined else "–", color=ink, fontsize=13, ha="center", va="center"
        )
        if defined and not pd.isna(row["roc_auc_low"]):
            ends = f"{row['roc_auc_low']:.3f} to {row['roc_auc_high']:.3f}"
            axes.text(x, y + 0.22, ends, color=ink, fontsize=7.5, ha="center", va="center")


def _short(text: str, length: int = LABEL) -> str:
    """Return `text` without TeX, and not longer than `length`."""
    plain = "".join(c if c.isprintable() else "?" for c in text)
    plain = plain if len(plain) <= length else f"{plain[: length - 1]}…"
    return plain.replace("$", r"\$")
