"""Cross-dataset evaluation: train on one dataset, test on the unseen videos of another."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from deepfake.errors import UserError
from deepfake.evaluation.measure import measure
from deepfake.evaluation.predictions import aggregate_to_videos, read_predictions
from deepfake.evaluation.unseen import Faces, unseen
from deepfake.hashing import seeded_hash
from deepfake.people.video_vectors import VideoVectors
from deepfake.plan.links import Pair
from deepfake.plotting import BLACK, FAINT, GREY, STYLE, VERMILLION, save_svg

NUMBERS = "f1_macro roc_auc video_f1_macro video_roc_auc".split()
CROSS = [
    *"model trained tested images videos left_out people threshold_frame threshold_video".split(),
    *NUMBERS,
    *(f"{name}_{end}" for name in NUMBERS for end in ("low", "high")),
]
"""A row for each model, dataset trained on and dataset tested on. `left_out` counts images. `people` says by
what people of the two are kept apart: `split` (one dataset, by its policy), `faces` (and names), or `names`.
The ends `low` and `high` are those of 95 % intervals over people."""

CELL = 1.45  # inches


def compare_across_datasets(
    predictions: Iterable[tuple[str, str, str, str]],
    datasets: dict[str, pd.DataFrame],
    thresholds: dict[tuple[str, str], dict[str, float]],
    distance: int,
    same_identity: list[Pair],
    faces: Mapping[str, tuple[VideoVectors, float]] | None = None,
    rounds: int = 0,
    seed: int = 0,
) -> pd.DataFrame:
    """Return a row of CROSS for each of `predictions`.

    These are tuples of the model, the dataset trained on, the dataset tested on and the csv file of
    predictions for the test split of the latter. `datasets` maps names to the rows of metadata.csv.
    `thresholds` maps model and dataset trained on to the thresholds `frame` and `video`, `faces` datasets
    that go by faces to those of their videos, and the distance up to which two look alike. `rounds` is the
    number of resamples of the intervals, which depend on `seed`.

    Videos that `unseen` rejects are left out, unless a model is tested on its own dataset, where the split
    policy keeps the splits apart. Raises UserError.
    """
    rows = []
    for model, trained, tested, path in predictions:
        table = read_predictions(path)
        images = metadata_of(table, datasets[tested], path)
        keep, people = np.ones(len(table), bool), "split"
        if trained != tested:
            seen = datasets[trained][datasets[trained]["split"].isin(["train", "val"])]
            known = _faces_of_both(faces or {}, tested, trained)
            keep, people = unseen(images, seen, distance, same_identity, known), "faces" if known else "names"
        row = {"model": model, "trained": trained, "tested": tested, "people": people}
        resampling = rounds, seeded_hash(seed, "cross", model, trained, tested)
        rows.append(row | evaluate_images(table, keep, thresholds[model, trained], *resampling))
    return pd.DataFrame(rows, columns=CROSS).sort_values(CROSS[:3], kind="stable", ignore_index=True)


def _faces_of_both(
    faces: Mapping[str, tuple[VideoVectors, float]], tested: str, trained: str
) -> Faces | None:
    """Return the faces of two datasets, with the larger of their distances; None if one goes by names."""
    if not {tested, trained} <= set(faces):
        return None
    (test, guard), (train, other_guard) = faces[tested], faces[trained]
    return Faces(test, train, max(guard, other_guard))


def metadata_of(table: pd.DataFrame, metadata: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of `metadata` for the images of `table` (PREDICTIONS), in the order of `table`.

    Raises UserError, which begins with `name`, if an image isn't in the dataset or has another label there.
    """
    rows = metadata.set_index("file_name").reindex(table["image"])
    differ = (rows["label"] != table["label"].astype(str).to_numpy()).to_numpy()
    if differ.any():
        image = table["image"][differ].iloc[0]
        raise UserError(f"{name}: {image} isn't in the dataset with this label; run predict.py again")
    return rows


