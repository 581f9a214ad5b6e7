"""What sections of models and ensembles mean for files and images: geometries, files of weights, thresholds.

Imports no torch, so that the workflow can ask before anything runs.
"""

import hashlib
import json
import re
from pathlib import Path

from deepfake.inputs.geometry import Geometry

MESO = ("meso4", "mesoinception4")
KINDS = ("torchvision", "timm", "hf")
RESAMPLES = {"torchvision": "bilinear", "timm": "bicubic", "hf": "bilinear"}
SIZE = 224  # pixels; what most networks were made for
PIL_RESAMPLES = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
SUFFIXES = (".pt", ".pth", ".bin", ".safetensors", ".h5")
HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")
BLOCKS, BLOCK = 64, 64 << 10  # of a weights file, how many are read for its digest, and their bytes
HALVES = [0.5, 0.5, 0.5]
UNSCALED = ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0])  # mean and standard deviation of RGB
HINT = "set models.<model>.image_size"


def parse_arch(arch: str) -> tuple[str, str]:
    """`arch` as (kind, name): `meso4` has the kind `meso`, `timm/resnet18` is (`timm`, `resnet18`).

    ValueError where there is no such kind.
    """
    kind, _, name = arch.partition("/")
    if arch in MESO:
        return "meso", arch
    if kind in KINDS and name:
        return kind, name
    raise ValueError(
        f"there is no arch {arch!r}; write {', '.join(MESO)}, torchvision/<name>, timm/<name> or hf/<folder>"
    )


def geometry_of(model: dict) -> Geometry:
    """How images are made ready for the network of a `models` section.

    `image_size` is the side of the square that the whole image is resized to. Where it is null: 256 for
    MesoNet; 224 for torchvision and timm, but 299 for Xception and Inception and the number in the names of
    timm's transformers (`vit_base_patch16_384`); for an hf folder what its preprocessor_config.json says.

    ValueError where a folder's preprocessing can't be read, or can't be done as a Geometry.
    """
    kind, name = parse_arch(model["arch"])
    size = model.get("image_size")
    if kind == "meso":
        return Geometry(size or 256, size or 256, "bilinear")
    if kind == "hf" and not is_hub_name(name):
        path = Path(name) / "preprocessor_config.json"
        preprocessor = read_preprocessor(Path(name))
        if not preprocessor and not size:
            raise ValueError(f"there is no {path}, which says how images are made ready: {HINT}")
        try:
            if size:
                return Geometry(size, size, resample_of(preprocessor))
            return preprocessor_geometry(preprocessor)
        except ValueError as error:
            raise ValueError(f"{path}: {error}; {HINT}") from None
    size = size or (_native_size(name) if kind != "hf" else SIZE)
    return Geometry(size, size, RESAMPLES[kind])


def geometries_of(config: dict, name: str) -> list[Geometry]:
    """What a model or an ensemble takes: the distinct geometries of its models, in their order."""
    if name in config["models"]:
        return [geometry_of(config["models"][name])]
    members = config["ensembles"][name]["models"]
    return list(dict.fromkeys(geometry for member in members for geometry in geometries_of(config, member)))


def threshold_of(config: dict, name: str) -> str | float:
    """How the threshold of a model or an ensemble is chosen: its own way, or `evaluate.threshold`."""
    own = config["ensembles"].get(name, {}).get("threshold")
    return config["evaluate"]["threshold"] if own is None else own


def _native_size(name: str) -> int:
    if name.startswith(("inception", "xception", "legacy_xception")):
        return 299
    found = re.search(r"(?:patch|window)\d+.*_(\d{3})(?!\d)", name)
    return int(found[1]) if found else SIZE


def is_hub_name(name: str) -> bool:
    """Whether `hf/<name>` means a model of the Hugging Face hub, such as `owner/model`, and not a folder."""
    return not Path(name).exists() and bool(HUB_NAME.fullmatch(name))


def read_preprocessor(folder: Path) -> dict:
    """The folder's preprocessor_config.json; empty where it has none. ValueError where it can't be read."""
    if not folder.is_dir():
        raise ValueError(
            f"there is no folder {folder}; write arch: hf/<folder> with a folder that save_pretrained wrote"
        )
    path = folder / "preprocessor_config.json"
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} can't be read as JSON: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} should hold keys and values")
    return content


