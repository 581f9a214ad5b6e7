"""Draw the media of a tree: short videos, stills, and tars of stills, each of another person."""

import io
import tarfile
from collections import defaultdict
from functools import cache
from pathlib import Path

import cv2
from made.media import SIZE, person
from made.trees import Tree

from deepfake.demo.video import encode

FRAMES = 5  # of each video
PEOPLE = 40  # then they repeat


def draw_tree(tree: Tree, folder: Path) -> Path:
    """Write the files of a tree to `folder`, and return it."""
    units: dict[str, int] = {}
    counts: dict[str, int] = defaultdict(int)
    for path in [*tree.paths, *tree.odd]:
        unit = path.rpartition("/")[0] if tree.frames else path
        number = units.setdefault(unit, len(units))
        _write(folder / path, _media(path, number, counts[unit] if tree.frames else 0))
        counts[unit] += 1
    for path, text in tree.texts.items():
        _write(folder / path, text.encode())
    for path, data in (tree.packed(still) if tree.packed else {}).items():
        _write(folder / path, data)
    return folder


def still(number: int, frame: int = 0, suffix: str = ".jpg") -> bytes:
    """Return a photo of a person, 240 pixels wide."""
    return cv2.imencode(suffix, _frames(number % PEOPLE)[frame % FRAMES][..., ::-1])[1].tobytes()


@cache
def video(number: int) -> bytes:
    return encode(_frames(number % PEOPLE), SIZE)


@cache
def _frames(number: int) -> list:
    return person(number, FRAMES)


def _media(path: str, number: int, frame: int) -> bytes:
    name = path.lower()
    if name.endswith((".jpg", ".jpeg", ".png")):
        return still(number, frame, Path(name).suffix)
    return _tar(number) if ".tar" in name else video(number)


def _tar(number: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for frame in range(FRAMES):
            data = still(number, frame)
            info = tarfile.TarInfo(f"{frame}.jpg")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