def evaluate_images(
    table: pd.DataFrame, keep: np.ndarray, thresholds: dict[str, float], rounds: int = 0, seed: int = 0
) -> dict[str, float | int | None]:
    """Return the columns of CROSS from `images` on, for rows of `table` (PREDICTIONS) where `keep` is true.

    `thresholds` are `frame` and `video`; intervals are of `rounds` resamples over people. Metrics are None if
    no image, or only one class, is left.
    """
    kept = table[keep]
    videos = aggregate_to_videos(kept)
    row = {"images": len(kept), "videos": len(videos), "left_out": len(table) - len(kept)}
    for level, part, prefix in (("frame", kept, ""), ("video", videos, "video_")):
        row[f"threshold_{level}"] = thresholds[level]
        both = part["label"].nunique() == 2
        measured = measure(part, thresholds[level], rounds, seed) if both else {}
        for name in ("f1_macro", "roc_auc"):
            numbers = measured.get(name, {})
            row[f"{prefix}{name}"] = numbers.get("value")
            row |= {f"{prefix}{name}_{end}": numbers.get(end) for end in ("low", "high")}
    return {name: row[name] for name in CROSS if name in row}


@rc_context(STYLE)
def draw_cross_dataset(table: pd.DataFrame, path: str | Path) -> None:
    """Write a matrix for each model in `table` (rows of CROSS) as SVG: trained on by tested on.

    Number and colour are the macro F1 at the video level. Where a model is tested on its own dataset, the
    cell is framed. The same table gives the same bytes.
    """
    trained, tested = sorted(table["trained"].unique()), sorted(table["tested"].unique())
    models = sorted(table["model"].unique())
    below = len(trained) < len(tested)  # flat matrices one below the other, square ones side by side
    down, across = (len(models) or 1, 1) if below else (1, len(models) or 1)
    width, height = CELL * len(tested) + 0.3, CELL * len(trained) + 0.3 + 0.8 * below
    figure = Figure(
        figsize=(max(4.5, 1.6 + width * across), max(3.0, 1.6 + height * down)), layout="constrained"
    )
    title = "Trained on one dataset, tested on another"
    figure.suptitle(title, fontsize=11, x=0.02, ha="left", fontweight="bold")
    panels = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for axes, model in zip(panels, models, strict=False):
        _draw_matrix(axes, model, table[table["model"] == model], trained, tested)
    panels[0].set_ylabel("trained on", fontsize=9)
    note = (
        "macro F1, ROC AUC with its 95 % interval, and number of videos, at the video level\n"
        "framed: the dataset's own test split"
    )
    figure.supxlabel(note, fontsize=8.5, color=GREY)
    figure.get_layout_engine().set(h_pad=0.12)
    save_svg(path, figure)


def _draw_matrix(axes: Axes, model: str, table: pd.DataFrame, trained: list[str], tested: list[str]) -> None:
    axes.set(xlim=(-0.5, len(tested) - 0.5), ylim=(len(trained) - 0.5, -0.5), aspect="equal")
    axes.set_title(_label(model), fontsize=10)
    axes.set_xlabel("tested on", fontsize=9)
    axes.set_xticks(range(len(tested)), map(_label, tested), fontsize=8.5)
    axes.set_yticks(range(len(trained)), map(_label, trained), fontsize=8.5, rotation=90, va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for row in table.to_dict("records"):
        x, y = tested.index(row["tested"]), trained.index(row["trained"])
        value = row["video_f1_macro"]
        defined = not pd.isna(value)
        colour = colormaps["Blues"](0.1 + 0.8 * value) if defined else FAINT
        frame = {"edgecolor": VERMILLION, "linewidth": 3} if row["trained"] == row["tested"] else {}
        axes.add_patch(Rectangle((x - 0.47, y - 0.47), 0.94, 0.94, facecolor=colour, **frame))
        if defined:
            ink = "white" if value > 0.6 else BLACK
            axes.text(x, y - 0.16, f"{value:.2f}", color=ink, fontsize=15, ha="center", va="center")
            auc = f"AUC {row['video_roc_auc']:.2f}"
            if not pd.isna(row["video_roc_auc_low"]):
                auc += f"\n{row['video_roc_auc_low']:.2f} to {row['video_roc_auc_high']:.2f}"
            small = f"{auc}\n{row['videos']:,} videos"
            axes.text(x, y + 0.22, small, color=ink, fontsize=8, ha="center", va="center")
        else:
            axes.text(x, y, _why_undefined(row), color=GREY, fontsize=9, ha="center", va="center")


def _why_undefined(row: dict) -> str:
    if row["images"]:
        return "one class\nleft" if row["left_out"] else "one class"
    return "all seen" if row["left_out"] else "no test\nimages"


def _label(text: str) -> str:
    """Return `text` without TeX, on two lines if it is long."""
    plain = "".join(c if c.isprintable() else "?" for c in text).replace("$", r"\$")
    return plain if len(plain) <= 16 else f"{plain[:16]}\n{plain[16:31]}{'…' if len(plain) > 31 else ''}"
