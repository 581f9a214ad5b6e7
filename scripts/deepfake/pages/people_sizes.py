"""A plot of how many videos each person has."""

import io
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from deepfake.plotting import BLUE, FAINT, GREY, STYLE, save_svg


def count_by_size(sizes: Sequence[int]) -> list[tuple[str, int, int]]:
    """Return bars of people by their number of videos: 1, 2, 3–4, 5–8 and so on, without those at the end
    that are empty. Each has its label, the number of people, and the number of their videos."""
    sizes, bars, low, high = np.asarray(sizes, np.int64), [], 1, 1
    while len(sizes) and low <= sizes.max():
        inside = sizes[(sizes >= low) & (sizes <= high)]
        bars.append((str(low) if low == high else f"{low}–{high}", len(inside), int(inside.sum())))
        low, high = high + 1, high * 2
    return bars


def draw_sizes(sizes: Sequence[int]) -> bytes:
    """Return the plot of `count_by_size` as SVG; equal sizes give equal bytes."""
    bars = count_by_size(sizes)
    out = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 2.8), layout="constrained")
        for axes, column, title in zip(figure.subplots(1, 2), (1, 2), ("people", "videos"), strict=True):
            numbers = [bar[column] for bar in bars]
            axes.bar(range(len(bars)), numbers, color=BLUE, width=0.75)
            for place, number in enumerate(numbers):
                axes.annotate(
                    f"{number:,}",
                    (place, number),
                    (0, 2),
                    textcoords="offset points",
                    ha="center",
                    fontsize=7.5,
                )
            axes.set_xticks(range(len(bars)), [bar[0] for bar in bars], fontsize=8, rotation=30)
            axes.set_title(title, fontsize=10, loc="left")
            axes.set_xlabel("videos of one person", color=GREY)
            axes.tick_params(axis="y", labelsize=8)
            axes.grid(axis="y", color=FAINT)
            axes.set_axisbelow(True)
            axes.spines[["top", "right"]].set_visible(False)
            axes.margins(y=0.12)
        save_svg(out, figure)
    return out.getvalue()
