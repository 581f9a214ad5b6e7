"""Metrics of the groups that attributes of a corpus make, such as sex or age, and the gaps between them."""

import json

import numpy as np
import pandas as pd

from deepfake.evaluation.bootstrap import FEW_UNITS, interval, resampled_weights
from deepfake.evaluation.metrics import METRICS, compute_weighted_metrics
from deepfake.evaluation.predictions import resampling_unit
from deepfake.hashing import seeded_hash

FALSE_ALARMS = "false_alarms"
GROUP_METRICS = METRICS | {FALSE_ALARMS: "false alarm rate"}
"""The metrics of a group, with their titles; the last one is the share of its reals that are called fake."""

GAP_METRICS = ("roc_auc", "f1_macro", "recall", FALSE_ALARMS)
UNKNOWN = "unknown"  # the group of videos without a value
MOST_GROUPS = 12  # of an attribute; numbers with more values are put into RANGES ranges
RANGES = 4
COLUMNS = "attribute group compared videos real fake units metric value low high".split()


def evaluate_groups(
    videos: pd.DataFrame, threshold: float, rounds: int = 1000, *, seed: int, level: float = 0.95
) -> dict[str, dict]:
    """Return for each attribute its `groups` and the `gaps` between them; {} where there are none.

    `videos` are those of `aggregate_to_videos`. A group has `videos`, `real`, `fake`, `units` (people) and
    `metrics`: for each of GROUP_METRICS `value`, `low` and `high`. A gap, of each of GAP_METRICS, is between
    the groups with the `highest` and the `lowest` value, of those of at least FEW_UNITS people: `value` is
    how far they are apart, `low` and `high` the interval of that difference, with the same people in both
    groups' rounds. It is the largest of several, so some gap is there by chance: one whose interval contains
    0 is none that was shown. None stands for an undefined number, and for a gap where fewer than two groups
    have so many people and the metric.

    An attribute of more than MOST_GROUPS values is divided into RANGES ranges of about as many videos if they
    are numbers; else it has `left_out`, the reason, and no groups.
    """
    table = attributes_of(videos)
    result = {}
    for name in table:
        groups, reason = _grouped(table[name])
        own_seed = seeded_hash(seed, "groups", name)
        result[name] = (
            {"left_out": reason, "groups": {}, "gaps": {}}
            if groups is None
            else _evaluate(videos, groups, threshold, rounds, own_seed, level)
        )
    return result


def attributes_of(videos: pd.DataFrame) -> pd.DataFrame:
    """Return a column of text for each attribute in the JSON objects of `attributes`, sorted; "" for none."""
    texts = videos.get("attributes", pd.Series("", index=videos.index))
    known = {text: json.loads(text) if text else {} for text in texts.unique()}
    names = sorted({name for values in known.values() for name in values})
    columns = {
        name: texts.map({text: str(values.get(name, "")) for text, values in known.items()}) for name in names
    }
    return pd.DataFrame(columns, index=videos.index, dtype=str)


def groups_table(groups: dict[str, dict]) -> pd.DataFrame:
    """Return a row of COLUMNS for each number of `evaluate_groups`; `compared` is "" but for gaps."""
    rows = []
    for attribute, found in groups.items():
        for name, group in found["groups"].items():
            counts = {key: group[key] for key in ("videos", "real", "fake", "units")}
            for metric, numbers in group["metrics"].items():
                rows.append({"attribute": attribute, "group": name, **counts, "metric": metric, **numbers})
        for metric, gap in found["gaps"].items():
            if gap:
                numbers = {key: gap[key] for key in ("value", "low", "high")}
                compared = f"{gap['highest']} - {gap['lowest']}"
                rows.append({"attribute": attribute, "compared": compared, "metric": metric, **numbers})
    return pd.DataFrame(rows, columns=COLUMNS)


