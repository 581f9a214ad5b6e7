"""The model card of a package, README.md: what the model is, how well it does, its use and its licence."""

import json
import math
from collections.abc import Collection

from deepfake.dataset.terms import terms_of
from deepfake.extraction.package_models import FIVE_POINTS, MMOD, SIXTY_EIGHT_POINTS, TERMS
from deepfake.markdown import code_span, plain_text
from deepfake.names import visible
from deepfake.pages.summary_models import describe_units
from deepfake.plan.knowledge import describe_all_known

METRICS = {"f1_macro": "macro F1", "f1_fake": "F1 of fake", "roc_auc": "ROC AUC", "log_loss": "log loss"}
SPLITS = {"val": "val, used to choose it", "test": "test"}

INTRODUCTION = """A detector of manipulated faces in videos and images, with the program that runs it. It
returns the probability that a face is fake; label 0 is real, 1 is fake. It works offline."""

OTHER_MODELS = """Replace `model.onnx` by another exported format of the model, or by another model: any .onnx
file of `results/forms/<dataset>/<model>/`, under the name `model.onnx`. It contains its own preprocessing and
thresholds; `preprocessing.json` and this page then still describe the old model, and `SHA256SUMS` no longer
matches. `--model FILE` uses another file for one run. A model whose faces are found or aligned by other files
than those of this package is better packed itself."""

FACE_MODELS = {
    "face_detector.onnx": "YuNet, which finds the faces",
    FIVE_POINTS: "dlib's 5-point model, by which face crops are turned upright",
    SIXTY_EIGHT_POINTS: "dlib's 68-point model, by which face crops are turned upright",
    MMOD: "dlib's CNN detector, which finds the faces",
}
"""By the name of the file in the package: what it is for."""


