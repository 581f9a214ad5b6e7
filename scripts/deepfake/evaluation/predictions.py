"""The table of predictions: a row for each image, with the probability that it is fake."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from deepfake.errors import UserError
from deepfake.evaluation.thresholds import choose_threshold, source_of_threshold
from deepfake.tables import AS_TEXT

PREDICTIONS = "image corpus video method label target group person attributes probability".split()
"""The columns of the table. `person` is who the video shows by its faces, "" if unknown or by names alone;
`attributes` a JSON object of what else the corpus says of the video, "" if nothing; `probability` is that of
fake."""

OPTIONAL = {"person": "", "attributes": ""}
"""The columns that a table may lack, and what they are then."""

UNIT_KINDS = ("person", "group", "video")
"""What the bootstrap draws, with what else belongs to it; see `resampling_unit`."""

ATTENTION = "attention"
"""The column of the scores by which a model weighs the frames of a video, empty for a model that has none. A
table has it after PREDICTIONS where it isn't empty."""

MARGIN = 1e-9
"""How near to 0 and 1 a probability may be that is turned into a logit."""

VIDEO_KEY = ["corpus", "video", "method"]
"""The columns that identify a video. Corpus and name aren't enough: the fakes of FaceForensics++ by different
methods share names."""


def write_predictions(table: pd.DataFrame, path: str | Path) -> None:
    """Write PREDICTIONS and ATTENTION as csv, sorted by image, with numbers of 9 significant digits.

    `table` may lack the columns OPTIONAL, and ATTENTION.
    """
    table = _with_optional(table).reindex(columns=[*PREDICTIONS, ATTENTION])
    table = table.sort_values("image", kind="stable")
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8", float_format="%.9g")


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Return the columns PREDICTIONS: `label` int64, `probability` float64 in [0, 1], all others text.

    ATTENTION, float64, is there only if it isn't empty. Raises UserError if the file or a column is missing,
    a label isn't 0 or 1, a probability isn't from 0 to 1, an attention is no number, or an image occurs
    twice.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror}); run predict.py first") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no table of predictions: {error}") from None
    table, required = _with_optional(table), [name for name in PREDICTIONS if name not in OPTIONAL]
    if missing := [name for name in required if name not in table]:
        raise UserError(f"{path}: no column {', '.join(missing)}; required are {', '.join(required)}")
    if invalid := sorted(set(table["label"]) - {"0", "1"}):
        raise UserError(f"{path}: label {invalid[0]!r}; write 0 for real, 1 for fake")
    probabilities = pd.to_numeric(table["probability"], errors="coerce")
    outside = ~probabilities.between(0, 1)  # NaN too
    if outside.any():
        first = table["probability"][outside].iloc[0]
        raise UserError(f"{path}: probability {first!r}; write numbers from 0 to 1, such as 0.8")
    repeated = table["image"].duplicated()
    if repeated.any():
        raise UserError(f"{path}: image {table['image'][repeated].iloc[0]!r} occurs twice")
    attention = _attention(table, path)
    return table[PREDICTIONS].assign(
        label=table["label"].astype("int64"), probability=probabilities.astype("float64"), **attention
    )


def _attention(table: pd.DataFrame, path: str | Path) -> dict[str, pd.Series]:
    """Return the column ATTENTION of a table of text, float64, by its name; {} if it has none."""
    if ATTENTION not in table or (table[ATTENTION] == "").all():
        return {}
    scores = pd.to_numeric(table[ATTENTION], errors="coerce").astype("float64")
    invalid = ~np.isfinite(scores)
    if invalid.any():
        first = table[ATTENTION][invalid].iloc[0]
        raise UserError(f"{path}: {ATTENTION} {first!r}; write a number for each image, or for none")
    return {ATTENTION: scores}


