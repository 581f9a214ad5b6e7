"""What sections of the config's `models` and `ensembles` mean: arch, image size, weights file, threshold.

Imports no torch: the workflow reads these before anything runs.
"""

import re
from pathlib import Path

from deepfake.errors import UserError
from deepfake.hashing import files_digest
from deepfake.inputs.geometry import Geometry
from deepfake.networks.huggingface_preprocessing import (
    geometry_of_processor,
    read_preprocessor,
    resample_of_processor,
)

OWN = {"meso4": 256, "mesoinception4": 256}
"""The networks of this project, and the image size in pixels that each was published with."""

LIBRARIES = ("torchvision", "timm", "hf")
RESAMPLES = {"torchvision": "bilinear", "timm": "bicubic", "hf": "bilinear"}
SIZE = 224  # pixels; the image size of most networks of libraries
WEIGHTS_SUFFIXES = (".pt", ".pth", ".bin", ".safetensors", ".h5")
HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")
HINT = "set models.<model>.image_size"


def parse_arch(arch: str) -> tuple[str, str]:
    """Return the library and the name in `arch`: `timm/resnet18` is (`timm`, `resnet18`).

    The library of this project's own networks, such as `meso4`, is `own`. UserError for an unknown library.
    """
    if arch in OWN:
        return "own", arch
    library, _, name = arch.partition("/")
    if library in LIBRARIES and name:
        return library, name
    raise UserError(
        f"there is no arch {arch!r}; write {', '.join(OWN)}, torchvision/<name>, timm/<name> or hf/<folder>"
    )


def geometry_of(model: dict) -> Geometry:
    """Return how images are prepared for the network of a `models` section.

    `image_size` is the side of the square that the whole image is resized to. Where it is null: the size that
    an own network was published with; 224 for torchvision and timm, but 299 for Xception and Inception and
    the number in the names of timm's transformers (`vit_base_patch16_384`); for a folder of transformers what
    its preprocessor_config.json says. UserError if that can't be read, or is no Geometry.
    """
    library, name = parse_arch(model["arch"])
    size = model.get("image_size")
    if library == "own":
        size = size or OWN[name]
        return Geometry(size, size, "bilinear")
    if library == "hf" and not is_hub_name(name):
        return _geometry_of_folder(Path(name), size)
    size = size or (SIZE if library == "hf" else _native_size(name))
    return Geometry(size, size, RESAMPLES[library])


def geometries_of(config: dict, name: str) -> list[Geometry]:
    """Return the distinct geometries of a model, or of all models of an ensemble, in their order."""
    if name in config["models"]:
        return [geometry_of(config["models"][name])]
    members = config["ensembles"][name]["models"]
    return list(dict.fromkeys(geometry for member in members for geometry in geometries_of(config, member)))


def threshold_of(config: dict, name: str) -> str | float:
    """Return the threshold, or the way to choose it: an ensemble's own, else `evaluate.threshold`."""
    own = config["ensembles"].get(name, {}).get("threshold")
    return config["evaluate"]["threshold"] if own is None else own


def is_hub_name(name: str) -> bool:
    """Return whether `hf/<name>` means a model of the Hugging Face hub (`owner/model`), and not a folder."""
    return not Path(name).exists() and bool(HUB_NAME.fullmatch(name))


def is_missing_folder(model: dict) -> bool:
    """Return whether a section's `arch` is a folder of transformers that doesn't exist."""
    library, name = parse_arch(model["arch"])
    return library == "hf" and not is_hub_name(name) and not Path(name).is_dir()


def weights_file(model: dict) -> Path | None:
    """Return the path that `weights` names; None for null and for names. The file need not exist."""
    weights = model.get("weights")
    if not weights:
        return None
    path = Path(weights)
    is_path = path.suffix.lower() in WEIGHTS_SUFFIXES or "/" in weights or path.is_file()
    return path if is_path else None


def head_conflict(model: dict) -> str | None:
    """Return why `head`, `weights` and `epochs` of a `models` section don't fit together; None if they do.

    Without epochs nothing that is evaluated may be random. Weights that a library knows by name have a head
    for other classes.
    """
    library, _ = parse_arch(model["arch"])
    head, untrained = model.get("head"), model.get("epochs") == 0
    has_head = library == "hf" or weights_file(model) is not None
    if untrained and not has_head:
        return (
            f"epochs: 0 can't be used with weights: {model.get('weights') or 'null'}, which leaves the head "
            "random; write the path of weights, or epochs above 0"
        )
    if untrained and head == "new":
        return "epochs: 0 can't be used with head: new, which is random; write head: keep or {fake: 1}"
    if head not in (None, "new") and not has_head:
        return f"head: {head} can't be used without weights that have a head; write head: new, or a path"
    return None


def checkpoint_conflict(model: dict) -> str | None:
    """Return why `checkpoint: delta` and other keys of a `models` section don't fit together, else None."""
    library, _ = parse_arch(model["arch"])
    if model.get("checkpoint", "full") != "delta":
        return None
    if library == "own" or (library != "hf" and not model.get("weights")):
        return (
            "checkpoint: delta can't be used with weights: null, since there is no encoder that it could be "
            "opened with; write checkpoint: full, or weights"
        )
    if model.get("tune", "all") == "all":
        return (
            "checkpoint: delta can't be used with tune: all, which changes every weight; write checkpoint: "
            "full, or tune: head, norms, lora or {last: 2}"
        )
    return None


def weights_digest(model: dict) -> str:
    """Return the digest of the files that a section's weights come from; see files_digest."""
    library, name = parse_arch(model["arch"])
    files = [weights_file(model)]
    if library == "hf" and Path(name).is_dir():
        folder = Path(name)
        files += [folder / "config.json", folder / "preprocessor_config.json"]
        files += [*folder.glob("*.safetensors"), *folder.glob("*.bin")]
    return files_digest(path for path in files if path)


def _geometry_of_folder(folder: Path, size: int | None) -> Geometry:
    preprocessor, path = read_preprocessor(folder), folder / "preprocessor_config.json"
    if not preprocessor and not size:
        raise UserError(f"there is no {path}, which says how images are preprocessed: {HINT}")
    try:
        return (
            Geometry(size, size, resample_of_processor(preprocessor))
            if size
            else geometry_of_processor(preprocessor)
        )
    except UserError as error:
        raise UserError(f"{path}: {error}; {HINT}") from None


def _native_size(name: str) -> int:
    if name.startswith(("inception", "xception", "legacy_xception")):
        return 299
    match = re.search(r"(?:patch|window)\d+.*_(\d{3})(?!\d)", name)
    return int(match[1]) if match else SIZE
