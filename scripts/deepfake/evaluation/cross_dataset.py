"""Cross-dataset evaluation: train on one dataset, test on the unseen videos of another."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from deepfake.errors import UserError
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.predictions import aggregate_to_videos, read_predictions
from deepfake.plan.duplicates import cluster_hashes, parse_hashes
from deepfake.plan.links import Pair
from deepfake.plan.people import people_of_rows
from deepfake.plotting import BLACK, FAINT, GREY, STYLE, VERMILLION, save_svg

NAME_COLUMNS = ["target", "source", "original", "group"]
CROSS = (
    "model trained tested images videos left_out threshold_frame threshold_video"
    " f1_macro roc_auc video_f1_macro video_roc_auc"
).split()
"""A row for each model, dataset trained on and dataset tested on. `left_out` counts images."""

CELL = 1.45  # inches


def compare_across_datasets(
    predictions: Iterable[tuple[str, str, str, str]],
    datasets: dict[str, pd.DataFrame],
    thresholds: dict[tuple[str, str], dict[str, float]],
    distance: int,
    same_identity: list[Pair],
) -> pd.DataFrame:
    """Return a row of CROSS for each of `predictions`.

    These are tuples of the model, the dataset trained on, the dataset tested on and the csv file of
    predictions for the test split of the latter. `datasets` maps names to the rows of metadata.csv.
    `thresholds` maps model and dataset trained on to the thresholds `frame` and `video`.

    Videos that `unseen` rejects are left out, unless a model is tested on its own dataset, where the split
    policy keeps the splits apart. Raises UserError.
    """
    rows = []
    for model, trained, tested, path in predictions:
        table = read_predictions(path)
        images = metadata_of(table, datasets[tested], path)
        keep = np.ones(len(table), bool)
        if trained != tested:
            seen = datasets[trained][datasets[trained]["split"].isin(["train", "val"])]
            keep = unseen(images, seen, distance, same_identity)
        row = {"model": model, "trained": trained, "tested": tested}
        rows.append(row | evaluate_images(table, keep, thresholds[model, trained]))
    return pd.DataFrame(rows, columns=CROSS).sort_values(CROSS[:3], kind="stable", ignore_index=True)


def unseen(
    test: pd.DataFrame, train: pd.DataFrame, distance: int = 0, same_identity: list[Pair] | None = None
) -> np.ndarray:
    """Return which rows of `test` have nothing in common with `train`: bool, as long as `test`.

    Both are images of datasets, with the columns corpus, video, target, source, original, group, sha256 and
    phash of metadata.csv; `train` are those that a model was trained on or chosen by. A whole video of `test`
    is rejected if

    - it is a video of `train`: the same corpus and name;
    - its target, source, original or group occurs in any of these columns of `train`. All these names begin
      with the family of their corpus, and columns share names: a group may have the name of a person;
    - it shows a person of `train` under another name, according to the pairs `same_identity` (see
      links.read_pairs);
    - one of its images has the bytes of one of `train`, or a near perceptual hash, directly or through
      others: at most `distance` of 64 bits (0 to 7) differ.
    """
    train_names = set(train[NAME_COLUMNS].to_numpy().ravel()) - {""}
    same_name = test[NAME_COLUMNS].isin(train_names).any(axis=1)
    same_bytes = test["sha256"].isin(set(train["sha256"]))
    seen = same_name | same_bytes | _near_duplicates(test["phash"], train["phash"], distance)
    if same_identity:
        seen |= _same_people(test, train, same_identity)
    video = test["corpus"] + "/" + test["video"]
    train_videos = set(train["corpus"] + "/" + train["video"])
    return ~video.isin(train_videos | set(video[seen])).to_numpy()


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


def _near_duplicates(test: pd.Series, train: pd.Series, distance: int) -> np.ndarray:
    # A cluster is named by its first hash, and the hashes of train come first.
    cluster = cluster_hashes(parse_hashes([*train, *test]), distance)
    return cluster[len(train) :] < len(train)


def _same_people(test: pd.DataFrame, train: pd.DataFrame, same_identity: list[Pair]) -> np.ndarray:
    """Return which rows of `test` show a person of `train`, all names of a person taken as one."""
    rows = pd.concat([test, train], ignore_index=True)
    people = people_of_rows(rows, same_identity, _families(rows))
    train_people = set(people[people.index >= len(test)])
    return np.isin(np.arange(len(test)), people.index[people.isin(train_people)])


def _families(rows: pd.DataFrame) -> dict[str, str]:
    """Return the family of each corpus, with which all its names begin."""
    families = {}
    for column in NAME_COLUMNS:
        names = rows[rows[column] != ""].groupby("corpus")[column].first()
        families |= {corpus: name.partition("/")[0] for corpus, name in names.items()}
    return families


def evaluate_images(
    table: pd.DataFrame, keep: np.ndarray, thresholds: dict[str, float]
) -> dict[str, float | int | None]:
    """Return the columns of CROSS from `images` on, for rows of `table` (PREDICTIONS) where `keep` is true.

    `thresholds` are `frame` and `video`. Metrics are None if no image, or only one class, is left.
    """
    kept = table[keep]
    videos = aggregate_to_videos(kept)
    row = {"images": len(kept), "videos": len(videos), "left_out": len(table) - len(kept)}
    for level, part, prefix in (("frame", kept, ""), ("video", videos, "video_")):
        metrics = compute_metrics(part["label"].to_numpy(), part["probability"].to_numpy(), thresholds[level])
        both = part["label"].nunique() == 2
        row[f"threshold_{level}"] = thresholds[level]
        row |= {f"{prefix}{name}": metrics[name] if both else None for name in ("f1_macro", "roc_auc")}
    return {name: row[name] for name in CROSS[3:]}


@rc_context(STYLE)
def draw_cross_dataset(table: pd.DataFrame, path: str | Path) -> None:
    """Write a matrix for each model in `table` (rows of CROSS) as SVG: trained on by tested on.

    Number and colour are the macro F1 at the video level. Where a model is tested on its own dataset, the
    cell is framed. The same table gives the same bytes.
    """
    names = sorted({*table["trained"], *table["tested"]})
    models = sorted(table["model"].unique())
    side = CELL * len(names)
    size = (max(4.5, 1.6 + (side + 0.3) * len(models)), max(3.0, side + 1.9))
    figure = Figure(figsize=size, layout="constrained")
    title = "Trained on one dataset, tested on another"
    figure.suptitle(title, fontsize=11, x=0.02, ha="left", fontweight="bold")
    panels = figure.subplots(1, max(1, len(models)), squeeze=False, sharey=True)[0]
    for axes, model in zip(panels, models, strict=False):
        _draw_matrix(axes, model, table[table["model"] == model], names)
    panels[0].set_ylabel("trained on", fontsize=9)
    note = "macro F1 and ROC AUC at the video level, number of videos\nframed: the dataset's own test split"
    figure.supxlabel(note, fontsize=8.5, color=GREY)
    figure.get_layout_engine().set(h_pad=0.12)
    save_svg(path, figure)


def _draw_matrix(axes: Axes, model: str, table: pd.DataFrame, names: list[str]) -> None:
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5), aspect="equal")
    axes.set_title(_label(model), fontsize=10)
    axes.set_xlabel("tested on", fontsize=9)
    labels = [_label(name) for name in names]
    axes.set_xticks(range(len(names)), labels, fontsize=8.5)
    axes.set_yticks(range(len(names)), labels, fontsize=8.5, rotation=90, va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for row in table.to_dict("records"):
        x, y = names.index(row["tested"]), names.index(row["trained"])
        value = row["video_f1_macro"]
        defined = not pd.isna(value)
        colour = colormaps["Blues"](0.1 + 0.8 * value) if defined else FAINT
        frame = {"edgecolor": VERMILLION, "linewidth": 3} if x == y else {}
        axes.add_patch(Rectangle((x - 0.47, y - 0.47), 0.94, 0.94, facecolor=colour, **frame))
        if defined:
            ink = "white" if value > 0.6 else BLACK
            axes.text(x, y - 0.1, f"{value:.2f}", color=ink, fontsize=15, ha="center", va="center")
            small = f"AUC {row['video_roc_auc']:.2f}\n{row['videos']:,} videos"
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
