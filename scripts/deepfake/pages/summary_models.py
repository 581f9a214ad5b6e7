"""What the one-page report says of the models: leader table, the chosen one in full, other datasets."""

from html import escape

import pandas as pd

from deepfake.evaluation.bootstrap import ENOUGH
from deepfake.evaluation.evaluate import UNKNOWN
from deepfake.evaluation.metrics import METRICS
from deepfake.pages.html import cell, figure, note, table, wide
from deepfake.pages.summary_data import FEW, LEVELS, Model, Summary, few, judged, mistakes, numbers, units
from deepfake.pages.summary_ensembles import made_of, members

PLOTS = {
    "roc.svg": (
        "ROC curve",
        "Fakes found against reals called fake, at every threshold. The diagonal is chance.",
    ),
    "precision_recall.svg": (
        "Precision and recall",
        "How many of those called fake are fake, against how many of the fakes are found.",
    ),
    "confusion.svg": (
        "Confusion matrix",
        "What was called what, at the threshold. Rows are the true classes.",
    ),
    "histogram.svg": (
        "Score histogram",
        "Probabilities of fake, for reals and for fakes, and the threshold.",
    ),
    "calibration.svg": (
        "Calibration",
        "How often it was a fake where the model gave this probability. On the diagonal the two agree; below"
        " it the model is too sure of fakes, above it not sure enough. The bars show how many images or"
        " videos stand behind each point: points of few jump about by chance.",
    ),
}
ORIGINS = {
    "val": "both were chosen on val",
    "config": "both stand in the config",
    "checkpoint": "both are the checkpoint's, as val has not both classes",
    "default": "val has not both classes to choose them by, and the checkpoint has none",
}
DAMAGED = (
    "Scores on the same images after compression, blur, noise and the like. Where a curve falls steeply, the"
    " model leans on traces that do not survive the web."
)
SUREST = "Those that the model was surest of, where it made any."
LOOKED = (
    "Grad-CAM, element-wise (HiResCAM): the last feature map times its gradient, place by place. Yellow"
    " places spoke most for fake, dark purple ones a little; grey ones did not count, or spoke for real. Each"
    " map is scaled to its own highest place, so two maps can't be compared. It is a hint and no proof."
)
TOGETHER = " It is the mean of the maps of all networks, each of the whole image."
TOO_FEW = f"Intervals from fewer than {ENOUGH} of these say little, and look surer than they are. "
CROSS = {
    "model": "model",
    "trained": "trained on",
    "tested": "tested on",
    "images": "images",
    "videos": "videos",
    "left_out": "left out",
    "video_f1_macro": "F1 macro, videos",
    "video_roc_auc": "AUC, videos",
    "f1_macro": "F1 macro, frames",
    "roc_auc": "AUC, frames",
}
"""Columns of the table across datasets that are shown, where it has them."""

TEXTS = ("model", "trained", "tested")


def caution(model: Model) -> str:
    """What must be said before the numbers are believed; "" where there is nothing."""
    split = judged(model.metrics)
    if split is None:
        return "There are no images in test or val, so nothing could be measured."
    if split == "val":
        return (
            "This dataset has no test split: the numbers are of val, on which the model and its threshold"
            " were chosen, so they flatter it."
        )
    videos = model.metrics["splits"][split]["video"]["videos"]
    return f"Test has only {videos:,} videos, so the numbers say little." if videos < FEW else ""


def interval(found: dict) -> str:
    """The interval of one of a metric's numbers, or why there is none."""
    if found["value"] is None:
        return "not defined"
    return "no interval" if found["low"] is None else f"{found['low']:.3f} to {found['high']:.3f}"


def leaders(summary: Summary) -> str:
    """The models, best first: two rows each, of video level and of frame level."""
    head = ["model", ("val F1", "n"), "level", ("F1 macro", "n"), ("F1 fake", "n"), ("ROC AUC", "n")]
    head += [("EER", "n"), ("threshold", "n"), ("epochs", "n"), ("images/s", "n")]
    rows = [row for model in summary.models for row in _leader(model, model is summary.chosen)]
    return note(_about(summary.chosen)) + wide(table(head, rows), "leaders")


def _about(best: Model) -> str:
    split = judged(best.metrics) or "test"
    text = "Sorted by macro F1 of val (frames; of those trained the best epoch), which chose the model. The"
    text += " other scores are of"
    text += (
        f" {split}. Macro F1 is the mean of the F1 of real and of fake: 1 is perfect, guessing gives about"
    )
    text += " 0.5. A video's probability is the mean over its frames. "
    if drawn := units(best):
        text += f"Below a score stands its 95 % interval, by bootstrap over {drawn}, not over frames. "
    if few(best):
        text += TOO_FEW
    return text + "A dash stands for what isn't defined; no interval is given where there is too little."


def _leader(model: Model, best: bool) -> list[list[str]]:
    kind = f"{made_of(model.facts)};" if model.is_ensemble else f"{model.facts['arch']},"
    network = f"{kind} {model.facts['parameters']:,} parameters"
    name = f"<strong>{escape(model.name)}</strong>{' (chosen)' if best else ''}"
    epoch = "" if model.epoch is None else f"<small>best: {model.epoch}</small>"
    first = [
        f'<td rowspan="2">{name}<br><small>{escape(network)}</small></td>',
        f'<td class="n" rowspan="2">{_digits(model.validation, ".3f")}</td>',
    ]
    last = [
        f'<td class="n" rowspan="2">{"–" if model.is_ensemble else len(model.history)}{epoch}</td>',
        f'<td class="n" rowspan="2">{_digits(model.speed, ",.0f")}</td>',
    ]
    rows = []
    for level in LEVELS:
        scores = [_score(numbers(model, level, m)) for m in ("f1_macro", "f1_fake", "roc_auc", "eer")]
        threshold = cell(_digits(model.metrics["threshold"][level], ".3f"), "n")
        rows.append([cell(level, "c best" if best else "c"), *scores, threshold])
    return [[*first, *rows[0], *last], rows[1]]


