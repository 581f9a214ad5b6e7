"""The card of a model's folder for the Hugging Face Hub: README.md with a YAML head, as the Hub reads it.

Specification: huggingface.co/docs/hub/model-cards, and for `model-index` Papers with Code's, as
huggingface_hub.EvalResult describes it.
"""

import json
import math

from deepfake.checkpoints.hub_folder import OWN, TIMM, TRANSFORMERS, library_of
from deepfake.inputs.geometry import Geometry
from deepfake.markdown import code_span, plain_text
from deepfake.names import visible
from deepfake.networks.settings import is_hub_name, parse_arch
from deepfake.submissions.card import (
    describe_networks,
    describe_results,
    describe_several,
    describe_use,
    list_terms,
)

TAGS = ["deepfake-detection", "face-forgery", "image-forensics"]
METRICS = {
    "f1_macro": ("f1", "macro F1"),
    "roc_auc": ("roc_auc", "ROC AUC"),
    "accuracy": ("accuracy", "accuracy"),
}
"""By the key in metrics.json: the Hub's name of a metric, and ours."""

LICENCE = """The use of the weights depends on the terms of the weights that the training began with, and on
those of the corpora that the model was trained on:

"""

FIT = {
    True: "resized to {size}×{size} pixels ({resample}, by Pillow), whatever its sides",
    False: "resized until its shorter side has {resize} pixels ({resample}, by Pillow), of which the square "
    "of {size} in the middle is cut out",
}


def hub_card(name: str, metadata: dict, metrics: dict, families: dict[str, str], plan: dict) -> str:
    """Return README.md of the folder that hub_folder.write_model wrote for the model `name`.

    `metadata` is that of its file, `metrics` the contents of metrics.json, `families` those of its corpora,
    and `plan` the JSON beside the plan of its dataset.
    """
    corpora = list(metadata["preprocessing"].get("corpora", {}))
    sections = {
        "How to use it": _usage(metadata),
        "What it takes": _images(metadata),
        "Results": describe_results(metadata, metrics, plan),
        "Intended use and limits": describe_use(corpora),
        "Licence": LICENCE + list_terms(corpora, families),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    dataset = metadata["dataset"]
    head = _head(name, metadata, metrics).items()
    head = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in head)  # YAML, too
    return f"""---
{head}---

# {plain_text(name)}, a detector of manipulated faces

It returns the probability that a face is fake; label 0 is real, 1 is fake.

- network: {describe_networks(metadata)}
- trained on: {code_span(dataset["name"])}, of {", ".join(map(plain_text, corpora)) or "unknown corpora"}
- SHA-256 of the images kept in the plan of that dataset: {code_span(dataset["sha256"])}

{body}
"""


def _head(name: str, metadata: dict, metrics: dict) -> dict:
    """Return what the Hub reads of a card."""
    library = library_of(metadata)
    head = {
        "license": "other",
        "license_name": "terms-of-the-corpora",
        "pipeline_tag": "image-classification",
    }
    head |= {} if library == OWN else {"library_name": library}
    head |= {"tags": TAGS, "metrics": [kind for kind, _ in METRICS.values()]}
    arch = metadata.get("network", {}).get("arch", "")
    base = parse_arch(arch)[1] if arch.startswith("hf/") else ""
    head |= {"base_model": base} if base and is_hub_name(base) else {}
    results = _results(metadata["dataset"]["name"], metrics)
    return head | ({"model-index": [{"name": visible(name), "results": results}]} if results else {})


