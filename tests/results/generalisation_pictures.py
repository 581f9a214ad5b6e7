"""Pictures of the section generalisation: models by test sets as a heat map, and AUC under distortions."""

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from deepfake.evaluation.distortions import BOUNDS
from deepfake.evaluation.robustness import UNDISTORTED
from deepfake.plotting import BLACK, BLUE, FAINT, GREEN, GREY, ORANGE, STYLE, VERMILLION

HEAT = LinearSegmentedColormap.from_list("chance", [VERMILLION, "#F7F7F7", BLUE])
"""White is chance, blue is better, vermillion worse."""

LINES = [BLACK, VERMILLION, BLUE, GREEN, ORANGE, "#56B4E9", "#CC79A7", GREY]
MARKS = "oDs^vPX*"
DOTS = 130  # per inch


@rc_context(STYLE)
def draw_matrix(
    models: list[str], datasets: list[dict[str, Any]], cells: dict[str, dict], path: Path
) -> None:
    """Write a png with a row for each of `models` and a column for each of `datasets`.

    `cells` has `auc` (value and interval) by model and dataset; `datasets` have `name`, `real`, `fake`, the
    number of `videos` without those of images `left_out`, and `stills`.
    """
    figure = Figure(figsize=(2.0 + 1.42 * len(datasets), 1.5 + 0.85 * len(models)), dpi=DOTS)
    axes = figure.add_axes((0.13, 0.14, 0.86, 0.80))
    axes.set(xlim=(-0.5, len(datasets) - 0.5), ylim=(len(models) - 0.5, -0.5))
    for y, model in enumerate(models):
        for x, dataset in enumerate(datasets):
            _draw_cell(axes, x, y, cells[model].get(dataset["name"], {}).get("auc"))
    counts = [f"{each['real']:,} real, {each['fake']:,} fake" for each in datasets]
    counts = [
        f"{each['videos']:,} of {each['real'] + each['fake']:,}" if each["left_out"] else text
        for each, text in zip(datasets, counts, strict=True)
    ]
    kinds = ["images" if each["stills"] else "videos" for each in datasets]
    names = [each["name"] for each in datasets]
    labels = ["\n".join(label) for label in zip(names, counts, kinds, strict=True)]
    axes.set_xticks(range(len(datasets)), labels, fontsize=9)
    axes.set_yticks(range(len(models)), models, fontsize=10)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    title = "ROC AUC on each test set, with its 95 % interval; white is chance"
    figure.text(0.01, 0.965, title, fontsize=11, fontweight="bold", va="center")
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _draw_cell(axes: Axes, x: int, y: int, auc: dict[str, Any] | None) -> None:
    value = auc["value"] if auc else None
    colour = FAINT if value is None else HEAT(value)
    axes.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, facecolor=colour))
    ink = "white" if value is not None and abs(value - 0.5) > 0.3 else BLACK
    centre = {"ha": "center", "va": "center", "color": ink}
    if value is None:
        axes.text(x, y, "–", fontsize=12, **centre)
        return
    axes.text(x, y - 0.1, f"{value:.3f}", fontsize=13, **centre)
    if auc["interval"]:
        axes.text(x, y + 0.23, "{:.3f} to {:.3f}".format(*auc["interval"]), fontsize=8.5, **centre)


@rc_context(STYLE)
def draw_robustness(curves: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Write a png with a panel for each distortion and a line for each model: AUC by level.

    `curves` has the settings (`distortion`, `level`, `auc`) of each model, the undistorted one first.
    """
    kinds = list(dict.fromkeys(s["distortion"] for settings in curves.values() for s in settings))
    kinds = [kind for kind in kinds if kind != UNDISTORTED]
    figure = Figure(figsize=(10, 4.4), dpi=DOTS, layout="constrained")
    panels = figure.subplots(1, max(1, len(kinds)), sharey=True, squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=False):
        axes.axhline(0.5, color=GREY, linestyle="--", linewidth=1)
        for number, (model, settings) in enumerate(curves.items()):
            shown = [s for s in settings if s["distortion"] in (UNDISTORTED, kind)]
            style = {"color": LINES[number % len(LINES)], "marker": MARKS[number % len(MARKS)]}
            axes.plot(range(len(shown)), [s["auc"] for s in shown], label=model, markersize=5, **style)
        ticks = ["as is" if s["level"] is None else f"{s['level']:g}" for s in shown]
        axes.set_xticks(range(len(ticks)), ticks)
        axes.set_xlabel(BOUNDS[kind].unit.replace(", ", ",\n", 1), fontsize=9)
        axes.set_title(kind, fontsize=11)
        axes.margins(x=0.1)
        axes.grid(axis="y", color=FAINT)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("ROC AUC on test")
    lines, names = panels[0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside lower center", ncols=len(names), frameon=False, fontsize=10)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})
