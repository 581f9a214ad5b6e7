"""The part of an audit's page about faces: the nearest pairs across splits, and how near the splits come."""

import io

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from deepfake.plotting import BLUE, GREY, ORANGE, STYLE, VERMILLION, save_svg

SIZE = (6.6, 2.6)  # inches
COLOURS = {("test", "train"): BLUE, ("val", "train"): ORANGE, ("test", "val"): GREY}


def faces_section(faces: dict, thumbnails: dict[str, bytes]) -> dict:
    """Return the values for templates/audit_faces.html.j2.

    `faces` is that of audit.json, `thumbnails` are JPEGs by the names of files.
    """
    return faces | {
        "people": [_tile(split, counts) for split, counts in sorted(faces["people"].items())],
        "pairs": [
            {
                "distance": pair["distance"],
                "splits": pair["splits"],
                "near": pair["distance"] <= faces["fail"],
                "images": [{"file": file, "thumbnail": thumbnails.get(file, b"")} for file in pair["files"]],
            }
            for pair in faces["pairs"]
        ],
        "histogram": histogram(faces) if faces["nearest"] else b"",
    }


def _tile(split: str, counts: dict) -> dict:
    return {
        "title": f"people of {split} known to train",
        "value": f"at least {counts['people_in_train']:,} of {counts['people']:,}",
        "note": f"in {counts['images_in_train'] / counts['images']:.0%} of its images",
    }


def histogram(faces: dict) -> bytes:
    """Return an SVG of the distances of each split's images to the nearest one of another split."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for row in faces["nearest"]:
            edges = np.array([0, *map(float, row["within"])])
            shares = np.diff([0, *row["within"].values()])
            colour = COLOURS.get((row["split"], row["other"]), GREY)
            label = f"{row['split']} to {row['other']}"
            axes.stairs(100 * shares, edges, color=colour, linewidth=1.6, label=label)
        axes.axvline(faces["fail"], color=VERMILLION, linestyle="--", linewidth=1.4)
        axes.annotate(
            f"too near: up to {faces['fail']:g}",
            (faces["fail"], 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=VERMILLION,
        )
        axes.set(xlim=(0, 1), xlabel="distance to the nearest face of the other split", ylabel="% of images")
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        buffer = io.BytesIO()
        save_svg(buffer, figure)
    return buffer.getvalue()
