"""The content of metrics.json (see evaluate.evaluate) as a long table, and as text for people."""

import pandas as pd

from deepfake.evaluation.bootstrap import FEW_UNITS, MIN_UNITS
from deepfake.evaluation.metrics import FALSE_POSITIVE_RATES, METRICS
from deepfake.evaluation.output_people import groups_lines, several_people_lines
from deepfake.evaluation.predictions import UNIT_KINDS
from deepfake.evaluation.roc import allowed_false_positives
from deepfake.evaluation.thresholds import LEVELS, POOLED

COLUMNS = "level split corpus method metric value low high images".split()
TITLES = {"frame": "frame level", "video": "video level", POOLED: "video level, pooled"}
BRIEF_METRICS = ["f1_macro", "roc_auc", "eer"]  # of each corpus and method, in the text


def metrics_table(metrics: dict) -> pd.DataFrame:
    """Return a long table of COLUMNS with a row for each number.

    `corpus` and `method` are "" for the whole split. `images` is the number of images that a metric is
    computed from, at the video level too.
    """
    rows = []
    for split, results in sorted(metrics["splits"].items()):
        for (corpus, method), blocks in _parts(results) if results else []:
            for level in levels_of(blocks):
                key = {"level": level, "split": split, "corpus": corpus, "method": method}
                block = blocks[level]
                rows += [
                    {**key, "metric": metric, **numbers, "images": block["images"]}
                    for metric, numbers in block["metrics"].items()
                ]
    return pd.DataFrame(rows, columns=COLUMNS)


def levels_of(blocks: dict) -> list[str]:
    """Return the levels that the blocks of a split, a corpus or a method have: LEVELS, and maybe POOLED."""
    return [level for level in (*LEVELS, POOLED) if level in blocks]


def _parts(results: dict) -> list[tuple[tuple[str, str], dict]]:
    """Return corpus and method with their blocks: of the whole split, of each corpus, of each method."""
    corpora = [((name, ""), blocks) for name, blocks in results["by_corpus"].items()]
    methods = [(tuple(name.split("/", 1)), blocks) for name, blocks in results["by_method"].items()]
    return [(("", ""), results), *corpora, *methods]


def metrics_text(metrics: dict) -> str:
    """Return a text: all metrics of the test split with intervals, then a line for each corpus and method.

    Without a test split it shows the validation split, with a warning.
    """
    split = "test" if metrics["splits"]["test"] else "val"
    results = metrics["splits"][split]
    if not results:
        return "Neither test nor val has any image: there is nothing to evaluate."
    lines = [_threshold_text(metrics["threshold"])]
    if split == "val":
        lines.append(
            "There is no test split. These numbers are of val, which chose the model: they are too good."
        )
    lines += [_size_text(split, results), *_metrics_lines(results), ""]
    if false_alarms := false_alarms_text(results):
        lines += [false_alarms, ""]
    if split == "test":
        lines += [_intervals_text(results, metrics["bootstrap"]), ""]
    lines += _brief_lines("corpus", results["by_corpus"])
    if results["by_method"]:
        lines += ["", *_brief_lines("method, with the reals", results["by_method"])]
    for more in (
        several_people_lines(results.get("several_people", [])),
        groups_lines(results.get("groups", {})),
    ):
        lines += ["", *more] if more else []
    return "\n".join(lines)


def _threshold_text(threshold: dict) -> str:
    reason = {
        "val": f"chosen on val by {threshold['how']}",
        "config": "set in the config",
        "default": "the default, because val lacks a class",
    }[threshold["from"]]
    pooled = f", {threshold[POOLED]:.4f} for videos pooled by attention" if POOLED in threshold else ""
    frame, video = threshold["frame"], threshold["video"]
    return f"Threshold {frame:.4f} for frames, {video:.4f} for videos{pooled}: {reason}"


def _size_text(split: str, results: dict) -> str:
    frame, video = results["frame"], results["video"]
    return (
        f"{split}: {frame['images']:,} images ({frame['real']:,} real, {frame['fake']:,} fake)"
        f" of {video['videos']:,} videos ({video['real']:,} real, {video['fake']:,} fake)"
    )


def false_alarms_text(results: dict) -> str:
    """Return how many false alarms the rates of TPR at an FPR are, of the reals of a split; "" without reals.

    `results` are those of a split in metrics.json.
    """
    reals = {"images": results["frame"]["real"], "videos": results["video"]["real"]}
    if not reals["images"]:
        return ""
    rates = list(FALSE_POSITIVE_RATES.values())
    allowed = {what: [allowed_false_positives(n, rate) for rate in rates] for what, n in reals.items()}
    counts = "; ".join(f"{_listed(allowed[what])} of {n:,} real {what}" for what, n in reals.items())
    none = " Where that is 0, the TPR is that without any false alarm." * any(
        0 in a for a in allowed.values()
    )
    percents = _listed([f"{100 * rate:g}" for rate in rates])
    return f"At most {percents} % FPR means at most this many reals called fake: {counts}.{none}"


def _listed(values: list) -> str:
    *first, last = [f"{value:,}" if isinstance(value, int) else value for value in values]
    return f"{', '.join(first)} and {last}"


def _intervals_text(results: dict, bootstrap: dict) -> str:
    """Return how the intervals were computed, or why there are none."""
    kinds = ", ".join(f"{results['units'][kind]} by {kind}" for kind in UNIT_KINDS if results["units"][kind])
    if bootstrap["rounds"] < 1:
        return "No intervals: bootstrap is 0 in the config."
    units = results["frame"]["units"]
    if units < MIN_UNITS:
        return f"No intervals: they need several persons, groups or videos, and there is one ({kinds})."
    warning = f"\nWith only {units} units the intervals say little, and are too narrow." * (units < FEW_UNITS)
    return (
        f"[low, high]: {bootstrap['level']:.0%} confidence intervals by {bootstrap['rounds']:,} bootstrap"
        f" rounds over {units} units ({kinds}){warning}"
    )


def _metrics_lines(results: dict) -> list[str]:
    levels = levels_of(results)
    lines = [f"{'':20}" + "".join(f"{TITLES[level]:28}" for level in levels).rstrip()]
    for name, title in METRICS.items():
        cells = "".join(f"{_cell(results[level]['metrics'][name]):28}" for level in levels)
        lines.append(f"{title:20}{cells}".rstrip())
    return lines


def _cell(numbers: dict[str, float | None]) -> str:
    if numbers["value"] is None:
        return "-"
    interval = "" if numbers["low"] is None else f"  [{numbers['low']:.4f}, {numbers['high']:.4f}]"
    return f"{numbers['value']:.4f}{interval}"


def _brief_lines(title: str, parts: dict) -> list[str]:
    """Return a line for each of `parts`, with the BRIEF_METRICS of each level."""
    width = max([len(title), *map(len, parts)]) + 2
    levels = next((levels_of(blocks) for blocks in parts.values()), list(LEVELS))
    head = "".join(f"{METRICS[m]:>10}" for m in BRIEF_METRICS) * len(levels)
    titles = "".join(f"{TITLES[level]:>30}" for level in levels)
    lines = [f"{'':{width + 16}}{titles}", f"{title:{width}}{'images':>8}{'videos':>8}{head}"]
    for name, blocks in parts.items():
        values = [blocks[level]["metrics"][m]["value"] for level in levels for m in BRIEF_METRICS]
        numbers = "".join(f"{'-' if v is None else format(v, '.4f'):>10}" for v in values)
        lines.append(f"{name:{width}}{blocks['frame']['images']:>8,}{blocks['frame']['videos']:>8,}{numbers}")
    return lines
