"""The style of plots and of sheets of images: fonts, colours, and SVG files with the same bytes each time."""

from functools import cache
from pathlib import Path
from typing import IO

import matplotlib
from matplotlib.figure import Figure
from PIL import ImageFont

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


def shorten(text: str, width: int, font_size: int) -> str:
    """Return `text` on one line, without its middle if it is wider than `width` pixels."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    keep = len(text)
    while font(font_size).getlength(short := _without_middle(text, keep)) > width and keep > 1:
        keep -= 1
    return short


def _without_middle(text: str, keep: int) -> str:
    """Return the beginning and the end of `text`, `keep` characters together."""
    if keep >= len(text):
        return text
    return f"{text[: (keep + 1) // 2]}…{text[len(text) - keep // 2 :]}"


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font that matplotlib includes: letters of many scripts, the same on every machine."""
    path = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
