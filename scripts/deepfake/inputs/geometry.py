"""How large an image is made for a network, and by which interpolation."""

import re
from dataclasses import dataclass

from deepfake.errors import UserError

RESAMPLE = ("bilinear", "bicubic", "lanczos", "nearest")


@dataclass(frozen=True)
class Geometry:
    """How an image becomes the square of `size` pixels that a network takes.

    Where `resize` equals `size`, the whole image is resized to that square, whatever its aspect ratio. Where
    `resize` is larger, the shorter side is resized to it and the square in the middle is cropped.
    """

    size: int
    resize: int
    resample: str  # one of RESAMPLE

    @property
    def name(self) -> str:
        """The name in file names, such as `256-bilinear` or `256-bicubic-crop224`."""
        crop = "" if self.resize == self.size else f"-crop{self.size}"
        return f"{self.resize}-{self.resample}{crop}"


def parse_geometry(name: str) -> Geometry:
    """Return the geometry of this name; UserError if there is none."""
    match = re.fullmatch(rf"(\d+)-({'|'.join(RESAMPLE)})(?:-crop(\d+))?", name)
    if match:
        resize, resample, size = match.groups()
        geometry = Geometry(int(size or resize), int(resize), resample)
        if 1 <= geometry.size <= geometry.resize and geometry.name == name:
            return geometry
    raise UserError(f"{name!r} is no geometry; write such as 256-bilinear or 256-bicubic-crop224")
