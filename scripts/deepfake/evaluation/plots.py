"""Plots of predictions: SVG files of 480 pixels width, with the same bytes each time."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter

from deepfake.evaluation.metrics import BINS, calibration_bin, compute_metrics
from deepfake.evaluation.roc import roc_counts
from deepfake.plotting import BLACK, BLUE, FAINT, GREEN, GREY, STYLE, VERMILLION, save_svg

REAL, FAKE = BLUE, VERMILLION
LEVELS = {"frame": (GREEN, "-", "o"), "video": (BLACK, (0, (4, 2)), "s")}
"""Colour, line style and marker of each level."""

WIDTH, HEIGHT = 5.0, 4.6  # inches: 480 pixels wide; the same for all, to stand side by side
MAX_POINTS = 2000  # of a curve; more can't be seen
EMPTY = "There are no images in this split."

Levels = dict[str, pd.DataFrame]
"""Tables with the columns `label` (0 real, 1 fake) and `probability` (of fake), by the names of LEVELS."""


@rc_context(STYLE)
def draw_roc(path: str | Path, levels: Levels) -> None:
    """Write the ROC curve of each level, with its area, and the diagonal."""
    if reason := _lacks_a_class(levels):
        return _write_message(path, reason, "A ROC curve needs reals and fakes.")
    figure, axes = _square_axes()
    for name, table in levels.items():
        _, tp, fp = roc_counts(table["label"], table["probability"])
        area = compute_metrics(table["label"], table["probability"], 0.5)["roc_auc"]
        _draw_curve(axes, name, fp / fp[-1], tp / tp[-1], label=f"{name} level, AUC {area:.3f}")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    _format_unit_axes(axes, "false positive rate (reals called fake)", "true positive rate (fakes found)")
    axes.legend(loc="lower right", framealpha=0.9, edgecolor=FAINT, handlelength=2.6)
    save_svg(path, figure)


@rc_context(STYLE)
def draw_precision_recall(path: str | Path, levels: Levels) -> None:
    """Write precision over recall of each level, with the average precision.

    Dotted lines are the share of fakes: the precision of random guesses.
    """
    if reason := _lacks_a_class(levels):
        return _write_message(path, reason, "A precision-recall curve needs reals and fakes.")
    figure, axes = _square_axes()
    for name, table in levels.items():
        _, tp, fp = roc_counts(table["label"], table["probability"])
        recall, precision = tp[1:] / tp[-1], tp[1:] / (tp + fp)[1:]
        recall, precision = np.insert(recall, 0, 0), np.insert(precision, 0, precision[0])
        area = compute_metrics(table["label"], table["probability"], 0.5)["average_precision"]
        # The area below these steps is the average precision.
        label = f"{name} level, AP {area:.3f}"
        _draw_curve(axes, name, recall, precision, drawstyle="steps-pre", label=label)
        axes.axhline(table["label"].mean(), color=LEVELS[name][0], linestyle=":", linewidth=1)
    _format_unit_axes(axes, "recall (fakes found)", "precision (fakes among those called fake)")
    axes.legend(loc="lower left", framealpha=0.9, edgecolor=FAINT, handlelength=2.6)
    save_svg(path, figure)


@rc_context(STYLE)
def draw_confusion(path: str | Path, levels: Levels, thresholds: dict[str, float]) -> None:
    """Write the confusion matrix of each level at its threshold: counts, and shares of each class."""
    if _any_empty(levels):
        return _write_message(path, EMPTY)
    figure = Figure(figsize=(WIDTH, HEIGHT))
    figure.subplots_adjust(left=0.12, right=0.97, top=0.93, bottom=0.08, hspace=0.45)
    panels = figure.subplots(len(levels), 1, squeeze=False)[:, 0]
    for axes, (name, table) in zip(panels, levels.items(), strict=True):
        predicted = (table["probability"] >= thresholds[name]).astype(int)
        counts = pd.crosstab(table["label"], predicted).reindex(index=[0, 1], columns=[0, 1], fill_value=0)
        counts = counts.to_numpy()
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
        for label, column in np.ndindex(2, 2):
            share = f"{shares[label, column]:.1%}" if counts[label].sum() else "-"
            ink = "white" if shares[label, column] > 0.55 else BLACK
            text = f"{counts[label, column]:,}\n{share}"
            axes.text(column, label, text, ha="center", va="center", color=ink, fontsize=11)
        axes.set_title(f"{name} level, threshold {thresholds[name]:.3f}", fontsize=10, loc="left")
        axes.set_xticks([0, 1], ["called real", "called fake"])
        axes.set_yticks([0, 1], ["real", "fake"])
        axes.tick_params(length=0)
    save_svg(path, figure)


@rc_context(STYLE)
def draw_calibration(path: str | Path, levels: Levels) -> None:
    """Write a reliability diagram: the share of fakes over the mean probability in each bin.

    The bins are those of the calibration error. Below are the numbers of images or videos in them.
    """
    if _any_empty(levels):
        return _write_message(path, EMPTY)
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.add_axes((0.15, 0.41, 0.81, 0.5))
    below = figure.add_axes((0.15, 0.12, 0.81, 0.22), sharex=axes)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    width = 1 / BINS / len(levels)
    for number, (name, table) in enumerate(levels.items()):
        colour, _, marker = LEVELS[name]
        bins = pd.Series(calibration_bin(table["probability"]), table.index)
        means = table.groupby(bins)[["probability", "label"]].mean()
        sizes = bins.value_counts().reindex(range(BINS), fill_value=0)
        error = compute_metrics(table["label"], table["probability"], 0.5)["ece"]
        style = {"marker": marker, "markersize": 5, "clip_on": False}
        label = f"{name} level, error {error:.3f}"
        _draw_curve(axes, name, means["probability"], means["label"], label=label, **style)
        below.bar(np.arange(BINS) / BINS + width * (number + 0.5), sizes, width, color=colour)
    _format_unit_axes(axes, "", "share of fakes")
    axes.tick_params(labelbottom=False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.46, 1.0), ncols=len(levels), frameon=False)
    below.set(xlabel="probability of fake", ylabel="number", yscale="log")
    below.set_ylim(0.5, max(20, 1.5 * max(len(table) for table in levels.values())))
    below.yaxis.set_major_formatter(EngFormatter(sep=""))
    below.minorticks_off()
    below.spines[["top", "right"]].set_visible(False)
    save_svg(path, figure)


@rc_context(STYLE)
def draw_histogram(path: str | Path, levels: Levels, thresholds: dict[str, float]) -> None:
    """Write histograms of the probabilities of reals and of fakes, as shares of each class."""
    if _any_empty(levels):
        return _write_message(path, EMPTY)
    figure = Figure(figsize=(WIDTH, HEIGHT))
    panels = figure.subplots(len(levels), 1, sharex=True, squeeze=False)[:, 0]
    figure.subplots_adjust(left=0.15, right=0.96, top=0.87, bottom=0.11, hspace=0.3)
    edges = np.linspace(0, 1, 31)
    for axes, (name, table) in zip(panels, levels.items(), strict=True):
        counts = table["label"].value_counts()
        for label, colour, hatch in ((0, REAL, ""), (1, FAKE, "///")):
            if label not in counts:
                continue
            own = table["probability"][table["label"] == label]
            weights = np.full(len(own), 1 / len(own))
            axes.hist(own, edges, weights=weights, color=colour, alpha=0.3)
            axes.hist(own, edges, weights=weights, color=colour, histtype="step", linewidth=1.4, hatch=hatch)
        axes.axvline(thresholds[name], color=BLACK, linestyle="--", linewidth=1.2)
        title = f"{name} level: {counts.get(0, 0):,} real, {counts.get(1, 0):,} fake"
        axes.set_title(title, fontsize=10, loc="left")
        axes.set(xlim=(0, 1), ylabel="share of the class")
        axes.spines[["top", "right"]].set_visible(False)
    panels[-1].set_xlabel("probability of fake")
    handles = [
        Patch(facecolor=(REAL, 0.3), edgecolor=REAL),
        Patch(facecolor=(FAKE, 0.3), edgecolor=FAKE, hatch="///"),
        Line2D([], [], color=BLACK, linestyle="--", linewidth=1.2),
    ]
    figure.legend(handles, ["real", "fake", "threshold"], loc="upper center", ncols=3, frameon=False)
    save_svg(path, figure)


def _any_empty(levels: Levels) -> bool:
    return any(table.empty for table in levels.values())


def _lacks_a_class(levels: Levels) -> str:
    """Return a sentence that says which class is absent, or "" if both are present."""
    labels = set().union(*(table["label"] for table in levels.values()))
    one = f"There are only {'fakes' if 1 in labels else 'reals'} in this split."
    return {0: EMPTY, 1: one}.get(len(labels), "")


def _write_message(path: str | Path, *sentences: str) -> None:
    """Write sentences in place of a plot that can't be drawn."""
    figure = Figure(figsize=(WIDTH, 1.2))
    figure.text(0.5, 0.5, "\n".join(sentences), ha="center", va="center", color=GREY)
    save_svg(path, figure)


def _square_axes() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, HEIGHT))
    return figure, figure.add_axes((0.14, 0.12, 0.82, 0.85))


def _draw_curve(axes: Axes, level: str, x: np.ndarray, y: np.ndarray, **style) -> None:
    """Draw a curve in the style of `level`, with at most MAX_POINTS points, both ends among them."""
    colour, dashes, _ = LEVELS[level]
    points = np.unique(np.linspace(0, len(x) - 1, min(len(x), MAX_POINTS)).round().astype(int))
    x, y = np.asarray(x)[points], np.asarray(y)[points]
    axes.plot(x, y, color=colour, linestyle=dashes, linewidth=1.8, **style)


def _format_unit_axes(axes: Axes, x: str, y: str) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=x, ylabel=y)
    axes.grid(color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
