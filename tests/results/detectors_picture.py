"""The AUC of each model with its interval, best first, as a forest plot."""

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from deepfake.plotting import BLUE, FAINT, GREEN, GREY, STYLE, VERMILLION

TRAINED, COMBINED, AS_IS = BLUE, GREEN, VERMILLION


@rc_context(STYLE)
def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Write a png of rows with `name`, `what`, `trained` and `auc` (value, interval), from top to bottom."""
    figure = Figure(figsize=(10, 1.2 + 0.42 * len(rows)), dpi=130, layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(0.5, color=GREY, linestyle="--", linewidth=1)
    axes.text(0.5, -0.75, "chance", color=GREY, fontsize=9, ha="center", va="center", backgroundcolor="white")
    for place, row in enumerate(rows):
        value, colour = row["auc"]["value"], colour_of(row)
        low, high = row["auc"]["interval"] or (value, value)
        ends = [[value - low], [high - value]]
        axes.errorbar(value, place, xerr=ends, fmt="o", color=colour, capsize=4, markersize=7)
        text = f"{value:.3f}  [{low:.3f}, {high:.3f}]"
        axes.text(1.01, place, text, transform=axes.get_yaxis_transform(), fontsize=10, va="center")
    axes.set_yticks(
        range(len(rows)), [f"{row['name']}\n{wrapped(row['what'])}" for row in rows], fontsize=8.5
    )
    axes.set_ylim(len(rows) - 0.5, -1)
    axes.set_xlabel("ROC AUC on test, and its 95 % interval over people", fontsize=10)
    axes.grid(axis="x", color=FAINT)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    names = {
        TRAINED: "trained here",
        COMBINED: "made of trained ones",
        AS_IS: "published weights as they are",
    }
    used = {colour_of(row) for row in rows}
    for colour in [colour for colour in names if colour in used]:
        axes.plot([], [], "o", color=colour, label=names[colour])
    axes.legend(loc="lower right", frameon=False, fontsize=9)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def colour_of(row: dict[str, Any]) -> str:
    """Return the colour of what a row is."""
    if row["trained"]:
        return TRAINED
    return AS_IS if "as they are" in row["what"] else COMBINED


def wrapped(text: str, width: int = 76) -> str:
    """Return a text that is cut where it is longer than the label's room."""
    return text if len(text) <= width else f"{text[: width - 1]}…"