def _digits(value: float | None, digits: str) -> str:
    return "–" if value is None else format(value, digits)


def _score(found: dict) -> str:
    """A cell: the value, with its interval below."""
    if found["value"] is None:
        return cell("–", "n")
    below = "" if found["low"] is None else f"<small>{interval(found)}</small>"
    return f'<td class="n">{found["value"]:.3f}{below}</td>'


def chosen(model: Model) -> str:
    """One model in full: curves, scores, plots, by corpus and method, robustness, mistakes."""
    threshold = model.metrics["threshold"]
    kind = made_of(model.facts) if model.is_ensemble else model.facts["arch"]
    about = f"{model.name} ({kind}) calls a frame fake from a probability of"
    about += f" {threshold['frame']:.3f} on, a video from {threshold['video']:.3f} on"
    about += f": {ORIGINS[threshold['from']]}." if threshold.get("from") in ORIGINS else "."
    plots = "".join(figure(model.reports / name, *texts) for name, texts in PLOTS.items())
    return f"""<p>{escape(about)}</p>
{_origin(model)}
<h3>Scores</h3>
{_scores(model)}
<div class="pair">{plots}</div>
{_by(model, "by_corpus", "By corpus", "corpus")}
{_by(model, "by_method", "By method", "method")}
<h3>Robustness</h3>
{figure(model.reports / "robustness.svg", "Damaged images", DAMAGED, "broad")}
<h3>Mistakes</h3>
<p>{escape(_mistaken(model))}</p>
{figure(model.reports / "mistakes.png", "Mistakes", SUREST, "broad")}
{figure(model.reports / "gradcam.png", "Grad-CAM", LOOKED + TOGETHER * model.is_ensemble, "broad")}"""


def _origin(model: Model) -> str:
    """How it was trained; what an ensemble is made of."""
    if model.is_ensemble:
        return f"<h3>What it is made of</h3>\n{members(model.facts)}"
    path, text = model.training / "curves.svg", "Loss, scores and learning rate, by epoch."
    return f"<h3>Training</h3>\n{figure(path, 'Curves', text, 'broad')}"


def _scores(model: Model) -> str:
    split = judged(model.metrics)
    if not split:
        return "<p>Nothing was measured: neither test nor val has an image.</p>"
    rows = [
        [cell(name), *(_score(numbers(model, level, metric)) for level in LEVELS)]
        for metric, name in METRICS.items()
    ]
    head = ["", *((f"{level}s", "n") for level in LEVELS)]
    return note(f"Of {split}. Lower is better for the last four.") + wide(table(head, rows), "scores")


def _by(model: Model, key: str, title: str, column: str) -> str:
    parts = (model.metrics["splits"].get(judged(model.metrics)) or {}).get(key)
    if not parts:
        return ""
    if column == "method" and all(name.endswith(f"/{UNKNOWN}") for name in parts):
        return (
            f"<h3>{title}</h3><p>The corpora name no methods, so the fakes can't be told apart by them.</p>"
        )
    head = [column, ("images", "n"), ("videos", "n")]
    head += [(f"{name}, {level}s", "n") for level in LEVELS for name in ("F1 macro", "AUC")]
    rows = [
        [
            cell(name),
            cell(f"{blocks['frame']['images']:,}", "n"),
            cell(f"{blocks['video']['videos']:,}", "n"),
            *(_score(blocks[level]["metrics"][m]) for level in LEVELS for m in ("f1_macro", "roc_auc")),
        ]
        for name, blocks in parts.items()
    ]
    text = note("The fakes of one method, with all reals of their corpus.") if column == "method" else ""
    return f"<h3>{title}</h3>{text}{wide(table(head, rows))}"


def _mistaken(model: Model) -> str:
    wrong, split = mistakes(model), judged(model.metrics)
    if wrong is None:
        return "Nothing was measured, so no mistakes are known."
    images = model.metrics["splits"][split]["frame"]["images"]
    if not wrong:
        return f"There are none: all {images:,} images of {split} are on the right side of the threshold."
    return f"{wrong:,} of {images:,} images of {split} are on the wrong side of the threshold."


def across(summary: Summary) -> str:
    """The models across datasets; "" where that wasn't asked for."""
    if summary.cross is None:
        return ""
    columns = [name for name in CROSS if name in summary.cross]
    head = [(CROSS[name], "" if name in TEXTS else "n") for name in columns]
    rows = [
        [cell(_shown(row[name], name), "" if name in TEXTS else "n") for name in columns]
        for row in summary.cross.to_dict("records")
    ]
    text = "Trained on one dataset, judged on the test of another, at the threshold chosen on the first one's"
    text += " val. Videos of people or originals that the model has learnt from are left out."
    shown = ""
    if summary.cross_picture:
        shown = figure(summary.cross_picture, "Across datasets", "Rows: trained on. Columns: tested on.")
    return note(text) + shown + wide(table(head, rows))


def _shown(value: str, column: str) -> str:
    """A score with three digits, a dash where there is none; counts and names as they are."""
    number = pd.to_numeric(value, errors="coerce")
    if column.endswith(("f1_macro", "roc_auc")) and not pd.isna(number):
        return f"{number:.3f}"
    return value or "–"
