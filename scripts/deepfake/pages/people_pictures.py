"""Small pictures of the faces of some videos, for a page of bounded size."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.extraction import images
from deepfake.extraction.image_header import UnreadableImage
from deepfake.extraction.tars import StoredImages

SIDES = (96, 80, 64, 48)  # pixels of a picture: the first with which the page stays under LIMIT
QUALITY = 75  # of the JPEG
LIMIT = 4_000_000  # bytes of all pictures of a page, which base64 makes a third larger
CHUNK = 100_000  # rows of a plan that are read at a time

Crops = dict[str, dict[str, str]]
"""For the name `<corpus>/<video>` of a video: `corpus shard image sha256` of one of its crops."""


def choose_crops(plan: Path, names: Iterable[str]) -> Crops:
    """Return the middle one of the crops of each video that is named, of those that have any.

    `plan` is a table of tables.PLAN, of which only the rows of these videos are in memory together.
    """
    wanted, columns = set(names), ["corpus", "video", "frame", "shard", "image", "sha256"]
    parts = []
    with pd.read_csv(plan, usecols=columns, chunksize=CHUNK, **tables.AS_TEXT) as chunks:
        for rows in chunks:
            rows = rows.assign(name=rows["corpus"] + "/" + rows["video"])
            parts.append(rows[rows["name"].isin(wanted) & (rows["image"] != "")])
    if not parts:
        return {}
    whole = pd.concat(parts).astype({"frame": int}).sort_values(["name", "frame"], kind="stable")
    by_name = whole.groupby("name")["frame"]
    middle = whole[by_name.cumcount() == by_name.transform("size") // 2]
    return {row.pop("name"): row for row in middle.drop(columns="frame").to_dict("records")}


def read_crops(results: Path, crops: Crops) -> dict[str, np.ndarray]:
    """Return a picture for each video, uint8 BGR, SIDES[0] pixels a side; none for an unreadable one.

    `results` is the folder with the tars of crops. Raises TarMismatch.
    """
    by_tar: dict[Path, list[str]] = {}
    for name, crop in sorted(crops.items()):
        by_tar.setdefault(results / "faces" / crop["corpus"] / f"{crop['shard']}.tar", []).append(name)
    pictures = {}
    for tar, names in by_tar.items():
        with StoredImages(tar) as stored:
            for name in names:
                try:
                    pictures[name] = _square(images.decode(stored.read(crops[name])), SIDES[0])
                except UnreadableImage:
                    continue
    return pictures


def encode_within(
    pictures: Mapping[str, np.ndarray], used: Mapping[str, int]
) -> tuple[dict[str, bytes], int]:
    """Return the pictures as JPEG, and their side in pixels: the largest of SIDES with at most LIMIT bytes.

    `used` says how often each of them is on the page.
    """
    for side in SIDES:
        encoded = {
            name: images.encode(_square(pixels, side), "jpg", QUALITY) for name, pixels in pictures.items()
        }
        if sum(len(data) * used[name] for name, data in encoded.items()) <= LIMIT:
            break
    return encoded, side


def _square(pixels: np.ndarray, side: int) -> np.ndarray:
    shrinks = side < max(pixels.shape[:2])
    return cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
