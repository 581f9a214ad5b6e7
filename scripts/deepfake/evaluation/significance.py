"""Which of several models is better on the same test videos, and whether the difference may be chance."""

from itertools import chain, combinations
from math import isfinite, nan

import numpy as np
import pandas as pd

from deepfake.errors import UserError
from deepfake.evaluation.bootstrap import FEW_UNITS, MIN_UNITS, interval, resampled_weights
from deepfake.evaluation.delong import compare_aucs
from deepfake.evaluation.metrics import compute_metrics, f1_scores
from deepfake.evaluation.predictions import VIDEO_KEY, aggregate_to_videos, count_units, resampling_unit
from deepfake.evaluation.roc import roc_auc, roc_counts
from deepfake.hashing import seeded_hash

SCORES = ("f1_macro", "roc_auc")
"""The metrics of videos by which models are compared."""

TESTS = [("f1_macro", "bootstrap"), ("roc_auc", "bootstrap"), ("roc_auc", "delong")]
"""The scores and tests of a pair of models. Each is corrected for the number of pairs on its own."""

ALPHA = 0.05
"""The corrected p at or below which one model is called better; intervals hold the rest."""

ROUNDS_PER_PAIR = 200
"""Rounds of the bootstrap for each pair. No p is below 2 / (rounds + 1): with fewer, no difference could
remain after the correction for many pairs."""

DIGITS = 9  # significant ones; the last digits of a sum differ between processors

Samples = dict[tuple[str, str], np.ndarray]
"""The score of each round, (rounds,), by model and score."""


def compare_models(
    predictions: dict[str, pd.DataFrame], thresholds: dict[str, float], rounds: int, seed: int
) -> dict:
    """Return how models differ on the test videos of one dataset: the content of significance.json.

    `predictions` are tables of PREDICTIONS by the models' names, all of the same videos, or empty;
    `thresholds` are those of videos. The bootstrap has `rounds`, or ROUNDS_PER_PAIR for each pair of models
    if that is more. The result has:

    - `videos`, `real`, `fake`; `units`, the numbers of persons, groups and videos that the bootstrap draws;
      `rounds`, `alpha`; and `note`, why nothing can be compared or nobody is called better, else "";
    - `models`: `model`, its SCORES, and `counts` {score: {wins, losses, ties}} of its pairs by the bootstrap;
    - `pairs`: `model`, `other`, and `tests`, a row for each of TESTS: `score`, `test`, `difference` (model
      less other), its interval `low` and `high`, `p`, `p_holm` (corrected over all pairs), and `better`, the
      name of the better model, or null if neither is.

    The bootstrap draws units with replacement, the same ones for both models of a pair. DeLong's test takes
    videos for independent. With fewer than FEW_UNITS units neither model is called better. Numbers that are
    not defined are null. Raises UserError for models of different videos or labels.
    """
    tested = {name: aggregate_to_videos(table) for name, table in predictions.items() if len(table)}
    _check_same_videos(tested)
    pairs = list(combinations(predictions, 2))
    videos = next(iter(tested.values()), None)
    labels = np.array([]) if videos is None else videos["label"].to_numpy()
    units = np.array([]) if videos is None else resampling_unit(videos).to_numpy()
    number = len(np.unique(units))
    rounds = max(rounds, ROUNDS_PER_PAIR * len(pairs)) if number >= MIN_UNITS else 0
    probabilities = {name: table["probability"].to_numpy() for name, table in tested.items()}
    scores = {n: compute_metrics(labels, p, thresholds[n]) for n, p in probabilities.items()}
    samples = _resample_scores(labels, probabilities, thresholds, units, rounds, seed)
    results = [_compare_pair(labels, probabilities, scores, samples, pair) for pair in pairs]
    _correct(pairs, results)
    if number < FEW_UNITS:
        for row in chain(*results):
            row["better"] = None
    return {
        "videos": len(labels),
        "real": int((labels == 0).sum()),
        "fake": int((labels == 1).sum()),
        "units": count_units(units),
        "rounds": rounds,
        "alpha": ALPHA,
        "note": _note(labels, number),
        "models": [
            {
                "model": name,
                **{score: _number(scores.get(name, {}).get(score)) for score in SCORES},
                "counts": _count(name, pairs, results),
            }
            for name in predictions
        ],
        "pairs": [
            {
                "model": one,
                "other": other,
                "tests": [{k: _number(v) for k, v in row.items()} for row in tests],
            }
            for (one, other), tests in zip(pairs, results, strict=True)
        ],
    }


def bootstrap_p(differences: np.ndarray) -> float:
    """Return the two-sided p of the hypothesis that a difference is 0, from that of each round, (rounds,).

    It is twice the smaller of two shares of rounds, those at or below 0 and those at or above it, each with
    one round more (Davison and Hinkley, "Bootstrap Methods and their Application", 1997, chapter 4). So it is
    below 0.05 about where the 95 % interval excludes 0. nan if most of the rounds are nan.
    """
    defined = differences[~np.isnan(differences)]
    if not len(defined) or 2 * len(defined) < len(differences):
        return nan
    fewer = min(np.count_nonzero(defined <= 0), np.count_nonzero(defined >= 0))
    return min(1.0, 2 * (fewer + 1) / (len(defined) + 1))


