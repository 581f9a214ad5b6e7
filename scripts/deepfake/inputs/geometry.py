"""How large an image is made for a network, and how; its name stands in file names."""

import re
from dataclasses import dataclass

RESAMPLE = ("bilinear", "bicubic", "lanczos", "nearest")


@dataclass(frozen=True)
class Geometry:
    """How an image becomes what a network takes: a square of `size` pixels.

    Where `resize` is `size`, the whole image is resized to it, its sides each for itself. Where it is more,
    the shorter side is resized to `resize` and the middle square of `size` is cut out.
    """

    size: int
    resize: int
    resample: str  # one of RESAMPLE

    @property
    def name(self) -> str:
        """Such as `256-bilinear`, or `256-bicubic-crop224`; a part of file names."""
        crop = "" if self.resize == self.size else f"-crop{self.size}"
        return f"{self.resize}-{self.resample}{crop}"


def parse_geometry(name: str) -> Geometry:
    """The geometry that has this name; ValueError if none has."""
    found = re.fullmatch(rf"(\d+)-({'|'.join(RESAMPLE)})(?:-crop(\d+))?", name)
    if found:
        resize, resample, size = found.groups()
        geometry = Geometry(int(size or resize), int(resize), resample)
        if 1 <= geometry.size <= geometry.resize and geometry.name == name:
            return geometry
    raise ValueError(f"{name!r} is no geometry; write such as 256-bilinear or 256-bicubic-crop224")
