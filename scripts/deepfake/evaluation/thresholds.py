"""The threshold at and above which an image is predicted fake: chosen on the validation set."""

import json
from pathlib import Path

import numpy as np

from deepfake.errors import UserError
from deepfake.evaluation.metrics import f1_scores
from deepfake.evaluation.roc import roc_counts

DEFAULT = 0.5
LEVELS = ("frame", "video")
POOLED = "pooled"  # the level of videos whose score is pooled by a model's attention over frames
MOST_PEOPLE = 8  # of a video, for whom there is a threshold of their own; more people have that of so many
SOURCES = ("val", "config", "default")
"""Where thresholds are from: chosen on val, a number of the config, or DEFAULT because val lacks a class."""


def read_thresholds(path: str | Path) -> dict[str, float]:
    """Return the thresholds `frame` and `video` of a metrics.json, from 0 to 1. Raises UserError."""
    thresholds = _read_object(path).get("threshold")
    if not isinstance(thresholds, dict) or not all(_is_threshold(thresholds.get(level)) for level in LEVELS):
        raise UserError(f"{path}: threshold must hold frame and video, from 0 to 1; run evaluate again")
    return {level: float(thresholds[level]) for level in LEVELS}


def read_model_thresholds(path: str | Path) -> dict[str, float | str]:
    """Return the thresholds of a model's facts.json, which are those of its best.pt.

    The keys are `frame` and `video`, from 0 to 1; `people`, those of `people_thresholds`; `how` they were
    chosen, a method of `choose_threshold`; and `from`, one of SOURCES. Raises UserError.
    """
    facts = _read_object(path)
    thresholds = {"frame": facts.get("threshold"), "video": facts.get("video_threshold")}
    choice, people = facts.get("threshold_choice"), facts.get("people_thresholds")
    if not all(map(_is_threshold, thresholds.values())) or not isinstance(choice, dict):
        raise UserError(f"{path}: threshold must be a number from 0 to 1; run finish again")
    if choice.get("from") not in SOURCES or not isinstance(choice.get("how"), str | int | float):
        raise UserError(
            f"{path}: threshold_choice doesn't say how the threshold was chosen; run finish again"
        )
    if not isinstance(people, list) or not people or not all(map(_is_threshold, people)):
        raise UserError(f"{path}: people_thresholds must be numbers from 0 to 1; run finish again")
    own = {level: float(value) for level, value in thresholds.items()} | {"people": people}
    return own | {key: choice[key] for key in ("how", "from")}


def _read_object(path: str | Path) -> dict:
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror}); run the step that writes it") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no JSON ({error}); run the step that writes it again") from None
    return content if isinstance(content, dict) else {}


def _is_threshold(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def source_of_threshold(labels: np.ndarray, method: str | float) -> str:
    """Return which of SOURCES a threshold that `choose_threshold` chooses for `labels` (N,) is from."""
    if not isinstance(method, str):
        return "config"
    return "val" if len(set(labels.tolist())) == 2 else "default"


def choose_threshold(
    labels: np.ndarray, probabilities: np.ndarray, method: str | float = "f1_macro"
) -> float:
    """Return the best threshold for `labels` (N,), 0 or 1, and `probabilities` (N,) of fake in [0, 1].

    `method` is "f1_macro" (the highest macro F1), "eer" (where FPR and FNR are nearest), or a number from 0
    to 1, which is returned. A threshold is the middle between two neighbouring distinct probabilities, or
    between 0 or 1 and the nearest one. Among equally good thresholds it is the one nearest 0.5, then the
    lower one. Without both classes it is 0.5.

    Raises UserError for another `method`.
    """
    if not isinstance(method, str):
        if not 0 <= method <= 1:
            raise UserError(f"threshold {method}: write a number from 0 to 1, f1_macro or eer")
        return float(method)
    if method not in OBJECTIVES:
        raise UserError(f"threshold {method!r}: write f1_macro, eer or a number from 0 to 1")
    scores, tp, fp = roc_counts(labels, probabilities)
    if not (tp[-1] > 0 and fp[-1] > 0):
        return DEFAULT
    objective = OBJECTIVES[method](tp, fp)
    thresholds = _thresholds_between(scores)
    objective = np.where(np.isnan(thresholds), -np.inf, objective)
    best = thresholds[objective >= objective.max() - 1e-12]  # equal except for rounding
    return float(best[np.lexsort((best, np.abs(best - DEFAULT)))[0]])


def people_thresholds(labels: np.ndarray, scores: np.ndarray, threshold: float) -> list[float]:
    """Return the thresholds of videos of 1 to MOST_PEOPLE people whose highest score decides.

    `labels` (N,), 0 or 1, and `scores` (N,) in [0, 1] are of videos of one person each, and `threshold` is
    theirs. If a real one reaches it with probability a, the highest of k real people reaches it with
    probability 1 - (1 - a)^k. At the threshold for k people a single real person is at or above with
    probability 1 - (1 - a)^(1/k) at most, so that a real video of k people is called fake as rarely as one of
    one person, if their scores are independent (Šidák, "Rectangular confidence regions for the means of
    multivariate normal distributions", 1967).

    Probabilities are shares of the real videos. Where fewer than one of them would be allowed, the threshold
    is right above the highest real score. Where none reaches `threshold`, or there is none, nothing is known
    and `threshold` stays. The thresholds never fall; the first one is `threshold`.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    reals, alarms = int((labels == 0).sum()), int((scores[labels == 0] >= threshold).sum())
    result = [float(threshold)] * MOST_PEOPLE
    if not 0 < alarms < reals:
        return result
    found, _, false_positives = roc_counts(labels, scores)
    possible = _thresholds_between(found)
    for people in range(2, MOST_PEOPLE + 1):
        allowed = reals * -np.expm1(np.log1p(-alarms / reals) / people)
        lowest = np.nanmin(possible[false_positives <= allowed], initial=1.0)  # 1.0: a real video has it
        result[people - 1] = max(result[people - 2], float(lowest))
    return result


def _f1_macro(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    return f1_scores(tp, fp, tp[-1], fp[-1])[1]


def _negative_rate_gap(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    return -np.abs(fp / fp[-1] - (1 - tp / tp[-1]))


OBJECTIVES = {"f1_macro": _f1_macro, "eer": _negative_rate_gap}
"""What each method maximises, as a function of true and false positives (K + 1,)."""


def _thresholds_between(scores: np.ndarray) -> np.ndarray:
    """Return thresholds (K + 1,) between `scores` (K,), descending: with number k the k highest are fake.

    Number 0 is NaN if the highest score is 1: no threshold is above that.
    """
    upper, lower = np.concatenate([[1.0], scores]), np.concatenate([scores, [0.0]])
    middle = lower + (upper - lower) / 2
    middle = np.where(middle > lower, middle, upper)  # there is nothing between neighbouring floats
    middle[0] = middle[0] if scores[0] < 1 else np.nan
    return middle
