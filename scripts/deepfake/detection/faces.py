"""One medium as a model sees it: its frames, the faces in them, and each made ready as in training."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepfake.detection.appearance import describe
from deepfake.detection.media import MediaFile
from deepfake.extraction.faces import Search, cut_face, cut_middle, decoded, load_search, searched
from deepfake.extraction.frames import as_stored, shortfall, take_frames
from deepfake.extraction.sampling import uniform, wanted_frames
from deepfake.extraction.video import Clip
from deepfake.inputs.geometry import Geometry
from deepfake.inputs.pixels import BadImage, decode, fit
from deepfake.tables import OK

Box = tuple[int, int, int, int]
Stored = Iterator[tuple[dict, bytes]]


@dataclass(frozen=True, eq=False)
class Face:
    """What a model is shown of one face, or of a whole frame: `images`, one for each geometry that it takes.

    `box` (x, y, width, height) in frame pixels, None for whole frames and crops; `found` the detector's
    score, nan without one; `crop` the bytes as a dataset would hold them; `looks` what people.describe gives.
    """

    box: Box | None
    found: float
    images: list[np.ndarray]
    crop: bytes
    looks: np.ndarray


@dataclass(frozen=True, eq=False)
class Seen:
    """What one frame shows: `position` among the frames asked for, `frame` its index, `time` in seconds.

    `reasons` say what of it can't be judged; without `faces` it is the whole frame.
    """

    position: int
    frame: int
    time: float
    faces: list[Face]
    reasons: list[str]


def without_images(seen: Seen) -> Seen:
    """The same without what only the model needs, which is most of it."""
    return replace(seen, faces=[replace(face, images=[]) for face in seen.faces])


@dataclass(frozen=True)
class Way:
    """How media are made ready: preprocessing.preprocessing_of, what the model takes, and the searches.

    `shown` is of how many frames of a video the crops are kept, evenly over it.
    """

    preprocessing: dict
    geometries: list[Geometry]
    shown: int
    search: Search | None
    search_stills: Search | None


def load_way(preprocessing: dict, geometries: list[Geometry], shown: int) -> Way:
    """Load the detectors. Raises ValueError, FileNotFoundError or ImportError where one can't be."""
    if preprocessing["shows"] == "frames":
        return Way(preprocessing, geometries, shown, None, None)
    faces, stills = preprocessing["faces"], preprocessing.get("stills", preprocessing["faces"])
    search = load_search(faces)
    return Way(preprocessing, geometries, shown, search, search if stills == faces else load_search(stills))


def wanted_of(clip: Clip, medium: MediaFile, cfg: dict) -> list[int]:
    """The frames of a clip that are asked for by the `frames` section."""
    return wanted_frames(clip.count, cfg, medium.name, cfg.get("count", ""))


def damage(clip: Clip) -> str:
    """What is to be said of a clip that holds less than it promises; "" of a whole one."""
    short = shortfall(clip)
    return f"the clip is damaged: {short} can be read" if short else ""


def look_at_clip(
    clip: Clip, medium: MediaFile, wanted: list[int], positions: range, way: Way
) -> Iterator[Seen]:
    """Each of the frames of `clip` at `wanted` that `positions` picks, once; what can't be had comes last."""
    position = {wanted[number]: number for number in positions}
    shown = set(uniform(len(wanted), 0, "", way.shown))
    cfg = way.preprocessing["frames"]
    times = {}

    def stored() -> Stored:
        for taken in take_frames(clip, list(position), cfg):
            times[taken.index] = taken.time
            row = {"video": medium.name, "frame": taken.index, "time": ""}
            yield row | {"status": taken.status, "reason": taken.reason}, taken.data

    for frame, faces, reasons in _looks(ahead(stored()), way, way.search, way.preprocessing["faces"]):
        number = position[frame]
        yield _seen(number, frame, times[frame], faces, reasons, way, number in shown)


def ahead(items: Iterable[Any], number: int = 2) -> Iterator[Any]:
    """The same, `number` of them made by a thread before they are asked for: decoding frees Python's lock."""
    items, end = iter(items), object()
    with ThreadPoolExecutor(1) as thread:
        waiting = deque(thread.submit(next, items, end) for _ in range(number))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, items, end))
            yield item


def look_at_still(data: bytes, medium: MediaFile, way: Way) -> Seen:
    """A still, from its bytes as they lie in its file."""
    row = {"video": medium.name, "frame": 0, "time": "", "status": OK, "reason": ""}
    cfg = way.preprocessing.get("stills", way.preprocessing["faces"])
    ((frame, faces, reasons),) = _looks([(row, data)], way, way.search_stills, cfg)
    return _seen(0, frame, math.nan, faces, reasons, way, way.shown > 0)


Raw = tuple[Box | None, float, bytes]
"""Box, score and bytes of one face."""


def _looks(
    frames: Iterable[tuple[dict, bytes]], way: Way, search: Search | None, cfg: dict
) -> Iterator[tuple[int, list[Raw], list[str]]]:
    """Of each frame its faces, and what can't be judged of it."""
    left_out: list[dict] = []
    if way.preprocessing["shows"] == "frames":
        found = (
            (row["frame"], [(None, math.nan, as_stored(data)[1])], [])
            for row, data, _ in decoded(frames, left_out)
        )
    elif search is None:
        found = (
            (row["frame"], [(None, math.nan, cut_middle(pixels, data, cfg)[2])], [])
            for row, data, pixels in decoded(frames, left_out)
        )
    else:
        found = (
            (row["frame"], *_cut_all(pixels, found.faces, cfg))
            for row, pixels, found in searched(frames, cfg, search, left_out)
        )
    yield from found
    for row in left_out:
        yield row["frame"], [], [row["reason"]]


def _cut_all(pixels: np.ndarray, faces: list, cfg: dict) -> tuple[list[Raw], list[str]]:
    """The crops of all faces of a frame, the largest first: a dataset has that one alone."""
    cut, reasons = [], []
    for face in faces:
        try:
            cut.append((face.box, face.score, cut_face(pixels, face, cfg)[2]))
        except ValueError as error:
            reasons.append(str(error))
    return cut, reasons if faces else [f"no face found by {cfg['detector']}"]


def _seen(
    position: int, frame: int, time: float, raw: list[Raw], reasons: list[str], way: Way, shown: bool
) -> Seen:
    faces, reasons = [], list(reasons)
    for box, score, data in raw:
        try:
            picture = decode(data)
        except BadImage as error:
            reasons.append(str(error))
            continue
        fitted = [fit(picture, geometry) for geometry in way.geometries]
        faces.append(Face(box, score, fitted, data if shown else b"", describe(picture)))
    return Seen(position, frame, time, faces, reasons)
