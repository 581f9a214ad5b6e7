"""The picture of section verdicts: each clip's score, by method."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from results.judged_media import Judged

from deepfake.plotting import BLUE, GREY, STYLE, VERMILLION

SPREAD = 0.12  # of a row: how far clips of one row are apart, so that each is seen


def draw(media: list[tuple[str, list[Judged]]], titles: dict[str, str], strict: float, path: Path) -> None:
    """Draw the score of each clip as a dot: a row for each method, a panel for each of `media`.

    A dot has its verdict's own threshold as a tick; `strict` is that of few false alarms on val.
    """
    groups = [(title, _rows(files, titles)) for title, files in media]
    with matplotlib.rc_context(STYLE | {"font.size": 11}):
        heights = [len(rows) for _, rows in groups]
        figure = Figure(figsize=(9, 1.4 + 0.42 * sum(heights) + 0.35 * len(groups)), layout="constrained")
        panels = figure.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (title, rows) in zip(panels, groups, strict=True):
            _panel(axes, title, rows, strict)
        panels[-1].set_xlabel("score of the person who decides (0 real, 1 fake)")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
        figure.savefig(path, dpi=110, metadata={"Software": None})


def _rows(files: list[Judged], titles: dict[str, str]) -> list[tuple[str, list[Judged]]]:
    """Return the judged files by method, the real ones first."""
    judged = [file for file in files if file.is_judged]
    methods = sorted({file.method for file in judged if file.label})
    rows = [("real", [file for file in judged if not file.label])]
    rows += [
        (titles.get(name, name) or "fake", [f for f in judged if f.label and f.method == name])
        for name in methods
    ]
    return [(f"{name} ({len(group)})", group) for name, group in rows if group]


def _panel(axes, title: str, rows: list[tuple[str, list[Judged]]], strict: float) -> None:
    for y, (_, group) in enumerate(rows):
        scores = np.array([file.verdict["score"] for file in group])
        own = [file.verdict["threshold"] for file in group]
        aside = np.zeros(len(scores))
        aside[np.argsort(scores)] = SPREAD * ((np.arange(len(scores)) % 3) - 1)
        is_fake = bool(group[0].label)
        axes.scatter(
            scores,
            y + aside,
            s=42,
            color=VERMILLION if is_fake else BLUE,
            marker="^" if is_fake else "o",
            edgecolors="white",
            linewidths=0.6,
            label="fake clip" if is_fake and y == 1 else "real clip" if not is_fake else None,
            zorder=3,
        )
        axes.scatter(
            own, y + aside, s=60, marker="|", color=GREY, zorder=2, label=None if y else "its threshold"
        )
    axes.axvline(strict, color="black", linestyle=":", label="threshold of 1 % false alarms on val")
    axes.set(yticks=range(len(rows)), yticklabels=[name for name, _ in rows], xlim=(-0.02, 1.02))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_title(title, loc="left", fontsize=11)
    axes.grid(axis="x", color="#E5E5E5")
    axes.spines[["top", "right"]].set_visible(False)
