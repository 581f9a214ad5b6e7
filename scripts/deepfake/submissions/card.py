"""README.md of a package: what the model is, how well it does, what it is for, and how it is run."""

import json
import math

from deepfake.dataset.terms import terms_of

METRICS = {"f1_macro": "macro F1", "f1_fake": "F1 of fake", "roc_auc": "ROC AUC", "log_loss": "log loss"}
SPLITS = {"val": "val, where it was chosen", "test": "test"}


def card(name: str, facts: dict, metrics: dict, families: dict[str, str], form: str, has_yunet: bool) -> str:
    """Markdown about a model: `facts` as its file holds them, `metrics` as evaluate wrote them.

    `name` is what the config calls it, `families` has those of its corpora, `form` is the name of its file.
    """
    dataset = facts["dataset"]["name"]
    sections = {
        "How to run it": _run(has_yunet),
        "What it is": _what(facts, form),
        "How well it does": _measured(facts, metrics),
        "How images are made ready": _steps(facts["preprocessing"]),
        "What it is for, and what not": _uses(list(facts["preprocessing"]["corpora"])),
        "Another model": OTHER,
        "Licence": _licence(list(facts["preprocessing"]["corpora"]), families),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return f"# {name}, trained on {dataset}\n\n{WHAT}\n\n{body}\n"


WHAT = """A detector of manipulated faces in videos and stills, with the program that runs it. It answers with
the probability that a face is fake; label 0 is real, 1 is fake. Nothing is fetched from a network."""

OTHER = """Put another form of it, or another model, in place of `model.onnx`: any file of
`results/forms/<dataset>/<model>/` that ends in `.onnx`, under that name. It brings its own
preprocessing and thresholds along; `preprocessing.json` and this page then speak of the one before, and
`SHA256SUMS` no longer fits. `--model FILE` takes one from elsewhere for one run."""


def _run(has_yunet: bool) -> str:
    yunet = (
        "\n`face_detector.onnx` is YuNet, which finds the faces; its checksum is checked before it is used."
    )
    return f"""Python 3.11 or later:

    python3 -m venv .venv && . .venv/bin/activate
    pip install -r requirements.txt

    python predict.py clip.mp4 folder/ more.zip                                # what each is, with its score
    python predict.py test/ --list test_list.txt --output prediction.txt       # lines `name label`
    python predict.py videos/ --sample sample_submission.csv --csv submission.csv
    python predict.py folder/ --json verdicts.json                             # each person and frame

`--crops` says that stills are face crops already; `--help` has the rest. What can't be judged (no face,
missing, unreadable) is named, has the fallback in the file, and makes the exit code 3.
`sha256sum -c SHA256SUMS` checks what was unpacked.{yunet if has_yunet else ""}"""


def _what(facts: dict, form: str) -> str:
    learnt = facts["dataset"]
    images = learnt.get("images")
    counted = f", {images:,} images" if type(images) is int else ""
    return f"""- network: {_networks(facts)}
- form: `{form}`
- learnt from: `{learnt["name"]}`{counted} of {", ".join(facts["preprocessing"]["corpora"])}
- SHA-256 of what the plan of `{learnt["name"]}` keeps: `{learnt["sha256"]}`
- thresholds: a still is called fake from {facts["threshold"]:.4f} on, a person in a video where the mean
  over the frames is {facts["video_threshold"]:.4f} or more"""


def _networks(facts: dict) -> str:
    """The network's name and size; of an ensemble those of its parts, and what is done with them."""
    parts = facts.get("parts", [facts])
    named = [f"{part['network']['arch']} at {part['geometry']['size']} pixels" for part in parts]
    if "parts" not in facts:
        return named[0]
    views = max(len(part["views"]) for part in parts)
    seen = f", {views} views of each image" if views > 1 else ""
    return f"the mean of {' and '.join(named)}{seen}, at temperature {facts['temperature']:.3f}"


def _measured(facts: dict, metrics: dict) -> str:
    rows = []
    for split, title in SPLITS.items():
        found = metrics["splits"].get(split)
        for level in ("frame", "video") if found else ():
            values = found[level]["metrics"]
            cells = [_cell(values.get(key)) for key in METRICS]
            number = found[level]["images" if level == "frame" else "videos"]
            rows.append(f"| {title} | {number:,} {level}s | {' | '.join(cells)} |")
    if not rows:
        return "Neither val nor test has any image: nothing was measured."
    head = f"| split | of | {' | '.join(METRICS.values())} |\n|{' --- |' * (len(METRICS) + 2)}"
    at = metrics["threshold"]
    bounds = f"[low, high], of test alone, are {metrics['bootstrap']['level']:.0%} intervals over people."
    missing = "" if metrics["splits"].get("test") else "\nThere is no test split: these numbers flatter it."
    return (
        f"{head}\n"
        + "\n".join(rows)
        + f"\n\nAt the threshold {at['frame']:.4f} of frames and {at['video']:.4f} "
        f"of videos. {bounds}\nThey are of best.pt, as it was trained; `forms.txt` of the project says what "
        f"another form loses.{missing}"
    )


def _cell(numbers: dict | None) -> str:
    if not numbers or numbers["value"] is None or not math.isfinite(numbers["value"]):
        return "–"
    between = "" if numbers["low"] is None else f" [{numbers['low']:.3f}, {numbers['high']:.3f}]"
    return f"{numbers['value']:.3f}{between}"


def _steps(preprocessing: dict) -> str:
    steps = preprocessing["corpora"][preprocessing["default"]]
    shown = {"faces": "face crops", "frames": "whole frames"}[preprocessing["shows"]]
    return f"""It learnt from {shown}, and what is judged is made alike by the program, as most of them were
(corpus `{preprocessing["default"]}`; `--corpus` takes another one's way):

    frames {json.dumps(steps["frames"], sort_keys=True, ensure_ascii=False)}
    faces  {json.dumps(steps["faces"], sort_keys=True, ensure_ascii=False)}

`model.onnx` holds this itself; `preprocessing.json` is a copy to read."""


def _uses(corpora: list[str]) -> str:
    return f"""For videos and stills like those of {", ".join(corpora)}. Other generators, compressions
and cameras need a test of their own, and a score is no probability there. It says nothing about sound, nor
about what is fake in a picture besides faces. Don't let it judge anybody by itself: it errs in both
directions, as the numbers above tell, and who is called a fake must be able to have a person look at it."""


def _licence(corpora: list[str], families: dict[str, str]) -> str:
    terms = "\n".join(f"- {corpus}: {terms_of(corpus, families).use}" for corpus in corpora)
    return f"""The programs are MIT licensed, see `LICENSE`; the packages of `requirements.txt` have licences
of their own. What the weights may be used for depends on the terms of what they were learnt from:

{terms}"""
