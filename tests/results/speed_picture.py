"""The picture of the section Speed: CPU seconds a clip as bars, ours in a colour of its own."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

COUNT = 10  # frames of a clip
OURS, OTHER = "#1b6ca8", "#b8b8b8"


def draw(decoders: Sequence[dict], crops: Sequence[dict], path: Path) -> None:
    """Draw two panels, reading frames and from videos to crops, the shortest bar on top, with the range."""
    figure, panels = plt.subplots(1, 2, figsize=(13, 4), layout="constrained")
    titles = (f"Reading {COUNT} frames", f"From the video to face crops, {COUNT} frames")
    for panel, rows, title in zip(panels, (decoders, crops), titles, strict=True):
        ordered = sorted(rows, key=lambda row: -row["cpu"])
        seconds = [row["cpu"] for row in ordered]
        colours = [OURS if row["name"].startswith("ours") else OTHER for row in ordered]
        reach = [
            [row["cpu"] - row["range"][0] for row in ordered],
            [row["range"][1] - row["cpu"] for row in ordered],
        ]
        bars = panel.barh(
            [row["name"] for row in ordered], seconds, color=colours, xerr=reach, ecolor="#555555"
        )
        panel.bar_label(bars, labels=[f" {value:.2f}" for value in seconds], padding=6, fontsize=11)
        panel.margins(x=0.15)
        panel.set_title(title, fontsize=13)
        panel.set_xlabel("CPU seconds a clip", fontsize=12)
        panel.tick_params(labelsize=11)
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
