"""The metadata of a model: all that its file holds beside the weights, alike in every format.

best.pt holds it among its keys, .onnx and .safetensors as a JSON text. A file may come from anywhere, so the
metadata is checked against a JSON schema before anything uses it. Imports no torch.
"""

import json
import math
import reprlib
from collections.abc import Iterator
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from deepfake.errors import ModelError
from deepfake.evaluation.thresholds import MOST_PEOPLE
from deepfake.inputs.geometry import RESAMPLE, Geometry

KEY = "deepfake"
"""The key of the JSON text in the metadata that .onnx and .safetensors files have."""

FORMAT = 2
CLASSES = ["real", "fake"]  # by label
MAX_SIZE = 8192  # pixels; no network takes larger images
MAX_PARTS = 64  # of an ensemble
MAX_VIEWS = 256  # of each part of an ensemble
MAX_TEXT = 4_000_000  # characters of the JSON text
ROUNDING = 1e-9  # of the sum of two fractions


def _object(**properties: dict) -> dict:
    """The schema of an object that has all these keys, and may have others."""
    return {"type": "object", "required": list(properties), "properties": properties}


TEXT, ANY_OBJECT, FLOAT = {"type": "string"}, {"type": "object"}, {"type": "finite float"}
FRACTION = FLOAT | {"minimum": 0, "maximum": 1}
POSITIVE = FLOAT | {"exclusiveMinimum": 0}
SIDE = {"type": "integer", "minimum": 1, "maximum": MAX_SIZE}
MEAN = {"type": "array", "minItems": 3, "maxItems": 3, "items": FLOAT}
STD = {"type": "array", "minItems": 3, "maxItems": 3, "items": POSITIVE}
GEOMETRY = _object(size=SIDE, resize=SIDE, resample={"type": "string", "enum": list(RESAMPLE)})
GEOMETRY |= {"additionalProperties": False}
VIEW = _object(flip={"type": "boolean"}, top=FRACTION, left=FRACTION, side=POSITIVE)
VIEW |= {"additionalProperties": False}
NETWORK = _object(arch=TEXT, fake={"type": "integer", "enum": [0, 1]}, geometry=GEOMETRY, mean=MEAN, std=STD)
NETWORK["properties"]["pooling"] = {"enum": ["cls", "mean"]}
NETWORK["properties"]["head"] = _object(l2={"type": "boolean"}, attention={"type": "boolean"})
ONE_NETWORK = {
    "network": NETWORK,
    "geometry": GEOMETRY,
    "mean": MEAN,
    "std": STD,
}
PART = _object(
    **ONE_NETWORK,
    views={"type": "array", "minItems": 1, "maxItems": MAX_VIEWS, "items": VIEW},
    weight=FLOAT,
)
ENSEMBLE = _object(
    parts={"type": "array", "minItems": 1, "maxItems": MAX_PARTS, "items": PART}, temperature=POSITIVE
)
SCHEMA = _object(
    format={"type": "integer", "const": FORMAT},
    classes={"type": "array", "const": CLASSES},
    threshold=FRACTION,
    video_threshold=FRACTION,
    preprocessing=ANY_OBJECT,
    training=ANY_OBJECT,
    dataset=_object(name=TEXT, sha256=TEXT),
    versions=ANY_OBJECT,
    metrics=ANY_OBJECT,
)
SCHEMA["properties"]["people_thresholds"] = {  # absent from files of earlier versions
    "type": "array",
    "minItems": MOST_PEOPLE,
    "maxItems": MOST_PEOPLE,
    "items": FRACTION,
}
SCHEMA["properties"]["encoder"] = _object(sha256=TEXT | {"pattern": "^[0-9a-f]{64}$"})
SCHEMA["properties"]["encoder"]["properties"]["scaling"] = FLOAT
SCHEMA |= {"if": {"required": ["parts"]}, "then": ENSEMBLE, "else": _object(**ONE_NETWORK)}
"""What every model's metadata has: these keys, and those of one network or of an ensemble of several."""

# Floats are finite, since NaN would pass every minimum and maximum. Types are exact, since a pickle can hold
# subclasses of them and tensors.
TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "array": lambda _, value: type(value) is list,
        "integer": lambda _, value: type(value) is int,
        "finite float": lambda _, value: type(value) is float and math.isfinite(value),
        "object": lambda _, value: type(value) is dict,
    }
)
VALIDATOR = extend(Draft202012Validator, type_checker=TYPES)(SCHEMA)


