"""The table of predictions: one row an image, with the probability that it is fake."""

from pathlib import Path

import numpy as np
import pandas as pd

from deepfake.errors import UserError
from deepfake.evaluation.thresholds import choose_threshold

PREDICTIONS = "image corpus video method label target group probability".split()
VIDEO = ["corpus", "video", "method"]
"""What makes a video: by name alone the four fakes of one pair of FaceForensics++ would melt into one."""


def write_predictions(table: pd.DataFrame, path: str | Path) -> None:
    """Write rows of PREDICTIONS as csv, ordered by image; probabilities with 9 digits."""
    table = table[PREDICTIONS].sort_values("image", kind="stable")
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8", float_format="%.9g")


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Read what `write_predictions` wrote; `label` int64, `probability` float64 in [0, 1], the rest text.

    Raises UserError where the file or a column is missing, a label isn't 0 or 1, a probability isn't
    from 0 to 1, or an image comes twice.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror}); predict it first") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no table of predictions: {error}") from None
    if missing := [name for name in PREDICTIONS if name not in table]:
        raise UserError(f"{path}: no column {', '.join(missing)}; there must be {', '.join(PREDICTIONS)}")
    if strange := sorted(set(table["label"]) - {"0", "1"}):
        raise UserError(f"{path}: label {strange[0]!r}; write 0 for real, 1 for fake")
    numbers = pd.to_numeric(table["probability"], errors="coerce")
    outside = ~numbers.between(0, 1)  # also what is no number
    if outside.any():
        raise UserError(
            f"{path}: probability {table['probability'][outside].iloc[0]!r}; write numbers from 0 to 1"
        )
    if table["image"].duplicated().any():
        raise UserError(
            f"{path}: image {table['image'][table['image'].duplicated()].iloc[0]!r} is there twice"
        )
    return table[PREDICTIONS].assign(
        label=table["label"].astype("int64"), probability=numbers.astype("float64")
    )


def video_level(table: pd.DataFrame) -> pd.DataFrame:
    """A row a video: VIDEO, label, target, group, the number of its `images`, and their mean probability."""
    whole = table.groupby(VIDEO, sort=True)
    firsts = whole[["label", "target", "group"]].first()
    numbers = whole.agg(images=("image", "size"), probability=("probability", "mean"))
    return firsts.join(numbers).reset_index()


def choose_thresholds(table: pd.DataFrame, how: str | float = "f1_macro") -> dict[str, float]:
    """The `threshold` of images and the `video_threshold` of videos that are best on `table`.

    Rows have PREDICTIONS; `how` is as with choose_threshold. Without both classes both are 0.5, or the
    number that `how` is.
    """
    videos = video_level(table)
    return {
        name: choose_threshold(part["label"].to_numpy(), part["probability"].to_numpy(), how)
        for name, part in {"threshold": table, "video_threshold": videos}.items()
    }


def unit_of(table: pd.DataFrame) -> pd.Series:
    """What belongs together when chance is judged: the person filmed, else the group, else the video.

    Frames of one person aren't independent draws; an interval over frames would be far too narrow. Who is
    not known is passed over.
    """
    video = "video:" + table["corpus"] + "/" + table["video"]
    known = np.where(table["group"] != "", "group:" + table["group"], video)
    return pd.Series(np.where(table["target"] != "", "person:" + table["target"], known), table.index)
