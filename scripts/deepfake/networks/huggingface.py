"""Image classifiers of transformers: read from a folder or the hub, and saved as a folder again."""

import inspect
import json
import pickle
import textwrap
from contextlib import suppress
from pathlib import Path

import huggingface_hub
import torch
import transformers
from safetensors import SafetensorError
from torch import Tensor, nn

from deepfake.console import log
from deepfake.errors import ModelError, UserError
from deepfake.inputs.geometry import Geometry
from deepfake.networks.cost import limited_modules
from deepfake.networks.detector import Detector
from deepfake.networks.huggingface_labels import fake_output, label_keys, with_labels
from deepfake.networks.huggingface_preprocessing import (
    HALVES,
    PIL_RESAMPLES,
    geometry_of_processor,
    read_preprocessor,
    scaling_of_processor,
)
from deepfake.networks.limits import MODEL_LIMITS, check_file_sizes
from deepfake.networks.pooling import pool_tokens
from deepfake.networks.pretrained import check_hub
from deepfake.networks.settings import is_hub_name
from deepfake.networks.weights import check_archive, check_header, unreadable_pickle

CLASSES = {0: "real", 1: "fake"}
MAX_CONFIG = 4_000_000  # bytes of config.json
MAX_TOTAL = 1 << 23  # of all whole numbers in it together; vocabularies have a quarter of a million
MAX_REASON = 400  # characters of an error of transformers
MADE_ANEW = 50_000_000  # weights that no file needs to have: those of a new head, and tables of positions
OF_TEXT = ("text_model.", "text_projection.", "visual_projection.", "logit_scale", "logit_bias")
"""Weights of CLIP, SigLIP and their kind that serve to compare images with text."""
# Keys of a config that could name code or files elsewhere, or that belong to one machine.
DROPPED = (
    "auto_map custom_pipelines _name_or_path name_or_path attn_implementation _attn_implementation "
    "_attn_implementation_internal _experts_implementation_internal experts_implementation "
    "quantization_config output_attentions output_hidden_states dtype torch_dtype "
    "transformers_version _commit_hash"
).split()
DEFAULT_PREPROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "image_mean": HALVES,
    "image_std": HALVES,
}
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
    """A transformers image classifier as a plain network: images (N, 3, size, size) to logits (N, 2).

    `pooling` is None for the model's own.
    """

    def __init__(self, model: transformers.PreTrainedModel, size: int):
        super().__init__()
        self.model = model
        self.pooling: str | None = None
        parameters = inspect.signature(model.forward).parameters
        own_size = getattr(model.config, "image_size", size)
        differs = own_size not in (size, [size, size], (size, size))
        self.options = (
            {"interpolate_pos_encoding": True} if differs and "interpolate_pos_encoding" in parameters else {}
        )

    def forward(self, images: Tensor) -> Tensor:
        if self.pooling is None:
            return self.model(pixel_values=images, **self.options).logits
        pool = pool_tokens(self.model, self.pooling)
        return self.model.classifier(pool(pixel_values=images, **self.options))


def load(
    name: str, head: str | dict | None, size: int, limits: dict | None = None
) -> tuple[Classifier, list[str], dict]:
    """Return the classifier of a folder, or of the hub's model `name`, for images of `size`.

    Beside it the parameters of its head that are new, and its spec: mean, std, fake, config and preprocessor.
    `head` is `keep`, for a head of two labels of which `fake_label` finds the fake; `{"fake": 1}`, for one
    whose second output is fake whatever its labels; `new`, for a new one of two classes from torch's random
    numbers; or None: the folder's if it can be kept, else a new one. Raises UserError for labels whose
    meaning is unclear, and ModelError if the hub can't be reached, the folder's weights are not what its
    config says, or they are over `limits` (default: MODEL_LIMITS).
    """
    transformers.utils.logging.disable_progress_bar()
    folder = Path(_from_hub(name) if is_hub_name(name) else name)
    preprocessor = read_preprocessor(folder)
    if not preprocessor:
        log.warning("%s has no preprocessor_config.json: pixels are scaled to -1 to 1, as for most ViT", name)
        preprocessor = DEFAULT_PREPROCESSOR | {"size": {"height": size, "width": size}, "resample": 2}
    try:
        mean, std = scaling_of_processor(preprocessor)
    except UserError as error:
        raise UserError(f"{folder / 'preprocessor_config.json'}: {error}") from None
    settings = _read_config(folder / "config.json")
    fake = 1 if head == "new" else fake_output(settings, head, f"{name}/config.json")
    if isinstance(head, dict):  # so that a folder saved from it says so
        settings = with_labels(settings, fake)
    _check_folder(folder, settings, MODEL_LIMITS | (limits or {}))
    model, missing = _read_model(folder, settings)
    new = []
    if fake is None or head == "new" or (head is None and missing):
        model, new = _with_new_head(model, missing, settings, name)
        fake = 1
    elif missing:
        raise ModelError(
            f"{name} has no weights for {', '.join(sorted(missing)[:5])} ({len(missing)} in all); for a "
            "network without a classifier of its own write head: new"
        )
    spec = {
        "mean": mean,
        "std": std,
        "fake": fake,
        "config": _plain_config(model.config),
        "preprocessor": preprocessor,
    }
    return Classifier(model, size), [f"model.{key}" for key in new], spec