def _grouped(values: pd.Series) -> tuple[pd.Series | None, str]:
    """Return the name of each value's group; or None, and the reason."""
    known = values[values != ""]
    if known.nunique() <= MOST_GROUPS:
        return values.where(values != "", UNKNOWN), ""
    numbers = pd.to_numeric(known, errors="coerce")
    if not np.isfinite(numbers).all():
        return None, f"it has {known.nunique()} values, more than {MOST_GROUPS}, and they aren't numbers"
    ranges = pd.qcut(numbers, RANGES, labels=False, duplicates="drop")
    names = numbers.groupby(ranges).agg(lambda part: f"{part.min():g} to {part.max():g}")
    return ranges.map(names).reindex(values.index, fill_value=UNKNOWN), ""


def _evaluate(
    videos: pd.DataFrame, groups: pd.Series, threshold: float, rounds: int, seed: int, level: float
) -> dict:
    labels, scores = videos["label"].to_numpy(), videos["probability"].to_numpy()
    units = resampling_unit(videos).to_numpy().astype(str)
    members = {name: np.flatnonzero(groups == name) for name in sorted(groups.unique(), key=_group_key)}
    values = {
        name: _metrics(labels[at], scores[at], threshold, np.ones((1, len(at))))
        for name, at in members.items()
    }
    parts = {name: [] for name in members}
    for weights in resampled_weights(units, rounds, seed) if rounds and len(set(units)) > 1 else ():
        for name, at in members.items():
            parts[name].append(_metrics(labels[at], scores[at], threshold, weights[:, at]))
    drawn = {
        name: {metric: np.concatenate([part[metric] for part in of]) for metric in GROUP_METRICS}
        for name, of in parts.items()
        if of
    }
    found = {}
    for name, at in members.items():
        ends = {metric: interval(drawn[name][metric], level) if drawn else None for metric in GROUP_METRICS}
        found[name] = {
            "videos": len(at),
            "real": int((labels[at] == 0).sum()),
            "fake": int((labels[at] == 1).sum()),
            "units": len(set(units[at])),
            "metrics": {m: _numbers(values[name][m][0], ends[m]) for m in GROUP_METRICS},
        }
    large = [name for name in members if name != UNKNOWN and found[name]["units"] >= FEW_UNITS]
    gaps = {
        metric: _gap({name: values[name][metric][0] for name in large}, drawn, metric, level)
        for metric in GAP_METRICS
    }
    return {"groups": found, "gaps": gaps}


def _metrics(
    labels: np.ndarray, scores: np.ndarray, threshold: float, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Return GROUP_METRICS for each of R sets of weights (R, N), each (R,), nan where undefined."""
    reals = np.einsum("rn,n->r", weights, labels == 0)
    alarms = np.einsum("rn,n->r", weights, (labels == 0) & (scores >= threshold))
    share = np.divide(alarms, reals, out=np.full(len(reals), np.nan), where=reals > 0)
    return compute_weighted_metrics(labels, scores, threshold, weights) | {FALSE_ALARMS: share}


def _gap(values: dict[str, float], drawn: dict[str, dict], metric: str, level: float) -> dict | None:
    """Return the gap between the groups of the highest and the lowest of `values`."""
    defined = {name: value for name, value in values.items() if not np.isnan(value)}
    if len(defined) < 2:
        return None
    lowest, *_, highest = sorted(defined, key=defined.get)  # of equals the first is the lowest
    ends = interval(drawn[highest][metric] - drawn[lowest][metric], level) if drawn else None
    return {"highest": highest, "lowest": lowest, **_numbers(defined[highest] - defined[lowest], ends)}


def _numbers(value: float, ends: tuple[float, float] | None) -> dict[str, float | None]:
    low, high = ends or (None, None)
    return {"value": None if np.isnan(value) else float(value), "low": low, "high": high}


def _group_key(name: str) -> tuple:
    """Return the sort key of a group: numbers by size, the others by name, UNKNOWN last."""
    first = name.split(" ")[0]
    number = float(first) if first.replace(".", "", 1).lstrip("-").isdigit() else np.inf
    return name == UNKNOWN, number, name
