"""How pictures are drawn: one style, one set of colours, and svg files of the same bytes each time."""

from pathlib import Path
from typing import IO

from matplotlib.figure import Figure

BLUE, VERMILLION, GREEN, ORANGE, BLACK = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#000000"
"""Colours of Okabe and Ito 2008, made for the colour-blind."""

GREY, FAINT = "#666666", "#E5E5E5"

STYLE = {
    "svg.hashsalt": "deepfake",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
}
"""Settings of matplotlib to draw and save under. Letters are paths: the widths of another machine's fonts
would move them over lines and edges."""


def save(path: str | Path | IO[bytes], figure: Figure) -> None:
    """Write `figure` as svg, without the time and the program's version."""
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
