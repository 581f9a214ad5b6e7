"""The threshold from which an image is called fake: chosen on validation, and read by those who use it."""

import json
from pathlib import Path

import numpy as np

from deepfake.errors import UserError
from deepfake.evaluation.metrics import curve, f1_scores

DEFAULT = 0.5
LEVELS = ("frame", "video")


def read_thresholds(path: str | Path) -> dict[str, float]:
    """The thresholds of `frame` and `video` in a metrics.json, from 0 to 1. Raises UserError."""
    found = _threshold_in(path)
    if not isinstance(found, dict) or not all(_is_threshold(found.get(level)) for level in LEVELS):
        raise UserError(f"{path}: threshold must hold frame and video, from 0 to 1; run evaluate again")
    return {level: float(found[level]) for level in LEVELS}


def read_threshold(path: str | Path) -> float:
    """The threshold in a model's facts.json, from 0 to 1. Raises UserError."""
    found = _threshold_in(path)
    if not _is_threshold(found):
        raise UserError(f"{path}: threshold must be a number from 0 to 1; train the model again")
    return float(found)


def _threshold_in(path: str | Path) -> object:
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror}); run the step that writes it") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no JSON ({error}); run the step that writes it again") from None
    return content.get("threshold") if isinstance(content, dict) else None


def _is_threshold(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def choose_threshold(labels: np.ndarray, probabilities: np.ndarray, how: str | float = "f1_macro") -> float:
    """The best threshold for `labels` (N,) of 0 and 1 and `probabilities` (N,) of fake in [0, 1].

    `how` is "f1_macro" (the highest macro F1), "eer" (where FPR and FNR are nearest), or a number from 0 to
    1, which is given back. A threshold lies in the middle between two neighbouring distinct probabilities, or
    between 0 or 1 and the one next to it; of several as good, it is the one nearest 0.5, then the lower one.
    Without both classes nothing can be chosen, and it is 0.5. Raises UserError for any other `how`.
    """
    if not isinstance(how, str):
        if not 0 <= how <= 1:
            raise UserError(f"threshold {how}: write a number from 0 to 1, f1_macro or eer")
        return float(how)
    if how not in GAINS:
        raise UserError(f"threshold {how!r}: write f1_macro, eer or a number from 0 to 1")
    scores, tp, fp = curve(labels, probabilities)
    if not (tp[-1] > 0 and fp[-1] > 0):
        return DEFAULT
    gain = GAINS[how](tp, fp)
    between = _middles(scores)
    gain = np.where(np.isnan(between), -np.inf, gain)
    best = between[gain >= gain.max() - 1e-12]  # equal but for rounding
    return float(best[np.lexsort((best, np.abs(best - DEFAULT)))[0]])


def _f1_macro(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    return f1_scores(tp, fp, tp[-1], fp[-1])[1]


def _eer(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    return -np.abs(fp / fp[-1] - (1 - tp / tp[-1]))


GAINS = {"f1_macro": _f1_macro, "eer": _eer}
"""From a way to choose to what it makes highest, given true and false positives (K + 1,)."""


def _middles(scores: np.ndarray) -> np.ndarray:
    """A threshold for each number of `scores` (K,), falling, that are called fake (K + 1,).

    NaN for none of them where the highest is 1: no probability lies above it.
    """
    upper, lower = np.concatenate([[1.0], scores]), np.concatenate([scores, [0.0]])
    middle = lower + (upper - lower) / 2
    middle = np.where(middle > lower, middle, upper)  # between neighbours in float64 there is nothing
    middle[0] = middle[0] if scores[0] < 1 else np.nan
    return middle
