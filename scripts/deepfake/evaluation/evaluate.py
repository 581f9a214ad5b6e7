"""The content of metrics.json, from the predictions for the test and validation splits of a dataset."""

import pandas as pd

from deepfake.evaluation.groups import evaluate_groups
from deepfake.evaluation.measure import CONFIDENCE, count, measure
from deepfake.evaluation.predictions import (
    ATTENTION,
    VIDEO_KEY,
    aggregate_to_videos,
    count_units,
    pool_videos,
    resampling_unit,
    thresholds_of,
)
from deepfake.evaluation.several_people import false_alarms_by_people
from deepfake.evaluation.thresholds import POOLED, choose_threshold, people_thresholds
from deepfake.hashing import seeded_hash

UNKNOWN = "unknown"  # the method of fakes that have none
DIGITS = 9  # after the decimal point; the last digits of a sum differ between processors


def evaluate(
    test: pd.DataFrame, val: pd.DataFrame, cfg: dict, seed: int, thresholds: dict | None = None
) -> dict:
    """Return the content of metrics.json for two tables of PREDICTIONS, either of which may be empty.

    `cfg` has `bootstrap` (rounds; 0 for no intervals) and `threshold`, the method of choose_threshold. Where
    `thresholds` are given, those of a model that read_model_thresholds returns, none are chosen here: on
    another machine the scores of val may differ in the last digits. The result has:

    - `threshold`: `frame` and `video`, each chosen on val at its own level; `people`, those of videos of
      several people (people_thresholds); `how`, the method; and `from`, one of thresholds.SOURCES;
    - `bootstrap`: `rounds` and `level` of the intervals;
    - `splits`: `test` and `val`, null if empty. Each has `frame` and `video`, a block each; `units`, the
      numbers of persons, groups and videos that the bootstrap draws from; and the same two blocks in
      `by_corpus` {corpus: …} and `by_method` {corpus/method: …}. The latter take the fakes of one method with
      all reals of their corpus, or of the split if the corpus has none. Fakes without a method count as
      UNKNOWN. Test also has `several_people` (false_alarms_by_people) and `groups` (evaluate_groups).

    A block has `images`, `videos`; `real`, `fake` (images, or videos at the video level); `units`; and
    `metrics`: for each of METRICS a `value`, and, for test only, the interval `low` and `high`. Undefined
    numbers are null.

    Predictions with ATTENTION have a third level, `pooled`, wherever `frame` and `video` are: videos whose
    score is pooled by attention instead of the mean. Its threshold is always chosen here.
    """
    levels = {"val": _levels(val), "test": _levels(test)}
    threshold = dict(thresholds or thresholds_of(val, cfg["threshold"]))
    if any(POOLED in tables for tables in levels.values()):
        pooled = levels["val"].get(POOLED, levels["val"]["video"])
        how = cfg["threshold"]
        threshold |= {POOLED: choose_threshold(pooled["label"], pooled["probability"], how)}
    if "people" not in threshold:
        known = levels["val"]["video"]
        own = people_thresholds(known["label"], known["probability"], threshold["video"])
        threshold["people"] = own
    splits = {}
    for name, tables in levels.items():
        rounds = cfg["bootstrap"] if name == "test" else 0
        own_seed = seeded_hash(seed, "bootstrap", name)
        splits[name] = _evaluate_split(tables, threshold, rounds, own_seed)
        if name == "test" and splits[name]:
            splits[name] |= _evaluate_people(tables["video"], threshold, rounds, own_seed)
    return {
        "threshold": threshold,
        "bootstrap": {"rounds": cfg["bootstrap"], "level": CONFIDENCE},
        "splits": splits,
    }


def _levels(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    unknown = (table["label"] == 1) & (table["method"] == "")
    table = table.assign(method=table["method"].mask(unknown, UNKNOWN))
    levels = {"frame": table, "video": aggregate_to_videos(table)}
    return levels | ({POOLED: pool_videos(table)} if ATTENTION in table else {})


def _evaluate_split(tables: dict[str, pd.DataFrame], threshold: dict, rounds: int, seed: int) -> dict | None:
    frames = tables["frame"]
    if frames.empty:
        return None
    by_corpus = {str(c): {"corpus": c} for c in sorted(frames["corpus"].unique())}
    fakes = frames[frames["label"] == 1]
    pairs = sorted(set(zip(fakes["corpus"], fakes["method"], strict=True)))
    by_method = {f"{c}/{m}": {"corpus": c, "method": m} for c, m in pairs}

    def blocks(name: str, **part: str) -> dict:
        return {
            level: _block(_part(table, **part), threshold[level], rounds, seeded_hash(seed, level, name))
            for level, table in tables.items()
        }

    return {
        **blocks(""),
        "units": count_units(resampling_unit(frames)),
        "by_corpus": {name: blocks(name, **part) for name, part in by_corpus.items()},
        "by_method": {name: blocks(name, **part) for name, part in by_method.items()},
    }


def _evaluate_people(videos: pd.DataFrame, threshold: dict, rounds: int, seed: int) -> dict:
    options = {"rounds": rounds, "seed": seed, "level": CONFIDENCE}
    several = false_alarms_by_people(videos, threshold["people"], **options)
    groups = evaluate_groups(videos, threshold["video"], **options)
    return _round_all({"several_people": several} | ({"groups": groups} if groups else {}))


def _round_all(value: object) -> object:
    """Return a copy of nested dicts and lists in which all results, but no thresholds, have DIGITS digits."""
    if isinstance(value, dict):
        return {key: item if key == "threshold" else _round_all(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_round_all(item) for item in value]
    return round(value, DIGITS) if isinstance(value, float) else value


def _part(table: pd.DataFrame, corpus: str | None = None, method: str | None = None) -> pd.DataFrame:
    """Return the rows of a corpus, or the fakes of one of its methods with the reals to compare them with."""
    if corpus is None:
        return table
    own = table[table["corpus"] == corpus]
    if method is None:
        return own
    reals = own[own["label"] == 0]
    fakes = own[(own["label"] == 1) & (own["method"] == method)]
    return pd.concat([reals if len(reals) else table[table["label"] == 0], fakes])


def _block(table: pd.DataFrame, threshold: float, rounds: int, seed: int) -> dict:
    return {
        "images": int(table["images"].sum()) if "images" in table else len(table),
        "videos": int(table.groupby(VIDEO_KEY).ngroups),
        **count(table),
        "metrics": {
            name: {key: None if number is None else round(number, DIGITS) for key, number in numbers.items()}
            for name, numbers in measure(table, threshold, rounds, seed).items()
        },
    }
