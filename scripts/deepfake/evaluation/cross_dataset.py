"""Models across datasets: trained on one, tested on another, on what they can't have seen before."""

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
from deepfake.evaluation.predictions import read_predictions, video_level
from deepfake.plan.duplicates import cluster_hashes, parse_hashes
from deepfake.plan.links import Pair
from deepfake.plan.people import people_of_rows
from deepfake.plotting import BLACK, FAINT, GREY, STYLE, VERMILLION, save

NAMES = ["target", "source", "original", "group"]
CROSS = (
    "model trained tested images videos left_out threshold_frame threshold_video"
    " f1_macro roc_auc video_f1_macro video_roc_auc"
).split()
CELL = 1.45  # inches


def compare(
    cells: Iterable[tuple[str, str, str, str]],
    datasets: dict[str, pd.DataFrame],
    thresholds: dict[tuple[str, str], dict[str, float]],
    distance: int,
    same: list[Pair],
) -> pd.DataFrame:
    """A row of CROSS for each of `cells`: model, dataset trained on, dataset tested on, csv of predictions.

    `datasets` are their metadata.csv by name, `thresholds` those of `frame` and `video` by model and dataset
    trained on. What was seen in train or val is left out by `unseen`, but for the dataset's own test, whose
    splits are apart as far as its policy says. Raises UserError.
    """
    rows = []
    for model, trained, tested, path in cells:
        table = read_predictions(path)
        images = rows_of(table, datasets[tested], path)
        keep = np.ones(len(table), bool)
        if trained != tested:
            learnt = datasets[trained][datasets[trained]["split"].isin(["train", "val"])]
            keep = unseen(images, learnt, distance, same)
        row = {"model": model, "trained": trained, "tested": tested}
        rows.append(row | judge(table, keep, thresholds[model, trained]))
    return pd.DataFrame(rows, columns=CROSS).sort_values(CROSS[:3], kind="stable", ignore_index=True)


def unseen(
    test: pd.DataFrame, train: pd.DataFrame, distance: int = 0, same: list[Pair] | None = None
) -> np.ndarray:
    """Which rows of one dataset may test a model that learnt from another's: bool, as long as `test`.

    Both have the columns corpus, video, target, source, original, group, sha256 and phash of metadata.csv;
    `train` are the rows that the model learnt or was chosen by. A video of `test` is left out whole where
    - it is a video of `train`: the same corpus and name;
    - its people (target or source), original or group are named by any of these columns in `train`. All these
      names are led by the family of their corpus, and columns share them: a group may bear a person's name;
    - it shows someone who by `same` (pairs as joins.read_same_identity gives them) is someone in `train`;
    - one of its images has the bytes of one of `train`, or a perceptual hash that is near one's, directly or
      through others: at most `distance` of 64 bits differ (0 to 7).
    """
    known = set(train[NAMES].to_numpy().ravel()) - {""}
    named = test[NAMES].isin(known).any(axis=1)
    copied = test["sha256"].isin(set(train["sha256"]))
    seen = named | copied | _near(test["phash"], train["phash"], distance)
    if same:
        seen |= _known_by_another_name(test, train, same)
    clip = test["corpus"] + "/" + test["video"]
    learnt = set(train["corpus"] + "/" + train["video"])
    return ~clip.isin(learnt | set(clip[seen])).to_numpy()