def people_by_faces(rows: pd.DataFrame, path: str | Path) -> np.ndarray:
    """Return who each of `rows` (corpus, video) shows, by a plan's table of people; text (n,), "" if unknown.

    Raises UserError if the file can't be read.
    """
    try:
        people = pd.read_csv(path, usecols=["corpus", "video", "person"], **AS_TEXT)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is no table of people ({error}); run plan again") from None
    names = zip(people["corpus"], people["video"], strict=True)
    known = dict(zip(names, people["person"], strict=True))
    return np.array([known.get(name, "") for name in zip(rows["corpus"], rows["video"], strict=True)], object)


def aggregate_to_videos(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each video of PREDICTIONS, with the mean probability of its images.

    Columns are VIDEO_KEY, label, target, group, person, attributes, `images` (their number) and probability.
    """
    videos = _with_optional(table).groupby(VIDEO_KEY, sort=True)
    firsts = videos[["label", "target", "group", *OPTIONAL]].first()
    numbers = videos.agg(images=("image", "size"), probability=("probability", "mean"))
    return firsts.join(numbers).reset_index()


def pool_videos(table: pd.DataFrame) -> pd.DataFrame:
    """Return what `aggregate_to_videos` does, with the probability pooled by ATTENTION, which `table` has.

    It is that of the mean of the frames' logits, weighed by the softmax of their scores.
    """
    probability = table["probability"].clip(MARGIN, 1 - MARGIN)
    logit = np.log(probability) - np.log1p(-probability)
    by_video = [table[name] for name in VIDEO_KEY]
    weight = np.exp(table[ATTENTION] - table[ATTENTION].groupby(by_video).transform("max"))
    sums = pd.DataFrame({"logit": weight * logit, "weight": weight}).groupby(by_video, sort=True).sum()
    pooled = 1 / (1 + np.exp(-(sums["logit"] / sums["weight"]).to_numpy()))
    return aggregate_to_videos(table).assign(probability=pooled)


def choose_thresholds(table: pd.DataFrame, method: str | float = "f1_macro") -> dict[str, float]:
    """Return the best `threshold` for images and the best `video_threshold` for videos of PREDICTIONS.

    `method` is that of `choose_threshold`. Without both classes, both are 0.5, or `method` if that is a
    number.
    """
    videos = aggregate_to_videos(table)
    return {
        name: choose_threshold(part["label"].to_numpy(), part["probability"].to_numpy(), method)
        for name, part in {"threshold": table, "video_threshold": videos}.items()
    }


def thresholds_of(table: pd.DataFrame, method: str | float) -> dict[str, float | str]:
    """Return the thresholds that `choose_thresholds` gives, and where they are from.

    The keys are `frame` and `video`; `how`, which is `method`; and `from`, one of thresholds.SOURCES.
    """
    chosen = choose_thresholds(table, method)
    return {
        "frame": chosen["threshold"],
        "video": chosen["video_threshold"],
        "how": method,
        "from": source_of_threshold(table["label"].to_numpy(), method),
    }


def resampling_unit(table: pd.DataFrame) -> pd.Series:
    """Return the unit of each row for the bootstrap: its target person, else its group, else its video.

    Who the target is, names say first, then faces. Frames of one person aren't independent samples; a
    confidence interval over frames would be far too narrow. Names of units begin with "person:", "group:" or
    "video:".
    """
    table = _with_optional(table)
    person = np.where(table["target"] != "", table["target"], table["person"])
    video = "video:" + table["corpus"] + "/" + table["video"]
    group = np.where(table["group"] != "", "group:" + table["group"], video)
    return pd.Series(np.where(person != "", "person:" + person.astype(str), group), table.index)


def count_units(units: Iterable[str]) -> dict[str, int]:
    """Return how many of the different `units` of `resampling_unit` are persons, groups and videos."""
    kinds = [unit.partition(":")[0] for unit in set(units)]
    return {kind: kinds.count(kind) for kind in UNIT_KINDS}


def _with_optional(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{name: value for name, value in OPTIONAL.items() if name not in table})
