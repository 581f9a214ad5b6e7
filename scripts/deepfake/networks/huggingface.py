"""Image classifiers of transformers: read from a folder with their own preprocessing, and saved as one."""

import inspect
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import huggingface_hub
import torch
import transformers
from safetensors import SafetensorError
from torch import Tensor, nn

from deepfake.console import log
from deepfake.inputs.geometry import Geometry
from deepfake.networks import weights
from deepfake.networks.detector import Detector
from deepfake.networks.errors import WeightsDontFit, WeightsMissing
from deepfake.networks.settings import (
    HALVES,
    PIL_RESAMPLES,
    is_hub_name,
    preprocessor_geometry,
    read_preprocessor,
    scaling_of,
)

CLASSES = {0: "real", 1: "fake"}
FAKE = frozenset(
    "fake fakes faked deepfake deepfakes ai artificial generated aigenerated synthetic synthesized forged "
    "forgery manipulated tampered altered swapped faceswap spoof spoofed gan".split()
)
REAL = frozenset(
    "real reals realism realistic authentic original originals genuine pristine bonafide bona human live "
    "natural untampered unaltered".split()
)
NEGATIONS = frozenset("not non no un".split())
# What could name code or files elsewhere, or belongs to one machine.
DROPPED = (
    "auto_map custom_pipelines _name_or_path name_or_path attn_implementation _attn_implementation "
    "_attn_implementation_internal _experts_implementation_internal experts_implementation "
    "quantization_config dtype torch_dtype transformers_version _commit_hash"
).split()
PLAIN = {"image_processor_type": "ViTImageProcessor", "image_mean": HALVES, "image_std": HALVES}
UNUSABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
)


