"""The images of a finished dataset as RGB pixels, in the order of their rows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from deepfake.dataset.metadata import attribute_texts
from deepfake.dataset.read import read_image, read_metadata
from deepfake.inputs.decoded import ROWS
from deepfake.inputs.pixels import decode

AHEAD = 64  # images decoded at a time; limits the memory


def read_image_rows(folder: Path) -> pd.DataFrame:
    """Return the dataset's metadata as ROWS and `sha256`, ordered by image; `label` int64, the others text.

    Raises InvalidDataset if it can't be read.
    """
    rows = read_metadata(folder, integers=["label"])
    rows = rows.assign(attributes=attribute_texts(rows)).rename(columns={"file_name": "image"})
    return rows[[*ROWS, "sha256"]]


def read_images(folder: Path, rows: pd.DataFrame, threads: int = 1) -> Iterator[np.ndarray]:
    """Yield the image of each of `rows`, uint8 (height, width, 3) RGB, at the size at which it is stored.

    Raises InvalidDataset if a file is missing or its SHA-256 isn't that of its row, and InvalidImage if
    it can't be decoded.
    """

    def read(name: str, sha256: str) -> np.ndarray:
        return decode(read_image(folder, name, sha256), str(folder / name))

    with ThreadPoolExecutor(threads) as pool:
        names = zip(rows["image"], rows["sha256"], strict=True)
        while batch := list(islice(names, AHEAD)):
            yield from pool.map(lambda pair: read(*pair), batch)
