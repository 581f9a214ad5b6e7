"""The style of all plots: fonts, colours, and SVG files with the same bytes each time."""

from pathlib import Path
from typing import IO

from matplotlib.figure import Figure

BLUE, VERMILLION, GREEN, ORANGE, BLACK = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#000000"
"""The colour-blind safe palette of Okabe and Ito (2008)."""

GREY, FAINT = "#666666", "#E5E5E5"

STYLE = {
    "svg.hashsalt": "deepfake",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
}
"""Matplotlib's rcParams to draw and save under. Text is drawn as paths: another machine's fonts would have
other widths, and overlap lines and edges."""


def save_svg(path: str | Path | IO[bytes], figure: Figure) -> None:
    """Write a figure as SVG, without the date and the version of matplotlib."""
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