def check_metadata(metadata: object, path: str | Path) -> None:
    """Raise ModelError, which names the file `path` and the key, unless `metadata` is that of a model.

    Keys that the schema doesn't name, such as the weights in a checkpoint, are not looked at.
    """
    try:
        problem = next(_problems(metadata), None)
    except RecursionError:
        problem = "its metadata is nested too deeply"
    if problem:
        raise ModelError(f"{path}: {problem}")


def networks_of(metadata: dict) -> list[tuple[str, dict]]:
    """The object that describes each network of a model: the metadata itself, or each part of an ensemble.

    Each comes with the prefix of its keys in messages: "", or "parts.0." and so on.
    """
    if "parts" not in metadata:
        return [("", metadata)]
    return [(f"parts.{number}.", part) for number, part in enumerate(metadata["parts"])]


def geometries_of(metadata: dict) -> list[Geometry]:
    """The distinct geometries that a model takes, in the order of a batch; `metadata` has been checked."""
    return list(dict.fromkeys(Geometry(**part["geometry"]) for _, part in networks_of(metadata)))


def without_weights(checkpoint: dict) -> dict:
    """The metadata of a checkpoint: a copy without `state`, the weights of each network."""
    metadata = {key: value for key, value in checkpoint.items() if key != "state"}
    if "parts" in metadata:
        metadata["parts"] = [{k: v for k, v in part.items() if k != "state"} for part in metadata["parts"]]
    return metadata


def as_text(metadata: dict) -> str:
    """The metadata as JSON; equal metadata gives equal text."""
    return json.dumps(metadata, sort_keys=True, separators=(",", ":"))


def parse_text(text: str | None, path: str | Path) -> dict:
    """Return the metadata that `as_text` wrote into the file `path`; None means that the file has none.

    Raises ModelError if it is absent, too long, no JSON, or not that of a model.
    """
    if text is None:
        raise ModelError(
            f"{path} has no metadata of this workflow; only files that convert.py wrote can be used"
        )
    if len(text) > MAX_TEXT:
        raise ModelError(f"{path}: its metadata has {len(text)} characters, and at most {MAX_TEXT} are read")
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: its metadata is no JSON: {error}") from None
    check_metadata(metadata, path)
    return metadata


def check_text_size(metadata: dict, path: str | Path) -> None:
    """Raise ModelError if the JSON text of `metadata` would have more than about MAX_TEXT characters.

    A pickle can hold one list or text in many places, so a small file can hold metadata without end.
    """
    left, length = [metadata], 0
    while left:
        value = left.pop()
        length += 1 + (len(value) if isinstance(value, str | list | tuple | dict) else 0)
        if length > MAX_TEXT:
            raise ModelError(f"{path}: its metadata has more than {MAX_TEXT} characters")
        if isinstance(value, dict):
            left += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            left += value


def _problems(metadata: object) -> Iterator[str]:
    """What is wrong, first what the schema says, then what it can't say."""
    for error in VALIDATOR.iter_errors(metadata):
        key = ".".join(map(str, error.absolute_path)) or "its metadata"
        rest = error.message.removeprefix(repr(error.instance))
        yield f"{key}: {rest if rest == error.message else reprlib.repr(error.instance) + rest}"
    if "encoder" in metadata and "parts" in metadata:
        yield "encoder: an ensemble has none"
    thresholds = metadata.get("people_thresholds", [])
    if thresholds != sorted(thresholds) or thresholds[:1] not in ([], [metadata["video_threshold"]]):
        yield "people_thresholds: they fall, or don't begin with video_threshold"
    for prefix, part in networks_of(metadata):
        geometry = part["geometry"]
        if geometry["size"] > geometry["resize"]:
            yield f"{prefix}geometry: size {geometry['size']} is above resize {geometry['resize']}"
        if any(part["network"][key] != part[key] for key in ("geometry", "mean", "std")):
            yield f"{prefix}geometry, mean and std differ from the network's"
        for number, view in enumerate(part.get("views", [])):
            if not is_inside(view):
                yield f"{prefix}views.{number}: {view} is no square inside the image"


def is_inside(view: dict) -> bool:
    """Return whether a view's square lies inside the image."""
    return max(view["top"], view["left"]) + view["side"] <= 1 + ROUNDING