def _results(dataset: str, metrics: dict) -> list[dict]:
    """Return the results on the test set in the form of a model index: of images, and of videos."""
    test = metrics["splits"].get("test")
    results = []
    for level, what in (("frame", "images"), ("video", "videos")) if test else ():
        numbers = {key: test[level]["metrics"].get(key) or {} for key in METRICS}
        values = {key: number.get("value") for key, number in numbers.items()}
        found = [
            {"type": kind, "name": f"{label}, {what}", "value": values[key]}
            for key, (kind, label) in METRICS.items()
            if values[key] is not None and math.isfinite(values[key])
        ]
        results.append(
            {
                "task": {"type": "image-classification", "name": f"deepfake detection in {what}"},
                "dataset": {"name": visible(dataset), "type": "imagefolder", "split": "test"},
                "metrics": found,
            }
        )
    return [result for result in results if result["metrics"]]


def _usage(metadata: dict) -> str:
    return f"""{USAGE[library_of(metadata)]}

{_threshold(metadata)}"""


def _threshold(metadata: dict) -> str:
    return f"""An image is called fake from a probability of {metadata["threshold"]:.4f} on, and a person in a
video where the mean over the frames is {metadata["video_threshold"]:.4f} or more{describe_several(metadata)}.
These thresholds were chosen on the validation set. They are in `detector.json`, with all settings below."""


USAGE = {
    TRANSFORMERS: """With `transformers`, on a crop of a face:

    from transformers import pipeline

    detect = pipeline("image-classification", model="<this folder or repository>")
    print(detect("face.jpg"))  # the probabilities of real and fake

`AutoModelForImageClassification` and `AutoImageProcessor` open it too. Where the processor's size is another
than `image_size` in config.json, call the model with `interpolate_pos_encoding=True`.""",
    TIMM: """With `timm`, on a crop of a face:

    import timm, torch
    from PIL import Image

    # of a folder: "local-dir:<this folder>"
    model = timm.create_model("hf-hub:<this repository>", pretrained=True).eval()
    settings = timm.data.resolve_model_data_config(model)
    transform = timm.data.create_transform(**settings, is_training=False)
    image = transform(Image.open("face.jpg").convert("RGB"))[None]
    print(model(image).softmax(1))  # the probabilities of real and fake

`transformers` opens it by its pipeline `image-classification` as well.""",
    OWN: """With the workflow that made it, which also finds the faces in videos and images:

    python scripts/detect.py clip.mp4 face.jpg --model model.safetensors --output-page report.html

The tensors of `model.safetensors` are named `state.<name in the network>`, in an ensemble
`parts.<number>.state.<name>`, and the file's metadata `deepfake` is JSON that describes the network. The
sigmoid of a network's one output is the probability of fake.""",
}


def _images(metadata: dict) -> str:
    preprocessing, lines = metadata["preprocessing"], []
    for part in metadata.get("parts", [metadata]):
        geometry = Geometry(**part["geometry"])
        fitted = FIT[geometry.size == geometry.resize].format(**vars(geometry))
        mean, std = (", ".join(f"{value:.6g}" for value in part[key]) for key in ("mean", "std"))
        lines.append(f"- {fitted}; RGB in 0 to 1, less the mean ({mean}), over the deviation ({std})")
    lines = list(dict.fromkeys(lines))
    text = "An image in RGB is\n\n" + "\n".join(lines)
    steps = preprocessing.get("corpora", {}).get(preprocessing.get("default"), {})
    if not steps:
        return f"{text}\n\nHow its training images were cut isn't known."
    shown = {"faces": "crops of faces", "frames": "whole frames"}[preprocessing["shows"]]
    settings = {key: _without_paths(steps.get(key, {})) for key in ("frames", "faces")}
    texts = {key: visible(json.dumps(s, sort_keys=True, ensure_ascii=False)) for key, s in settings.items()}
    return f"""{text}

It was trained on {shown}. Other crops, tighter or looser, give other scores. They were made with these
settings (`margin` is the side of the crop over the longer side of the face's box, `size` is in pixels):

    frames {texts["frames"]}
    faces  {texts["faces"]}"""


def _without_paths(settings: dict) -> dict:
    """Return settings without the path of a face detector's file on the machine of the training."""
    return {key: value for key, value in settings.items() if key != "model"}
