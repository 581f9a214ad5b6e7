"""What a transformers folder's preprocessor_config.json says, as a Geometry, a mean and a deviation.

Imports neither torch nor transformers: the workflow reads these before anything runs.
"""

import json
from pathlib import Path

from deepfake.errors import UserError
from deepfake.inputs.geometry import Geometry

PIL_RESAMPLES = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
MAX_SIDE = 8192  # pixels
HALVES = [0.5, 0.5, 0.5]
NO_MEAN, NO_STD = [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]  # that leave pixels in [0, 1] as they are


def read_preprocessor(folder: Path) -> dict:
    """Return the folder's preprocessor_config.json; {} if it has none. UserError if it can't be read."""
    if not folder.is_dir():
        raise UserError(
            f"there is no folder {folder}; write arch: hf/<folder> with a folder that save_pretrained wrote"
        )
    path = folder / "preprocessor_config.json"
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} can't be read as JSON: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} should hold keys and values")
    return content


def geometry_of_processor(preprocessor: dict) -> Geometry:
    """Return the geometry that the settings of a transformers image processor describe.

    `size` may be a number, height and width, or the shortest edge; `crop_size` is cropped from the middle;
    with `crop_pct` (ConvNext) an edge below 384 is that fraction of what the image is resized to. UserError
    if the result is no square.
    """
    crops = bool(preprocessor.get("do_center_crop"))
    resample = resample_of_processor(preprocessor)
    if not preprocessor.get("do_resize", True) or "size" not in preprocessor:
        raise UserError("images are not resized to one size")
    resize = _side(preprocessor["size"], "size")
    size = _side(preprocessor.get("crop_size", resize), "crop_size") if crops else resize
    if _class_name(preprocessor).startswith("Levit"):
        resize = int(256 / 224 * resize)  # the class does this whatever the edge is
    if _class_name(preprocessor).startswith("ConvNext") or "crop_pct" in preprocessor:
        fraction = preprocessor.get("crop_pct")
        fraction = 224 / 256 if fraction is None else fraction
        if not isinstance(fraction, int | float) or not 0.1 <= fraction <= 1:
            raise UserError(f"crop_pct is {fraction!r}, and a number from 0.1 to 1 is needed")
        if crops or resize < 384:
            resize = int(resize / fraction)
    if size > resize:
        raise UserError(f"the crop of {size} pixels is larger than the image of {resize}")
    return Geometry(size, resize, resample)


def resample_of_processor(preprocessor: dict) -> str:
    """Return the name of the interpolation that `resample`, Pillow's number, stands for; else UserError."""
    number = preprocessor.get("resample", 2)
    if not isinstance(number, int) or number not in PIL_RESAMPLES:
        raise UserError(
            f"resample is {number!r}, and 0, 1, 2 or 3 is needed (nearest, lanczos, bilinear, bicubic)"
        )
    return PIL_RESAMPLES[number]


def scaling_of_processor(preprocessor: dict) -> tuple[list[float], list[float]]:
    """Return the `mean` and `std` that do to pixels in [0, 1] what rescaling and normalising would do.

    UserError if no mean and deviation can: for classes that swap red and blue, and for invalid numbers.
    """
    kind = _class_name(preprocessor)
    if preprocessor.get("do_flip_channel_order", kind.startswith("MobileViT")):
        raise UserError("the colours are swapped to blue, green, red, which is not supported")
    factor = preprocessor.get("rescale_factor", 1 / 255) if preprocessor.get("do_rescale", True) else 1.0
    mean, std = preprocessor.get("image_mean", HALVES), preprocessor.get("image_std", HALVES)
    numbers = [factor, *mean, *std] if isinstance(mean, list) and isinstance(std, list) else []
    if len(numbers) != 7 or any(type(v) not in (int, float) for v in numbers) or min(factor, *std) <= 0:
        raise UserError(
            "image_mean, image_std and rescale_factor are not 3, 3 and 1 numbers, the last 4 above 0"
        )
    # EfficientNet's class divides by the deviation once more for classification.
    again = std if kind.startswith("EfficientNet") and preprocessor.get("include_top", True) else NO_STD
    if not preprocessor.get("do_normalize", True):
        mean, std = NO_MEAN, NO_STD
    offset = 1.0 if preprocessor.get("rescale_offset") else 0.0
    scale = round(factor * 255, 9)
    return (
        [(m + offset) / scale for m in mean],
        [s * a / scale for s, a in zip(std, again, strict=True)],
    )


def _class_name(preprocessor: dict) -> str:
    return str(preprocessor.get("image_processor_type") or preprocessor.get("feature_extractor_type"))


def _side(size: object, key: str) -> int:
    """Return the side of the square that `size` or `crop_size` describes."""
    sides = [size]
    if isinstance(size, dict):
        sides = [size[side] for side in ("height", "width", "shortest_edge") if size.get(side) is not None]
    valid = all(type(side) is int and 1 <= side <= MAX_SIDE for side in sides)
    if not valid or len(set(sides)) != 1:
        raise UserError(f"{key} is {size!r}, which is no square of 1 to {MAX_SIDE} pixels")
    return sides[0]