def model_card(
    name: str,
    metadata: dict,
    metrics: dict,
    families: dict[str, str],
    file: str,
    face_models: Collection[str] = (),
    plan: dict | None = None,
) -> str:
    """Return the card as Markdown.

    `name` is the model's name in the config, `metadata` the metadata in its file, `metrics` the contents of
    metrics.json, `families` those of its corpora, `file` the name of the exported model, such as
    float32.onnx, `face_models` are the keys of FACE_MODELS that the package contains. `plan` is the JSON
    beside the plan of its dataset.
    """
    corpora = list(metadata["preprocessing"]["corpora"])
    sections = {
        "How to run it": _usage(face_models),
        "The model": _model(metadata, file),
        "Results": describe_results(metadata, metrics, plan or {}),
        "Preprocessing": _preprocessing(metadata["preprocessing"]),
        "Intended use and limits": describe_use(corpora),
        "Other models": OTHER_MODELS,
        "Licence": _licence(corpora, families, face_models),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    dataset = plain_text(metadata["dataset"]["name"])
    return f"# {name}, trained on {dataset}\n\n{INTRODUCTION}\n\n{body}\n"


def _usage(face_models: Collection[str]) -> str:
    files = "".join(f"\n- `{name}`: {FACE_MODELS[name]}" for name in face_models)
    files = f"\n\nFiles for faces, whose checksums are verified before use:\n{files}" if files else ""
    return f"""Python 3.11 or later:

    python3 -m venv .venv && . .venv/bin/activate
    pip install -r requirements.txt

    python predict.py clip.mp4 folder/ more.zip                                # a verdict and score for each
    python predict.py test/ --list test_list.txt --output prediction.txt       # lines `name label`
    python predict.py videos/ --sample sample_submission.csv --csv submission.csv
    python predict.py folder/ --json verdicts.json                             # each person and frame

`--crops` says that images are face crops already; `--help` lists all options. Files that can't be judged (no
face, missing, unreadable) are logged, have the fallback in the output, and make the exit code 3.
`sha256sum -c SHA256SUMS` (macOS: `shasum -a 256 -c SHA256SUMS`) verifies the unpacked
files.{files}"""


def _model(metadata: dict, file: str) -> str:
    dataset, corpora = metadata["dataset"], metadata["preprocessing"]["corpora"]
    images, name = dataset.get("images"), code_span(dataset["name"])
    count = f", {images:,} images" if type(images) is int else ""
    return f"""- network: {describe_networks(metadata)}
- exported as: `{file}`
- trained on: {name}{count} of {", ".join(map(plain_text, corpora))}
- SHA-256 of the images kept in the plan of {name}: {code_span(dataset["sha256"])}
- thresholds: an image is fake from {metadata["threshold"]:.4f} on; a person in a video is fake where the mean
  over the frames is {metadata["video_threshold"]:.4f} or more{describe_several(metadata)}"""


def describe_several(metadata: dict) -> str:
    """Return the end of a sentence on thresholds: those of several people, "" where the model has none."""
    thresholds = metadata.get("people_thresholds") or []
    if len(thresholds) < 2:
        return ""
    return (
        f"; where the highest score of several people decides, from {thresholds[1]:.4f} (two people)\n"
        f"  to {thresholds[-1]:.4f} ({len(thresholds)} or more)"
    )


def describe_networks(metadata: dict) -> str:
    """Return the network's name and image size; for an ensemble those of its members."""
    parts = metadata.get("parts", [metadata])
    networks = [
        f"{plain_text(part['network']['arch'])} at {part['geometry']['size']} pixels" for part in parts
    ]
    if "parts" not in metadata:
        return networks[0]
    views = max(len(part["views"]) for part in parts)
    averaged = f", {views} views of each image" if views > 1 else ""
    return f"the mean of {' and '.join(networks)}{averaged}, at temperature {metadata['temperature']:.3f}"


def describe_results(metadata: dict, metrics: dict, plan: dict) -> str:
    """Return a model's results as a table, with what their intervals are over and what is known of people."""
    rows = []
    for split, title in SPLITS.items():
        found = metrics["splits"].get(split)
        for level in ("frame", "video") if found else ():
            values = found[level]["metrics"]
            cells = [_cell(values.get(key)) for key in METRICS]
            count = found[level]["images" if level == "frame" else "videos"]
            rows.append(f"| {title} | {count:,} {level}s | {' | '.join(cells)} |")
    if not rows:
        return "Neither val nor test has any image, so that there are no results."
    header = f"| split | size | {' | '.join(METRICS.values())} |\n|{' --- |' * (len(METRICS) + 2)}"
    thresholds, level = metrics["threshold"], metrics["bootstrap"]["level"]
    test, known = metrics["splits"].get("test"), plan.get("known", {})
    intervals = f"intervals over {describe_units(test['units'])}" if test else "intervals"
    missing = "" if test else "\nThere is no test split: these results are optimistic."
    if known:
        missing += f"\n\nOf the dataset's images: {describe_all_known(known, plan['images'])}."
    if not all(known.values()):
        missing += "\nWhat is unknown may be in training and test alike, and the results then too good."
    table = "\n".join([header, *rows])
    return f"""{table}

At the threshold {thresholds["frame"]:.4f} for frames and {thresholds["video"]:.4f} for videos. [low, high],
on test only, are {level:.0%} {intervals}. The results are those of best.pt, the model as it was
trained; `forms.txt` of the project compares the exported formats.{missing}"""


def _cell(numbers: dict | None) -> str:
    if not numbers or numbers["value"] is None or not math.isfinite(numbers["value"]):
        return "–"
    interval = "" if numbers["low"] is None else f" [{numbers['low']:.3f}, {numbers['high']:.3f}]"
    return f"{numbers['value']:.3f}{interval}"


def _preprocessing(preprocessing: dict) -> str:
    steps = preprocessing["corpora"][preprocessing["default"]]
    images = {"faces": "face crops", "frames": "whole frames"}[preprocessing["shows"]]
    return f"""The model was trained on {images}, and the program preprocesses each file like most of them
(corpus {code_span(preprocessing["default"])}; `--corpus` selects another corpus):

    frames {visible(json.dumps(steps["frames"], sort_keys=True, ensure_ascii=False))}
    faces  {visible(json.dumps(steps["faces"], sort_keys=True, ensure_ascii=False))}

`model.onnx` contains these settings; `preprocessing.json` is a copy to read."""


def describe_use(corpora: list[str]) -> str:
    """Return what a model that was trained on `corpora` is for, and what it can't do."""
    names = ", ".join(map(plain_text, corpora))
    return f"""For videos and images like those of {names}. Test it before using it on other
generators, compressions or cameras; a score is not a calibrated probability there. It doesn't judge sound,
nor manipulations of an image outside faces. It makes errors of both kinds, as the results show: don't let it
decide about people by itself, and let everyone affected have a person review the decision."""


def _licence(corpora: list[str], families: dict[str, str], face_models: Collection[str]) -> str:
    files = "".join(f"\n- `{name}`: {TERMS[name]}" for name in face_models if name in TERMS)
    files = f"\n\ndlib's models have terms of their own:\n{files}" if files else ""
    return f"""The programs have the MIT licence, see `LICENSE`; the packages of `requirements.txt` have their
own. The use of the weights depends on the terms of the corpora that the model was trained on:

{list_terms(corpora, families)}{files}"""


def list_terms(corpora: list[str], families: dict[str, str]) -> str:
    """Return a line for each corpus: the use that its authors allow."""
    return "\n".join(f"- {plain_text(corpus)}: {terms_of(corpus, families).use}" for corpus in corpora)