def remake(spec: dict, source: str) -> Classifier:
    """Return the classifier of a Built.spec with new weights. ModelError, naming `source`, if it can't."""
    try:
        return Classifier(_new_model(spec["config"]), spec["geometry"]["size"])
    except UNUSABLE as error:
        raise ModelError(f"{source} has a config of which no network can be made: {_reason(error)}") from None


def save_pretrained(detector: Detector, spec: dict, folder: str | Path) -> None:
    """Write a folder for transformers' AutoModelForImageClassification and AutoImageProcessor.

    It holds the weights (safetensors), the config with the labels in their original order, and the
    preprocessing: the original's, or resizing to a square where the detector was built for another size. They
    give the probabilities that `detector` gives; a transformer of another size than its config's has to be
    called with interpolate_pos_encoding=True. `folder` is made if it doesn't exist.
    """
    folder = Path(folder)
    detector.network.model.save_pretrained(folder)
    text = json.dumps(_preprocessor(spec), indent=2, sort_keys=True) + "\n"
    (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")


def _preprocessor(spec: dict) -> dict:
    original, geometry = spec["preprocessor"], Geometry(**spec["geometry"])
    with suppress(UserError):  # where image_size was given, the original need not have a size
        scaling = scaling_of_processor(original)
        if geometry_of_processor(original) == geometry and scaling == (spec["mean"], spec["std"]):
            return original
    numbers = {name: number for number, name in PIL_RESAMPLES.items()}
    return {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": geometry.size, "width": geometry.size},
        "resample": numbers[geometry.resample],
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": spec["mean"],
        "image_std": spec["std"],
    }


def _check_folder(folder: Path, settings: dict, limits: dict) -> None:
    """Raise ModelError unless the folder's weights can be those of its config, before any is read.

    `from_pretrained` would make the whole network first, and new weights wherever the files have others.
    """
    files = sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")])
    size = check_file_sizes(files, folder, limits)
    if not files:
        return  # transformers says so, before it makes anything
    for path in files:
        check_header(path) if path.suffix == ".safetensors" else check_archive(path)
    try:
        with limited_modules(size // 64), torch.device("meta"):  # no tensor has fewer bytes
            network = _new_model(settings)
    except UNUSABLE as error:
        raise ModelError(f"{folder} can't be read by transformers: {_reason(error)}") from None
    numbers = sum(tensor.numel() for tensor in [*network.parameters(), *network.buffers()])
    if numbers > size + MADE_ANEW:
        raise ModelError(
            f"{folder}/config.json describes a network of {numbers:,} weights, and the files of weights have "
            f"{size:,} bytes"
        )


def _read_config(path: Path) -> dict:
    try:
        text = path.read_bytes()[: MAX_CONFIG + 1]
        if len(text) > MAX_CONFIG:
            raise ValueError(f"more than {MAX_CONFIG:,} bytes")
        settings = json.loads(text)
        labels = settings.get("id2label", {})
        if not isinstance(settings["model_type"], str) or any(not str(key).isdecimal() for key in labels):
            raise ValueError("model_type and id2label are not as transformers writes them")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{path} is no config of a transformers model: {error}") from None
    return settings


def _config(settings: dict) -> transformers.PreTrainedConfig:
    if settings["model_type"] == "timm_wrapper":  # its network may be named by an address
        raise UserError(
            "it holds a network of timm; write arch: timm/<name> and weights: <its model.safetensors>"
        )
    if (total := _total(settings)) > MAX_TOTAL:
        raise UserError(f"it has numbers of {total:,} in all, and at most {MAX_TOTAL:,} are used")
    options = {key: value for key, value in settings.items() if key not in (*DROPPED, "model_type")}
    return transformers.AutoConfig.for_model(settings["model_type"], **options)


def _reason(error: Exception) -> str:
    """Return the message of an error of transformers, cut where it lists hundreds of names."""
    return textwrap.shorten(str(error), MAX_REASON, placeholder=" …")


def _total(settings: object) -> int:
    """Return the sum of all whole numbers in a config: a length that no list of layers can exceed."""
    if isinstance(settings, dict | list):
        return sum(map(_total, settings.values() if isinstance(settings, dict) else settings))
    return abs(settings) if type(settings) is int else 0


def _plain_config(config: transformers.PreTrainedConfig) -> dict:
    settings = json.loads(json.dumps(config.to_dict(), sort_keys=True))
    return {key: value for key, value in settings.items() if key not in DROPPED}


def _new_model(settings: dict) -> transformers.PreTrainedModel:
    return transformers.AutoModelForImageClassification.from_config(
        _config(settings), dtype=torch.float32, trust_remote_code=False
    )


def _read_model(folder: Path, settings: dict) -> tuple[transformers.PreTrainedModel, set[str]]:
    """Return the folder's model in float32, and the keys that it has no weights for."""
    try:
        model, report = transformers.AutoModelForImageClassification.from_pretrained(
            folder,
            config=_config(settings),
            dtype=torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except pickle.UnpicklingError as error:
        raise ModelError(f"{folder}: its file of weights {unreadable_pickle(error)}") from None
    except UNUSABLE as error:
        raise ModelError(f"{folder} can't be read by transformers: {_reason(error)}") from None
    if "vision_config" in settings:  # of which the classifier has the part for images alone
        report["unexpected_keys"] = {k for k in report["unexpected_keys"] if not k.startswith(OF_TEXT)}
    for what in ("unexpected_keys", "mismatched_keys", "error_msgs"):
        if report[what]:
            keys = sorted(map(str, report[what]))
            raise ModelError(f"{folder}: {len(keys)} {what.replace('_', ' ')}: {', '.join(keys[:5])}")
    return model, set(report["missing_keys"])


def _with_new_head(
    model: transformers.PreTrainedModel, missing: set[str], settings: dict, name: str
) -> tuple[transformers.PreTrainedModel, list[str]]:
    """Return `model` with a new last layer of two outputs, real and fake, and the names of its parameters.

    The last layer are the weights of which a model with three labels has other shapes.
    """
    binary = settings | label_keys(CLASSES)
    binary.pop("num_labels", None)
    three = binary | label_keys(CLASSES | {2: "other"})
    new = _new_model(binary)
    with torch.device("meta"):
        wider = _new_model(three).state_dict()
    own = new.state_dict()
    head = {key for key in own if own[key].shape != wider[key].shape}
    if absent := missing - head:
        raise ModelError(f"{name} has no weights for {', '.join(sorted(absent)[:5])} ({len(absent)} in all)")
    log.info("%s: the head is new (%s)", name, ", ".join(sorted(head)))
    new.load_state_dict(own | {key: value for key, value in model.state_dict().items() if key not in head})
    return new, sorted(head)


def _from_hub(name: str) -> str:
    """Return the folder of a model of the hub in the local store, fetched where it isn't there yet."""
    patterns = ["config.json", "preprocessor_config.json", "*.safetensors", "pytorch_model*.bin"]
    try:
        return huggingface_hub.snapshot_download(name, allow_patterns=patterns, local_files_only=True)
    except (OSError, ValueError):
        pass  # not there yet
    try:
        check_hub()
        return huggingface_hub.snapshot_download(name, allow_patterns=patterns)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"there is no folder {name}, and {name} can't be fetched from the Hugging Face hub ({error}). "
            "Save it on a machine with a connection by save_pretrained, copy the folder here and write "
            "arch: hf/<folder>"
        ) from None