class Classifier(nn.Module):
    """A transformers image classifier as a plain network: images (N, 3, size, size) to logits (N, 2)."""

    def __init__(self, model: transformers.PreTrainedModel, size: int):
        super().__init__()
        self.model = model
        takes = inspect.signature(model.forward).parameters
        made_for = getattr(model.config, "image_size", size)
        other = made_for not in (size, [size, size], (size, size))
        self.options = (
            {"interpolate_pos_encoding": True} if other and "interpolate_pos_encoding" in takes else {}
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.model(pixel_values=images, **self.options).logits


def load(name: str, head: str, size: int) -> tuple[Classifier, dict]:
    """The classifier of a folder, or of the hub under that name, for images of `size`; and its facts.

    `head` is `keep`, for a head of two labels of which `fake_label` knows the fake, or `new`, for one of two
    classes drawn from torch's numbers. Raises ValueError for labels that can't be told apart, WeightsMissing
    where the hub can't be reached, WeightsDontFit where the folder's weights are not what its config says.
    """
    transformers.utils.logging.disable_progress_bar()
    if head not in ("keep", "new"):
        raise ValueError(f"head: {head!r} can't be used; write keep or new")
    folder = Path(_from_hub(name) if is_hub_name(name) else name)
    preprocessor = read_preprocessor(folder)
    if not preprocessor:
        log.warning("%s has no preprocessor_config.json: pixels are scaled to -1 to 1, as for most ViT", name)
        preprocessor = PLAIN | {"size": {"height": size, "width": size}, "resample": 2}
    try:
        mean, std = scaling_of(preprocessor)
    except ValueError as error:
        raise ValueError(f"{folder / 'preprocessor_config.json'}: {error}") from None
    settings = _read_config(folder / "config.json")
    labels = {int(number): str(label) for number, label in settings.get("id2label", {}).items()}
    fake = fake_label(labels, f"{name}/config.json") if head == "keep" else 1
    model, missing = _read_model(folder, settings)
    if head == "keep":
        if missing:
            raise WeightsDontFit(
                f"{name} has no weights for {', '.join(sorted(missing)[:5])} ({len(missing)} in all); for a "
                "network without a classifier of its own write head: new"
            )
    else:
        model = _with_new_head(model, missing, settings, name)
    facts = {
        "mean": mean,
        "std": std,
        "fake": fake,
        "config": _plain_config(model.config),
        "preprocessor": preprocessor,
    }
    return Classifier(model, size), facts


def remake(facts: dict, state: Mapping[str, Tensor], source: str) -> Classifier:
    """The classifier of `facts`, its weights still to be laid in.

    WeightsDontFit where `state` has other shapes, which is found before the memory is taken.
    """
    try:
        with torch.device("meta"):
            outline = Classifier(_new_model(facts["config"]), facts["geometry"]["size"]).state_dict()
    except UNUSABLE as error:
        raise WeightsDontFit(f"{source} has a config of which no network can be made: {error}") from None
    other = [key for key in outline.keys() | state.keys() if key not in outline or key not in state]
    other += [key for key in outline if key in state and outline[key].shape != state[key].shape]
    if other:
        raise WeightsDontFit(
            f"{source} doesn't fit its own config: {', '.join(sorted(other)[:5])} ({len(other)} in all) are "
            "missing, unknown or of another shape"
        )
    return Classifier(_new_model(facts["config"]), facts["geometry"]["size"])


def save_pretrained(detector: Detector, facts: dict, folder: str | Path) -> None:
    """Write a folder for transformers' AutoModelForImageClassification and AutoImageProcessor.

    It holds the weights (safetensors), the config with the labels in their original order, and the
    preprocessing: the original's, or where the detector was built for another size, resizing to a square of
    that. Of an image they give the probabilities that `detector` gives; a transformer of another size than
    its config's has to be called with interpolate_pos_encoding=True. `folder` is made if it isn't there.
    """
    folder = Path(folder)
    detector.network.model.save_pretrained(folder)
    text = json.dumps(_preprocessor(facts), indent=2, sort_keys=True) + "\n"
    (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")


def _preprocessor(facts: dict) -> dict:
    own, geometry = facts["preprocessor"], Geometry(**facts["geometry"])
    with suppress(ValueError):  # where image_size was given, the original need not say a size
        if preprocessor_geometry(own) == geometry and scaling_of(own) == (facts["mean"], facts["std"]):
            return own
    numbers = {name: number for number, name in PIL_RESAMPLES.items()}
    return {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": geometry.size, "width": geometry.size},
        "resample": numbers[geometry.resample],
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": facts["mean"],
        "image_std": facts["std"],
    }


def fake_label(labels: Mapping[int, str], source: str = "config.json") -> int:
    """Which of the two `labels` (id2label) means fake, by the words in their names, such as `ai_generated`.

    ValueError unless there are two, one with a word for fake and the other with one for real.
    """
    if sorted(labels) != [0, 1]:
        raise ValueError(
            f"{source} has {len(labels)} labels in id2label, and two are needed; write head: new"
        )
    meanings = [_meaning(labels[number]) for number in (0, 1)]
    if sorted(meanings, key=str) != ["fake", "real"]:
        raise ValueError(
            f"{source}: id2label is {dict(labels)}, which doesn't say which is fake; set id2label there, "
            'such as {"0": "real", "1": "fake"}, or write head: new'
        )
    return meanings.index("fake")


def _meaning(label: str) -> str | None:
    parts = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", label)
    words = {part.lower() for part in parts} | {"".join(parts).lower()}
    if words & NEGATIONS or bool(words & FAKE) == bool(words & REAL):
        return None
    return "fake" if words & FAKE else "real"


def _read_config(path: Path) -> dict:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        labels = settings.get("id2label", {})
        if not isinstance(settings["model_type"], str) or any(not str(key).isdecimal() for key in labels):
            raise ValueError("model_type and id2label are not as transformers writes them")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is no config of a transformers model: {error}") from None
    return settings


def _config(settings: dict) -> transformers.PreTrainedConfig:
    if settings["model_type"] == "timm_wrapper":  # its network may be named by an address
        raise ValueError(
            "it holds a network of timm; write arch: timm/<name> and weights: <its model.safetensors>"
        )
    kept = {key: value for key, value in settings.items() if key not in (*DROPPED, "model_type")}
    return transformers.AutoConfig.for_model(settings["model_type"], **kept)


def _plain_config(config: transformers.PreTrainedConfig) -> dict:
    settings = json.loads(json.dumps(config.to_dict(), sort_keys=True))
    return {key: value for key, value in settings.items() if key not in DROPPED}


def _new_model(settings: dict) -> transformers.PreTrainedModel:
    return transformers.AutoModelForImageClassification.from_config(
        _config(settings), dtype=torch.float32, trust_remote_code=False
    )


def _read_model(folder: Path, settings: dict) -> tuple[transformers.PreTrainedModel, set[str]]:
    """The folder's model in float32, and the keys that it has no weights for."""
    try:
        model, said = transformers.AutoModelForImageClassification.from_pretrained(
            folder,
            config=_config(settings),
            dtype=torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except UNUSABLE as error:
        raise WeightsDontFit(f"{folder} can't be read by transformers: {error}") from None
    for what in ("unexpected_keys", "mismatched_keys", "error_msgs"):
        if said[what]:
            keys = sorted(map(str, said[what]))
            raise WeightsDontFit(f"{folder}: {len(keys)} {what.replace('_', ' ')}: {', '.join(keys[:5])}")
    return model, set(said["missing_keys"])


def _with_new_head(model, missing: set[str], settings: dict, name: str) -> transformers.PreTrainedModel:
    """`model` with a new last layer of two outputs, real and fake."""
    binary = settings | {
        "id2label": CLASSES,
        "label2id": {label: number for number, label in CLASSES.items()},
    }
    binary.pop("num_labels", None)
    three = binary | {"id2label": CLASSES | {2: "other"}, "label2id": {**binary["label2id"], "other": 2}}
    fresh = _new_model(binary)
    with torch.device("meta"):
        wider = _new_model(three).state_dict()
    own = fresh.state_dict()
    head = {key for key in own if own[key].shape != wider[key].shape}
    if lost := missing - head:
        raise WeightsDontFit(f"{name} has no weights for {', '.join(sorted(lost)[:5])} ({len(lost)} in all)")
    log.info("%s: the head is new (%s)", name, ", ".join(sorted(head)))
    fresh.load_state_dict(own | {key: value for key, value in model.state_dict().items() if key not in head})
    return fresh


def _from_hub(name: str) -> str:
    """The folder of a model of the hub, from the local store where it is there, else fetched."""
    patterns = ["config.json", "preprocessor_config.json", "*.safetensors", "pytorch_model*.bin"]
    try:
        return huggingface_hub.snapshot_download(name, allow_patterns=patterns, local_files_only=True)
    except (OSError, ValueError):
        pass  # not there yet
    try:
        weights.check_hub()
        return huggingface_hub.snapshot_download(name, allow_patterns=patterns)
    except (OSError, ValueError) as error:
        raise WeightsMissing(
            f"there is no folder {name}, and {name} can't be fetched from the Hugging Face hub ({error}). "
            "Save it on a machine with a connection by save_pretrained, copy the folder here and write "
            "arch: hf/<folder>"
        ) from None