def holm(p: list[float]) -> list[float]:
    """Return p-values corrected for their number; nan is no comparison and stays nan.

    The smallest of N is multiplied by N, the next one by N - 1 and so on, and none is below one before it
    (Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics
    1979). If no difference is real, the chance that any corrected p is below 0.05 is at most 5 %.
    """
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")[: np.count_nonzero(~np.isnan(values))]
    corrected = np.full(len(values), nan)
    multiplied = values[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1, np.maximum.accumulate(multiplied))
    return corrected.tolist()


def _check_same_videos(tested: dict[str, pd.DataFrame]) -> None:
    columns = [*VIDEO_KEY, "label"]
    first = next(iter(tested), "")
    for name, table in tested.items():
        both = tested[first][columns].merge(table[columns], how="outer", indicator=True)
        differ = both[both["_merge"] != "both"]
        if len(differ):
            corpus, video = differ[["corpus", "video"]].iloc[0]
            raise UserError(
                f"{first} and {name} were not tested on the same videos with the same labels: see"
                f" {corpus}/{video}; run predict again for both"
            )


def _resample_scores(
    labels: np.ndarray,
    probabilities: dict[str, np.ndarray],
    thresholds: dict[str, float],
    units: np.ndarray,
    rounds: int,
    seed: int,
) -> Samples:
    parts = {(name, score): [np.array([])] for name in probabilities for score in SCORES}
    for weights in resampled_weights(units, rounds, seeded_hash(seed, "significance")) if rounds else ():
        for name, values in probabilities.items():
            scores, tp, fp = roc_counts(labels, values, weights)
            called = np.count_nonzero(scores >= thresholds[name])
            parts[name, "f1_macro"].append(f1_scores(tp[:, called], fp[:, called], tp[:, -1], fp[:, -1])[1])
            parts[name, "roc_auc"].append(roc_auc(tp, fp))
    return {key: np.concatenate(found) for key, found in parts.items()}


def _compare_pair(
    labels: np.ndarray,
    probabilities: dict[str, np.ndarray],
    scores: dict[str, dict],
    samples: Samples,
    pair: tuple[str, str],
) -> list[dict]:
    """Return the rows of TESTS of a pair, without correction; nan where a number is not defined."""
    rows = [{"score": s, "test": t, "difference": nan, "low": nan, "high": nan, "p": nan} for s, t in TESTS]
    if not {*pair} <= {*probabilities}:
        return rows
    one, other = pair
    for row in rows:
        score = row["score"]
        if None not in (values := [scores[name][score] for name in pair]):
            row["difference"] = values[0] - values[1]
        if row["test"] == "delong":
            found = compare_aucs(labels, probabilities[one], probabilities[other], 1 - ALPHA)
            row |= {"low": found.low, "high": found.high, "p": found.p}
        elif len(labels[labels == 0]) and len(labels[labels == 1]):
            differences = samples[one, score] - samples[other, score]
            low, high = interval(differences, 1 - ALPHA) or (nan, nan)
            row |= {"low": low, "high": high, "p": bootstrap_p(differences)}
    return rows


def _correct(pairs: list[tuple[str, str]], results: list[list[dict]]) -> None:
    """Add to each row of TESTS of each pair the corrected p, and which model is better."""
    for rows in zip(*results, strict=True):  # of one test
        for pair, row, p in zip(pairs, rows, holm([row["p"] for row in rows]), strict=True):
            row["p_holm"] = p
            row["better"] = pair[row["difference"] < 0] if p <= ALPHA and row["difference"] else None


def _count(name: str, pairs: list[tuple[str, str]], results: list[list[dict]]) -> dict[str, dict[str, int]]:
    """Return how often a model is better, worse and neither than another by the bootstrap, for each score."""
    counts = {score: {"wins": 0, "losses": 0, "ties": 0} for score in SCORES}
    for pair, tests in zip(pairs, results, strict=True):
        for row in tests:
            if name in pair and row["test"] == "bootstrap" and isfinite(row["p"]):
                better = row["better"]
                result = "ties" if better is None else "wins" if better == name else "losses"
                counts[row["score"]][result] += 1
    return counts


def _note(labels: np.ndarray, units: int) -> str:
    if not len(labels):
        return "There is no test set, so that models can't be compared."
    if not 0 < labels.sum() < len(labels):
        one = "fakes" if labels.sum() else "reals"
        return f"The test set has only {one}, so that models can't be compared."
    if units < MIN_UNITS:
        return "All test videos are of one person or group, so that models can't be compared."
    if units < FEW_UNITS:
        return f"The test set has only {units} people, groups or videos: too few to call a model better."
    return ""


def _number(value: object) -> object:
    """Return a number with DIGITS, null for nan; anything else as it is."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.{DIGITS}g}") if isfinite(value) else None
