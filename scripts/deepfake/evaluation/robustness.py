"""How a detector bears damaged pictures: the same images, distorted level by level, and judged again."""

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
from deepfake.evaluation.predictions import video_level
from deepfake.hashing import seeded_hash
from deepfake.inputs.geometry import Geometry
from deepfake.inputs.pixels import fit
from deepfake.plotting import BLUE, GREY, STYLE, VERMILLION, save

NONE = "none"
ROBUSTNESS = "distortion level split images f1_macro roc_auc video_f1_macro video_roc_auc".split()
COLOURS = {"f1_macro": BLUE, "roc_auc": VERMILLION}
NAMES = {"f1_macro": "macro F1", "roc_auc": "ROC AUC"}
AHEAD = 32  # images distorted at a time, at all levels; bounds the memory
COLUMNS = 3  # panels in a row

Setting = tuple[str, float | None]


def settings(cfg: dict) -> list[Setting]:
    """What is tried: undistorted first, then each distortion of `cfg`, {name: [levels]}, from mild to hard.

    A level that is written twice is tried once. Raises UserError.
    """
    found: list[Setting] = [(NONE, None)]
    for kind, levels in cfg.items():
        check_levels(kind, levels)
        found += [(kind, level) for level in sorted(set(levels), reverse=BOUNDS[kind].falls)]
    return found


def variants(
    images: Iterable[np.ndarray],
    names: Iterable[str],
    tried: list[Setting],
    geometries: Sequence[Geometry],
    seed: int,
    workers: int = 1,
) -> Iterator[list[np.ndarray]]:
    """Each of `images`, uint8 (H, W, 3) RGB, in each way of `tried`, fit to each of `geometries`.

    Noise is drawn from `seed` and the image's name: the same one at every level, every time.
    """

    def distorted(pair: tuple[np.ndarray, str]) -> list[list[np.ndarray]]:
        image, name = pair
        damaged = (_distorted(image, setting, seeded_hash(seed, "noise", name)) for setting in tried)
        return [[fit(picture, geometry) for geometry in geometries] for picture in damaged]

    pairs = zip(images, names, strict=True)
    with ThreadPoolExecutor(workers) as pool:
        while some := list(islice(pairs, AHEAD)):
            for fitted in pool.map(distorted, some):
                yield from fitted


def _distorted(image: np.ndarray, setting: Setting, drawn: int) -> np.ndarray:
    kind, level = setting
    return image if kind == NONE else distort(image, kind, level, np.random.default_rng(drawn))


def judge(
    rows: pd.DataFrame, probabilities: np.ndarray, tried: list[Setting], thresholds: dict, split: str
) -> pd.DataFrame:
    """A row of ROBUSTNESS for each of `tried`.

    `rows` (N) have the columns of predictions.PREDICTIONS but for the probability; `probabilities` (N, tried)
    are of fake; `thresholds` are those of `frame` and `video`. None stands for what is undefined.
    """
    found = []
    for (kind, level), column in zip(tried, probabilities.reshape(len(rows), len(tried)).T, strict=True):
        table = rows.assign(probability=column.astype(np.float64))
        videos = video_level(table)
        frame = compute_metrics(table["label"].to_numpy(), column, thresholds["frame"])
        video = compute_metrics(
            videos["label"].to_numpy(), videos["probability"].to_numpy(), thresholds["video"]
        )
        row = {"distortion": kind, "level": level, "split": split, "images": len(rows)}
        row |= {name: frame[name] for name in NAMES} | {f"video_{name}": video[name] for name in NAMES}
        found.append(row)
    return pd.DataFrame(found, columns=ROBUSTNESS)


@rc_context(STYLE)
def draw_robustness(table: pd.DataFrame, title: str, path: str | Path) -> None:
    """A panel for each distortion of `table` (rows of ROBUSTNESS): frame-level F1 and AUC over level, as svg.

    Harder levels lie to the right, but for brightness, which is hard at both ends. The dashed lines are the
    undistorted images'. The same table gives the same bytes.
    """
    numbers = table.astype({"level": "float64", **dict.fromkeys(NAMES, "float64")})
    kinds = [kind for kind in numbers["distortion"].unique() if kind != NONE]
    rows = max(1, -(-len(kinds) // COLUMNS))
    figure = Figure(figsize=(9, 0.9 + 2.5 * rows), layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.02, ha="left", fontweight="bold")
    if not kinds or not table["images"].any():
        text = "no distortion was asked for" if table["images"].any() else "no images to distort"
        figure.text(0.5, 0.45, text, ha="center", va="center", fontsize=12)
    else:
        panels = figure.subplots(rows, min(COLUMNS, len(kinds)), squeeze=False, sharey=True).ravel()
        whole = numbers[numbers["distortion"] == NONE].iloc[0]
        for axes, kind in zip(panels, kinds, strict=False):
            _panel(axes, kind, numbers[numbers["distortion"] == kind], whole)
        for axes in panels[len(kinds) :]:
            axes.set_axis_off()
        _legend(figure, panels, len(kinds))
        figure.get_layout_engine().set(w_pad=0.1, h_pad=0.08)
    save(path, figure)


def _panel(axes: Axes, kind: str, part: pd.DataFrame, whole: pd.Series) -> None:
    for name, colour in COLOURS.items():
        axes.axhline(whole[name], color=colour, linestyle="--", linewidth=1)
        axes.plot(part["level"], part[name], color=colour, marker="o", markersize=4, label=NAMES[name])
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


def _legend(figure: Figure, panels: np.ndarray, used: int) -> None:
    """In the free place after the last panel where there is one, else below all."""
    lines, names = panels[0].get_legend_handles_labels()
    dashed = panels[0].plot([], [], color=GREY, linestyle="--", linewidth=1)
    lines, names = [*lines, *dashed], [*names, "undistorted"]
    if used < len(panels):
        panels[used].legend(lines, names, loc="center left", frameon=False, fontsize=9.5)
    else:
        figure.legend(lines, names, loc="outside lower center", ncols=3, frameon=False, fontsize=9.5)