def rows_of(table: pd.DataFrame, metadata: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of a dataset's `metadata` for the images of `table` (PREDICTIONS), in its order.

    Raises UserError, led by `name`, where an image isn't in the dataset, or its label is another there.
    """
    rows = metadata.set_index("file_name").reindex(table["image"])
    other = (rows["label"] != table["label"].astype(str).to_numpy()).to_numpy()
    if other.any():
        image = table["image"][other].iloc[0]
        raise UserError(f"{name}: {image} isn't so in the dataset that it is said to be of; predict anew")
    return rows


def _near(test: pd.Series, train: pd.Series, distance: int) -> np.ndarray:
    cluster = cluster_hashes(
        parse_hashes([*train, *test]), distance
    )  # named by its first, which `train` goes before
    return cluster[len(train) :] < len(train)


def _known_by_another_name(test: pd.DataFrame, train: pd.DataFrame, same: list[Pair]) -> np.ndarray:
    """Which rows of `test` show someone of `train` once the names that `same` joins are one."""
    rows = pd.concat([test, train], ignore_index=True)
    people = people_of_rows(rows, same, _families(rows))
    known = set(people[people.index >= len(test)])
    seen = people.index[people.isin(known)]
    return np.isin(np.arange(len(test)), seen)


def _families(rows: pd.DataFrame) -> dict[str, str]:
    """The family of each corpus, which leads all its NAMES."""
    found = {}
    for column in NAMES:
        named = rows[rows[column] != ""].groupby("corpus")[column].first()
        found |= {corpus: name.partition("/")[0] for corpus, name in named.items()}
    return found


def judge(table: pd.DataFrame, keep: np.ndarray, thresholds: dict) -> dict[str, float | int | None]:
    """The columns of CROSS from `images` on, for the rows of `table` (PREDICTIONS) that `keep` is true for.

    `thresholds` are those of `frame` and `video`, fixed on the val split of what the model was trained on.
    None stands for what is undefined: all of it, where nothing or only one class is left.
    """
    left = table[keep]
    videos = video_level(left)
    row = {"images": len(left), "videos": len(videos), "left_out": len(table) - len(left)}
    for level, part, lead in (("frame", left, ""), ("video", videos, "video_")):
        found = compute_metrics(part["label"].to_numpy(), part["probability"].to_numpy(), thresholds[level])
        both = part["label"].nunique() == 2
        row[f"threshold_{level}"] = thresholds[level]
        row |= {f"{lead}{name}": found[name] if both else None for name in ("f1_macro", "roc_auc")}
    return {name: row[name] for name in CROSS[3:]}


@rc_context(STYLE)
def draw_across(table: pd.DataFrame, path: str | Path) -> None:
    """A matrix for each model of `table` (rows of CROSS) as svg: a row trained on, a column tested on.

    Number and colour are the video-level macro F1; a dataset's own test has a frame. The same table gives the
    same bytes.
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
        _panel(axes, model, table[table["model"] == model], names)
    panels[0].set_ylabel("trained on", fontsize=9)
    key = "macro F1 and ROC AUC at video level, videos judged\nframed: the dataset's own test"
    figure.supxlabel(key, fontsize=8.5, color=GREY)
    figure.get_layout_engine().set(h_pad=0.12)
    save(path, figure)


def _panel(axes: Axes, model: str, table: pd.DataFrame, names: list[str]) -> None:
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5), aspect="equal")
    axes.set_title(_plain(model), fontsize=10)
    axes.set_xlabel("tested on", fontsize=9)
    axes.set_xticks(range(len(names)), [_plain(name) for name in names], fontsize=8.5)
    axes.set_yticks(
        range(len(names)), [_plain(name) for name in names], fontsize=8.5, rotation=90, va="center"
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for row in table.to_dict("records"):
        x, y = names.index(row["tested"]), names.index(row["trained"])
        value = row["video_f1_macro"]
        known = not pd.isna(value)
        colour = colormaps["Blues"](0.1 + 0.8 * value) if known else FAINT
        frame = {"edgecolor": VERMILLION, "linewidth": 3} if x == y else {}
        axes.add_patch(Rectangle((x - 0.47, y - 0.47), 0.94, 0.94, facecolor=colour, **frame))
        ink = "white" if known and value > 0.6 else BLACK
        if known:
            axes.text(x, y - 0.1, f"{value:.2f}", color=ink, fontsize=15, ha="center", va="center")
            small = f"AUC {row['video_roc_auc']:.2f}\n{row['videos']:,} videos"
            axes.text(x, y + 0.22, small, color=ink, fontsize=8, ha="center", va="center")
        else:
            axes.text(x, y, _why(row), color=GREY, fontsize=9, ha="center", va="center")


def _why(row: dict) -> str:
    """Why there is no number."""
    if row["images"]:
        return "one class\nleft" if row["left_out"] else "one class"
    return "seen" if row["left_out"] else "no test\nimages"


def _plain(text: str) -> str:
    """`text` as it is, not as TeX, on two lines where it is long."""
    plain = "".join(c if c.isprintable() else "?" for c in text).replace("$", r"\$")
    return plain if len(plain) <= 16 else f"{plain[:16]}\n{plain[16:31]}{'…' if len(plain) > 31 else ''}"