def preprocessor_geometry(preprocessor: dict) -> Geometry:
    """The geometry that a transformers image processor's settings ask for.

    `size` may be a number, height and width, or the shortest edge; `crop_size` is cut from the middle; with
    `crop_pct` (ConvNext) an edge below 384 is that share of what the image is resized to. ValueError where
    they don't say a square.
    """
    crops = bool(preprocessor.get("do_center_crop"))
    resample = resample_of(preprocessor)
    if not preprocessor.get("do_resize", True) or "size" not in preprocessor:
        raise ValueError("images are not resized to one size")
    resize = _edge(preprocessor["size"], "size")
    size = _edge(preprocessor.get("crop_size", resize), "crop_size") if crops else resize
    if _class_name(preprocessor).startswith("Levit"):
        resize = int(256 / 224 * resize)  # the class does this with the edge, whatever it is
    if _class_name(preprocessor).startswith("ConvNext") or "crop_pct" in preprocessor:
        share = preprocessor.get("crop_pct")
        share = 224 / 256 if share is None else share
        if not isinstance(share, int | float) or not 0.1 <= share <= 1:
            raise ValueError(f"crop_pct is {share!r}, and a number from 0.1 to 1 is needed")
        if crops or resize < 384:
            resize = int(resize / share)
    if size > resize:
        raise ValueError(f"the crop of {size} pixels is larger than the image of {resize}")
    return Geometry(size, resize, resample)


def scaling_of(preprocessor: dict) -> tuple[list[float], list[float]]:
    """`mean` and `std` that do to pixels from 0 to 1 what the processor's rescaling and normalising do.

    ValueError where these can't: for classes that turn the colours to blue, green, red, and for bad numbers.
    """
    kind = _class_name(preprocessor)
    if preprocessor.get("do_flip_channel_order", kind.startswith("MobileViT")):
        raise ValueError("the colours are turned to blue, green, red, which can't be done")
    factor = preprocessor.get("rescale_factor", 1 / 255) if preprocessor.get("do_rescale", True) else 1.0
    mean, std = preprocessor.get("image_mean", HALVES), preprocessor.get("image_std", HALVES)
    numbers = [factor, *mean, *std] if isinstance(mean, list) and isinstance(std, list) else []
    if len(numbers) != 7 or any(type(v) not in (int, float) for v in numbers) or min(factor, *std) <= 0:
        raise ValueError(
            "image_mean, image_std and rescale_factor are not 3, 3 and 1 numbers, the last 4 above 0"
        )
    # EfficientNet's class divides by the deviation once more for classification.
    again = std if kind.startswith("EfficientNet") and preprocessor.get("include_top", True) else UNSCALED[1]
    if not preprocessor.get("do_normalize", True):
        mean, std = UNSCALED
    offset = 1.0 if preprocessor.get("rescale_offset") else 0.0
    scale = round(factor * 255, 9)
    return (
        [(m + offset) / scale for m in mean],
        [s * a / scale for s, a in zip(std, again, strict=True)],
    )


def _class_name(preprocessor: dict) -> str:
    return str(preprocessor.get("image_processor_type") or preprocessor.get("feature_extractor_type"))


def resample_of(preprocessor: dict) -> str:
    """The name of the interpolation, of which the settings hold PIL's number; ValueError for others."""
    number = preprocessor.get("resample", 2)
    if not isinstance(number, int) or number not in PIL_RESAMPLES:
        raise ValueError(
            f"resample is {number!r}, and 0, 1, 2 or 3 is needed (nearest, lanczos, bilinear, bicubic)"
        )
    return PIL_RESAMPLES[number]


def _edge(size: object, key: str) -> int:
    """The side of the square that `size` or `crop_size` stands for."""
    sides = [size]
    if isinstance(size, dict):
        sides = [size[side] for side in ("height", "width", "shortest_edge") if size.get(side) is not None]
    if (
        not sides
        or any(type(side) is not int or not 1 <= side <= 8192 for side in sides)
        or len(set(sides)) > 1
    ):
        raise ValueError(f"{key} is {size!r}, which is no square of 1 to 8192 pixels")
    return sides[0]


def weights_file(model: dict) -> Path | None:
    """The file that `weights` names; None where it is a name, or null. The file need not exist."""
    weights = model.get("weights")
    if not weights:
        return None
    path = Path(weights)
    return path if path.suffix.lower() in SUFFIXES or path.is_file() else None


def weights_digest(model: dict) -> str:
    """What stands for the content of the files that a section's weights come from; 64 hexadecimal digits.

    Empty where they come from no file, or it isn't there. Of each file the size and up to 64 blocks of
    64 KiB, evenly spaced, are read, so that a large file costs milliseconds: a file of the same size that
    differs only between the blocks has the same digest.
    """
    kind, name = parse_arch(model["arch"])
    files = []
    if kind == "hf" and Path(name).is_dir():
        folder = Path(name)
        files = [folder / "config.json", folder / "preprocessor_config.json"]
        files += [*folder.glob("*.safetensors"), *folder.glob("*.bin")]
    files = sorted(path for path in [*files, weights_file(model)] if path and path.is_file())
    if not files:
        return ""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        _add_blocks(digest, path)
    return digest.hexdigest()


def _add_blocks(digest: "hashlib._Hash", path: Path) -> None:
    size = path.stat().st_size
    with open(path, "rb") as file:
        if size <= BLOCKS * BLOCK:
            digest.update(file.read())
            return
        for number in range(BLOCKS):
            file.seek(number * (size - BLOCK) // (BLOCKS - 1))
            digest.update(file.read(BLOCK))
