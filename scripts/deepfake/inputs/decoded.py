"""A dataset's images, decoded once at the size that a network takes, in one file mapped into memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from deepfake.inputs.geometry import Geometry
from deepfake.inputs.mapped import MappedArray, map_array, write_header
from deepfake.inputs.pixels import InvalidImage, fit

ROWS = "image label corpus video frame method target original group split attributes".split()
"""The columns of the table of decoded images. `attributes` is a JSON object of what else the corpus says of a
video, "" where it says nothing."""


def write_decoded(
    images: Iterable[np.ndarray],
    rows: pd.DataFrame,
    geometry: Geometry,
    path: Path,
    table: Path,
    advance: Callable[[int], None] = lambda number: None,
) -> None:
    """Write `images` to `path` as .npy, uint8 (N, size, size, 3), and the columns ROWS of `rows` to `table`.

    `images` are uint8 (height, width, 3) RGB, in the order of `rows`; they are fitted to `geometry`. `rows`
    may lack `attributes`. `advance` is called with 1 after each image.
    """
    shape = (len(rows), geometry.size, geometry.size, 3)
    with open(path, "wb") as file:
        write_header(file, "|u1", shape)
        for image in images:
            file.write(fit(image, geometry).data)
            advance(1)
    rows.reindex(columns=ROWS, fill_value="").to_csv(
        table, index=False, lineterminator="\n", encoding="utf-8"
    )


@dataclass(frozen=True, eq=False)
class Decoded:
    """Decoded images: `rows` with the columns ROWS, and `pixels`, uint8 (N, size, size, 3) RGB, mapped."""

    rows: pd.DataFrame
    pixels: MappedArray

    @property
    def images(self) -> np.ndarray:
        """The images, uint8 (N, size, size, 3) RGB, which are read where they are indexed."""
        return self.pixels.array

    def split(self, name: str) -> np.ndarray:
        """Return the row numbers of a split, int64 (n,), in order."""
        return np.flatnonzero(self.rows["split"] == name)

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """Return a copy of the images of these row numbers, (n, size, size, 3); see MappedArray.take."""
        return self.pixels.take(numbers)


def read_decoded(path: str | Path, table: str | Path) -> Decoded:
    """Return what `write_decoded` wrote.

    Raises InvalidImage if one of the files can't be read whole, or they don't belong together.
    """
    try:
        rows = pd.read_csv(table, dtype=str, keep_default_na=False)
        rows = rows.assign(attributes=rows.get("attributes", ""))[ROWS].astype({"label": "int64"})
    except (ValueError, KeyError) as error:
        raise InvalidImage(f"{table} can't be read ({error}); delete it and run again") from None
    pixels = map_array(path)
    shape, dtype = pixels.array.shape, pixels.array.dtype
    if dtype != np.uint8 or shape != (len(rows), *shape[1:2] * 2, 3):
        raise InvalidImage(
            f"{path} holds {shape} {dtype}, and {table} {len(rows)} rows; delete both and run again"
        )
    return Decoded(rows, pixels)


def check_size(decoded: Decoded, size: int, path: str | Path) -> None:
    """Raise InvalidImage unless the images, of the file `path`, have the `size` that a network takes."""
    if decoded.images.shape[1:] != (size, size, 3):
        height, width = decoded.images.shape[1:3]
        raise InvalidImage(
            f"{path} holds images of {width}×{height} pixels, and the network takes {size}×{size}"
        )
