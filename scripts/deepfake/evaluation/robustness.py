"""Robustness of a detector: its metrics on the same images, distorted at one level after another."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepfake.evaluation.distortions import BOUNDS, check_levels, distort
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.predictions import aggregate_to_videos
from deepfake.hashing import seeded_hash
from deepfake.inputs.geometry import Geometry
from deepfake.inputs.pixels import fit
from deepfake.plotting import BLUE, GREY, STYLE, VERMILLION, save_svg

UNDISTORTED = "none"
ROBUSTNESS = "distortion level split images f1_macro roc_auc video_f1_macro video_roc_auc".split()
"""The columns of the results: a row for each setting, the first one UNDISTORTED."""

COLOURS = {"f1_macro": BLUE, "roc_auc": VERMILLION}
TITLES = {"f1_macro": "macro F1", "roc_auc": "ROC AUC"}
BATCH = 32  # images distorted at a time, at all levels; bounds the memory
COLUMNS = 3  # panels in a row

Setting = tuple[str, float | None]
"""A distortion and its level, or (UNDISTORTED, None)."""


def list_settings(cfg: dict[str, list[float]]) -> list[Setting]:
    """Return the settings to evaluate: undistorted, then each distortion of `cfg`, the weakest level first.

    `cfg` maps distortions to levels; repeated levels count once. Raises UserError.
    """
    settings: list[Setting] = [(UNDISTORTED, None)]
    for kind, levels in cfg.items():
        check_levels(kind, levels)
        settings += [(kind, level) for level in sorted(set(levels), reverse=BOUNDS[kind].falls)]
    return settings


def distorted_images(
    images: Iterable[np.ndarray],
    names: Iterable[str],
    settings: list[Setting],
    geometries: Sequence[Geometry],
    seed: int,
    workers: int = 1,
) -> Iterator[list[np.ndarray]]:
    """Yield each of `images`, uint8 (H, W, 3) RGB, in each of `settings`, fitted to each of `geometries`.

    For each image there are len(settings) lists with an array for each geometry. Noise depends on `seed` and
    the image's name only: it is the same at every level.
    """

    def variants(pair: tuple[np.ndarray, str]) -> list[list[np.ndarray]]:
        image, name = pair
        distorted = (_distort(image, setting, seeded_hash(seed, "noise", name)) for setting in settings)
        return [[fit(variant, geometry) for geometry in geometries] for variant in distorted]

    pairs = zip(images, names, strict=True)
    with ThreadPoolExecutor(workers) as pool:
        while batch := list(islice(pairs, BATCH)):
            for fitted in pool.map(variants, batch):
                yield from fitted


def _distort(image: np.ndarray, setting: Setting, noise_seed: int) -> np.ndarray:
    kind, level = setting
    return image if kind == UNDISTORTED else distort(image, kind, level, np.random.default_rng(noise_seed))


def evaluate_settings(
    rows: pd.DataFrame,
    probabilities: np.ndarray,
    settings: list[Setting],
    thresholds: dict[str, float],
    split: str,
) -> pd.DataFrame:
    """Return a row of ROBUSTNESS for each of `settings`; undefined metrics are None.

    `rows` (N) have the columns PREDICTIONS except for the probability. `probabilities` (N, settings) are of
    fake. `thresholds` are `frame` and `video`.
    """
    results = []
    columns = probabilities.reshape(len(rows), len(settings)).T
    for (kind, level), column in zip(settings, columns, strict=True):
        videos = aggregate_to_videos(rows.assign(probability=column.astype(np.float64)))
        of_frames = compute_metrics(rows["label"].to_numpy(), column, thresholds["frame"])
        of_videos = compute_metrics(
            videos["label"].to_numpy(), videos["probability"].to_numpy(), thresholds["video"]
        )
        row = {"distortion": kind, "level": level, "split": split, "images": len(rows)}
        row |= {name: of_frames[name] for name in TITLES}
        row |= {f"video_{name}": of_videos[name] for name in TITLES}
        results.append(row)
    return pd.DataFrame(results, columns=ROBUSTNESS)


@rc_context(STYLE)
def draw_robustness(table: pd.DataFrame, title: str, path: str | Path) -> None:
    """Write a panel for each distortion of `table` (rows of ROBUSTNESS) as SVG: F1 and AUC by level.

    Stronger levels are on the right, except for brightness, which is strong at both ends. Dashed lines are
    the undistorted images. The same table gives the same bytes.
    """
    numbers = table.astype({"level": "float64", **dict.fromkeys(TITLES, "float64")})
    kinds = [kind for kind in numbers["distortion"].unique() if kind != UNDISTORTED]
    rows = max(1, -(-len(kinds) // COLUMNS))
    figure = Figure(figsize=(9, 0.9 + 2.5 * rows), layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.02, ha="left", fontweight="bold")
    if not kinds or not table["images"].any():
        text = "evaluate.robustness is empty" if table["images"].any() else "no images to distort"
        figure.text(0.5, 0.45, text, ha="center", va="center", fontsize=12)
    else:
        panels = figure.subplots(rows, min(COLUMNS, len(kinds)), squeeze=False, sharey=True).ravel()
        undistorted = numbers[numbers["distortion"] == UNDISTORTED].iloc[0]
        for axes, kind in zip(panels, kinds, strict=False):
            _draw_panel(axes, kind, numbers[numbers["distortion"] == kind], undistorted)
        for axes in panels[len(kinds) :]:
            axes.set_axis_off()
        _draw_legend(figure, panels, len(kinds))
        figure.get_layout_engine().set(w_pad=0.1, h_pad=0.08)
    save_svg(path, figure)


def _draw_panel(axes: Axes, kind: str, part: pd.DataFrame, undistorted: pd.Series) -> None:
    for name, colour in COLOURS.items():
        axes.axhline(undistorted[name], color=colour, linestyle="--", linewidth=1)
        axes.plot(part["level"], part[name], color=colour, marker="o", markersize=4, label=TITLES[name])
    axes.set_xlabel(BOUNDS[kind].unit, fontsize=8.5)
    axes.set_title(kind, fontsize=10)
    axes.set_ylim(-0.03, 1.03)
    levels = part["level"].tolist()
    axes.set_xticks(levels, [f"{level:g}" for level in levels])
    axes.margins(x=0.08)
    axes.tick_params(labelsize=8.5)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if BOUNDS[kind].falls:
        axes.invert_xaxis()


def _draw_legend(figure: Figure, panels: np.ndarray, used: int) -> None:
    """Draw the legend in the free place after the last panel if there is one, or below all panels."""
    lines, names = panels[0].get_legend_handles_labels()
    dashed = panels[0].plot([], [], color=GREY, linestyle="--", linewidth=1)
    lines, names = [*lines, *dashed], [*names, "undistorted"]
    if used < len(panels):
        panels[used].legend(lines, names, loc="center left", frameon=False, fontsize=9.5)
    else:
        figure.legend(lines, names, loc="outside lower center", ncols=3, frameon=False, fontsize=9.5)
