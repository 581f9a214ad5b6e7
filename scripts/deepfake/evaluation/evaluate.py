"""The numbers of an evaluation: metrics.json, and the same as a long table and as text for people."""

import pandas as pd

from deepfake.evaluation.bootstrap import FEW_UNITS, FEWEST, intervals
from deepfake.evaluation.metrics import METRICS, compute_metrics
from deepfake.evaluation.predictions import VIDEO, unit_of, video_level
from deepfake.evaluation.thresholds import DEFAULT, LEVELS, choose_threshold
from deepfake.hashing import seeded_hash

UNKNOWN = "unknown"  # the method of fakes that have none
KINDS = ("person", "group", "video")
LEVEL = 0.95  # of the intervals
DIGITS = 9  # of a value; the last ones of a sum differ between processors
COLUMNS = "level split corpus method metric value low high images".split()
SHORT = ["f1_macro", "roc_auc", "eer"]  # of each corpus and method, in the text


def evaluate(
    test: pd.DataFrame, val: pd.DataFrame, cfg: dict, seed: int, default_threshold: float | None = None
) -> dict:
    """What metrics.json holds, of two tables of PREDICTIONS, either of which may be empty.

    `cfg` has `threshold` (of choose_threshold) and `bootstrap` (rounds; 0 for no intervals). The result:
    - threshold: `frame` and `video`, each chosen on val at its own level; `how`; and `from`, where they are
      from: "val", "config" (a number), "checkpoint" (`default_threshold`, where val lacks a class), or
      "default" (0.5, where there isn't that either);
    - bootstrap: `rounds` and `level` of the intervals;
    - splits: `test` and `val`, null where empty. Each has `frame` and `video`, a block each; `units`, how
      many persons, groups and videos the intervals are drawn from; and the same two blocks in `by_corpus`
      {corpus: …} and `by_method` {corpus/method: …}, which takes the fakes of one method with all reals of
      their corpus, or of the split where that corpus has none. A fake without a method is of UNKNOWN.
    A block: `images`, `videos`; `real`, `fake` (images, or videos at that level); `units`; and `metrics`, for
    each of METRICS a `value`, and `low` and `high` for test alone. Null is what isn't defined.
    """
    levels = {"val": _levels(val), "test": _levels(test)}
    threshold = choose(levels["val"], cfg["threshold"], default_threshold)
    splits = {}
    for name, tables in levels.items():
        rounds = cfg["bootstrap"] if name == "test" else 0
        splits[name] = _split(tables, threshold, rounds, seeded_hash(seed, "bootstrap", name))
    return {
        "threshold": threshold,
        "bootstrap": {"rounds": cfg["bootstrap"], "level": LEVEL},
        "splits": splits,
    }


def choose(val: dict[str, pd.DataFrame], how: str | float, default: float | None = None) -> dict:
    """The thresholds of both levels of val, how they are chosen, and where they are from."""
    source, chosen = ("val", how) if isinstance(how, str) else ("config", how)
    if source == "val" and val["frame"]["label"].nunique() < 2:
        source, chosen = ("default", DEFAULT) if default is None else ("checkpoint", default)
    found = {
        level: choose_threshold(table["label"], table["probability"], chosen) for level, table in val.items()
    }
    return {**found, "how": how, "from": source}


def _levels(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    unknown = (table["label"] == 1) & (table["method"] == "")
    table = table.assign(method=table["method"].mask(unknown, UNKNOWN))
    return {"frame": table, "video": video_level(table)}


def _split(tables: dict[str, pd.DataFrame], threshold: dict, rounds: int, seed: int) -> dict | None:
    frames = tables["frame"]
    if frames.empty:
        return None
    kinds = pd.Series(unit_of(frames).unique()).str.partition(":")[0]
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
        "units": {kind: int((kinds == kind).sum()) for kind in KINDS},
        "by_corpus": {name: blocks(name, **part) for name, part in by_corpus.items()},
        "by_method": {name: blocks(name, **part) for name, part in by_method.items()},
    }


def _part(table: pd.DataFrame, corpus: str | None = None, method: str | None = None) -> pd.DataFrame:
    """The rows of a corpus; with a method its fakes and the reals to tell them from."""
    if corpus is None:
        return table
    own = table[table["corpus"] == corpus]
    if method is None:
        return own
    reals = own[own["label"] == 0]
    fakes = own[(own["label"] == 1) & (own["method"] == method)]
    return pd.concat([reals if len(reals) else table[table["label"] == 0], fakes])


def _block(table: pd.DataFrame, threshold: float, rounds: int, seed: int) -> dict:
    labels, probabilities = table["label"].to_numpy(), table["probability"].to_numpy()
    units = unit_of(table)
    values = compute_metrics(labels, probabilities, threshold)
    found = intervals(labels, probabilities, threshold, units.to_numpy(), rounds, seed=seed, level=LEVEL)
    return {
        "images": int(table["images"].sum()) if "images" in table else len(table),
        "videos": int(table.groupby(VIDEO).ngroups),
        "real": int((labels == 0).sum()),
        "fake": int((labels == 1).sum()),
        "units": int(units.nunique()),
        "metrics": {name: _value(values[name], found[name]) for name in METRICS},
    }


def _value(value: float | None, interval: tuple[float, float] | None) -> dict[str, float | None]:
    low, high = interval or (None, None)
    numbers = {"value": value, "low": low, "high": high}
    return {k: None if v is None else round(v, DIGITS) for k, v in numbers.items()}


def as_table(facts: dict) -> pd.DataFrame:
    """The same as a long table of COLUMNS, a row for each number; `corpus` and `method` "" stand for all.

    `images` are those the number is of, also at video level.
    """
    rows = []
    for split, found in sorted(facts["splits"].items()):
        for (corpus, method), blocks in _parts(found) if found else []:
            for level in LEVELS:
                known = {"level": level, "split": split, "corpus": corpus, "method": method}
                block = blocks[level]
                rows += [
                    {**known, "metric": metric, **numbers, "images": block["images"]}
                    for metric, numbers in block["metrics"].items()
                ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _parts(found: dict) -> list[tuple[tuple[str, str], dict]]:
    """Corpus and method, and their blocks: the whole split, each corpus, each method."""
    corpora = [((name, ""), blocks) for name, blocks in found["by_corpus"].items()]
    methods = [(tuple(name.split("/", 1)), blocks) for name, blocks in found["by_method"].items()]
    return [(("", ""), found), *corpora, *methods]


def as_text(facts: dict) -> str:
    """The same for people: the whole test split with intervals, then a line a corpus and a method."""
    split = "test" if facts["splits"]["test"] else "val"
    found = facts["splits"][split]
    if not found:
        return "Neither test nor val has any image: there is nothing to measure."
    lines = [_origin(facts["threshold"])]
    if split == "val":
        lines.append(
            "There is no test split. These numbers are of val, where the model was chosen: they flatter it."
        )
    lines += [_size(split, found), *_whole(found), ""]
    if split == "test":
        lines += [_explained(found, facts["bootstrap"]), ""]
    lines += _short("corpus", found["by_corpus"])
    if found["by_method"]:
        lines += ["", *_short("method, with the reals", found["by_method"])]
    return "\n".join(lines)


def _origin(threshold: dict) -> str:
    why = {
        "val": f"chosen on val by {threshold['how']}",
        "config": "as the config says",
        "checkpoint": "the checkpoint's, as val has not both classes",
        "default": "as val has not both classes, and the checkpoint has none",
    }[threshold["from"]]
    return f"Threshold {threshold['frame']:.4f} of frames, {threshold['video']:.4f} of videos: {why}"


def _size(split: str, found: dict) -> str:
    frame, video = found["frame"], found["video"]
    return (
        f"{split}: {frame['images']:,} images ({frame['real']:,} real, {frame['fake']:,} fake)"
        f" of {video['videos']:,} videos ({video['real']:,} real, {video['fake']:,} fake)"
    )


def _explained(found: dict, bootstrap: dict) -> str:
    """How the intervals were made, or why there are none."""
    drawn = ", ".join(f"{found['units'][kind]} by {kind}" for kind in KINDS if found["units"][kind])
    if bootstrap["rounds"] < 1:
        return "No intervals: bootstrap is 0 in the config."
    if found["frame"]["units"] < FEWEST:
        return f"No intervals: they are drawn from persons, groups or videos, and there is one ({drawn})."
    units = found["frame"]["units"]
    few = (
        f"\nFrom {units} units an interval says little, and looks surer than it is."
        if units < FEW_UNITS
        else ""
    )
    return (
        f"[low, high]: {bootstrap['level']:.0%} intervals, {bootstrap['rounds']:,} bootstrap rounds over"
        f" {units} units ({drawn}){few}"
    )


def _whole(found: dict) -> list[str]:
    rows = [f"{'':20}{'frame level':28}video level".rstrip()]
    for name, title in METRICS.items():
        cells = [_cell(found[level]["metrics"][name]) for level in LEVELS]
        rows.append(f"{title:20}{cells[0]:28}{cells[1]}")
    return rows


def _cell(numbers: dict[str, float | None]) -> str:
    if numbers["value"] is None:
        return "-"
    between = "" if numbers["low"] is None else f"  [{numbers['low']:.4f}, {numbers['high']:.4f}]"
    return f"{numbers['value']:.4f}{between}"


def _short(title: str, parts: dict) -> list[str]:
    """A line for each of `parts`, with a few metrics of both levels."""
    wide = max([len(title), *map(len, parts)]) + 2
    head = "".join(f"{METRICS[m]:>10}" for m in SHORT)
    rows = [
        f"{'':{wide + 16}}{'frame level':>30}{'video level':>30}",
        f"{title:{wide}}{'images':>8}{'videos':>8}{head}{head}",
    ]
    for name, blocks in parts.items():
        values = [blocks[level]["metrics"][m]["value"] for level in LEVELS for m in SHORT]
        numbers = "".join(f"{'-' if v is None else format(v, '.4f'):>10}" for v in values)
        rows.append(f"{name:{wide}}{blocks['frame']['images']:>8,}{blocks['frame']['videos']:>8,}{numbers}")
    return rows
