"""The faces of one media file, preprocessed exactly as the images that the model was trained on."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepfake.extraction.appearance import describe
from deepfake.extraction.boxes import Face
from deepfake.extraction.detectors import Detector, load_detector
from deepfake.extraction.faces import center_crop, crop_face
from deepfake.extraction.frame_faces import no_face_reason, search_frames
from deepfake.extraction.frames import convert_still, sample_frames, shortfall
from deepfake.extraction.landmarks import Landmarker, load_landmarker
from deepfake.extraction.sampling import sample_indices, uniform
from deepfake.extraction.settings import is_aligned
from deepfake.extraction.video import VideoReader
from deepfake.inputs.geometry import Geometry
from deepfake.inputs.pixels import InvalidImage, decode, fit
from deepfake.tables import OK

Box = tuple[int, int, int, int]
"""x, y, width and height in frame pixels."""

Crop = tuple[Box | None, float, bytes]
"""The box of a face, its detection score, and the encoded crop, as in FaceCrop."""


@dataclass(frozen=True, eq=False)
class FaceCrop:
    """One face, or one whole frame, ready for the model.

    `box` is the face's place in the frame (None for whole frames and images that are crops already),
    `detection_score` the face detector's score (nan without a detector), `crop` the encoded image, the same
    bytes as a dataset would hold, `descriptor` the result of appearance.describe. `images` has one array
    for each geometry of the model, uint8 (size, size, 3) RGB.
    """

    box: Box | None
    detection_score: float
    crop: bytes
    descriptor: np.ndarray
    images: list[np.ndarray]


@dataclass(frozen=True, eq=False)
class FrameFaces:
    """All faces of one sampled frame.

    `position` counts the sampled frames from 0, `frame` is the frame's index in the video, `time` is in
    seconds (nan for images). `problems` say what of the frame can't be judged.
    """

    position: int
    frame: int
    time: float
    faces: list[FaceCrop]
    problems: list[str]


def without_images(frame: FrameFaces) -> FrameFaces:
    """Return `frame` without the arrays for the model, which take most of its memory."""
    return replace(frame, faces=[replace(face, images=[]) for face in frame.faces])


@dataclass(frozen=True)
class Extractor:
    """The loaded settings of extraction.

    `preprocessing` is the result of preprocessing.preprocessing_of, `geometries` are those of the model,
    `detector` and `image_detector` find faces in videos and in images (None: they are crops), `landmarker`
    finds the points by which crops are aligned (None: they aren't). Crops are kept of `shown` frames of each
    file, spread evenly over a video.
    """

    preprocessing: dict
    geometries: list[Geometry]
    shown: int
    detector: Detector | None
    image_detector: Detector | None
    landmarker: Landmarker | None = None


def load_extractor(preprocessing: dict, geometries: list[Geometry], shown: int) -> Extractor:
    """Load the face detectors. Raises ValueError, FileNotFoundError or ImportError if that fails."""
    if preprocessing["shows"] == "frames":
        return Extractor(preprocessing, geometries, shown, None, None)
    faces, images = preprocessing["faces"], preprocessing["images"]
    detector = load_detector(faces)
    image_detector = detector if images == faces else load_detector(images)
    landmarker = load_landmarker(faces) if is_aligned(faces) else None
    return Extractor(preprocessing, geometries, shown, detector, image_detector, landmarker)


def sample(reader: VideoReader, name: str, extractor: Extractor) -> list[int]:
    """Return the indices of the frames to sample from the video `name`, by the `frames` settings."""
    cfg = extractor.preprocessing["frames"]
    return sample_indices(reader.frame_count, cfg, name, cfg.get("count", ""))


def damage(reader: VideoReader) -> str:
    """Return a message where a video holds fewer frames than its header promises; else ""."""
    short = shortfall(reader)
    return f"the video is damaged: only {short} can be read" if short else ""


def faces_of_video(
    reader: VideoReader, name: str, sampled: list[int], positions: range, extractor: Extractor
) -> Iterator[FrameFaces]:
    """Yield the faces of the frames `sampled[position]`, for each of `positions`, once.

    Frames come in their order; those that can't be read come last, with their problem.
    """
    position_of = {sampled[position]: position for position in positions}
    shown = {sampled[position] for position in uniform(len(sampled), 0, "", extractor.shown)}
    times = {}

    def frames() -> Iterator[tuple[dict, bytes]]:
        for taken in sample_frames(reader, list(position_of), extractor.preprocessing["frames"]):
            times[taken.index] = taken.time
            row = {"video": name, "frame": taken.index, "time": ""}
            yield row | {"status": taken.status, "reason": taken.reason}, taken.data

    cfg = extractor.preprocessing["faces"]
    for frame, crops, problems in _crops(prefetch(frames()), extractor, extractor.detector, cfg):
        faces, more = _face_crops(crops, extractor, frame in shown)
        yield FrameFaces(position_of[frame], frame, times[frame], faces, problems + more)


def faces_of_image(data: bytes, name: str, extractor: Extractor, limits: dict) -> FrameFaces:
    """Return the faces of the image `name`, given as the bytes of its file; `limits` are the config's."""
    row = {"video": name, "frame": 0, "time": "", "status": OK, "reason": ""}
    cfg = extractor.preprocessing["images"]
    ((_, crops, problems),) = _crops([(row, data)], extractor, extractor.image_detector, cfg, limits)
    faces, more = _face_crops(crops, extractor, extractor.shown > 0)
    return FrameFaces(0, 0, math.nan, faces, problems + more)


def prefetch(items: Iterable[Any], number: int = 2) -> Iterator[Any]:
    """Yield `items`; a thread computes up to `number` of them in advance (decoding releases the GIL)."""
    items, end = iter(items), object()
    with ThreadPoolExecutor(1) as thread:
        waiting = deque(thread.submit(next, items, end) for _ in range(number))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, items, end))
            yield item


def _crops(
    frames: Iterable[tuple[dict, bytes]],
    extractor: Extractor,
    detector: Detector | None,
    cfg: dict,
    limits: dict | None = None,
) -> Iterator[tuple[int, list[Crop], list[str]]]:
    """Yield the index, crops and problems of each frame; frames that can't be used come last."""
    shows_frames = extractor.preprocessing["shows"] == "frames"
    landmarker = extractor.landmarker if is_aligned(cfg) else None
    unusable: list[dict] = []
    for frame in search_frames(frames, cfg, detector, limits, landmarker):
        if frame.pixels is None:
            unusable.append(frame.row)
        elif shows_frames:
            yield frame.row["frame"], [(None, math.nan, convert_still(frame.data)[1])], []
        elif frame.found is None:
            crop = center_crop(frame.pixels, frame.data, cfg)
            yield frame.row["frame"], [(None, math.nan, crop.data)], []
        else:
            yield frame.row["frame"], *_cut_all(frame.pixels, frame.found.faces, cfg, landmarker)
    for row in unusable:
        yield row["frame"], [], [row["reason"]]


def _cut_all(
    pixels: np.ndarray, faces: list[Face], cfg: dict, landmarker: Landmarker | None
) -> tuple[list[Crop], list[str]]:
    """Return the crops of all faces of a frame, the largest first, which is the one that a dataset holds."""
    crops, problems = [], []
    for face in faces:
        try:
            located = landmarker(pixels, face) if landmarker else face
            crops.append((face.xywh, face.score, crop_face(pixels, located, cfg).data))
        except ValueError as error:  # nothing of the face lies in the frame
            problems.append(str(error))
    return crops, problems if faces else [no_face_reason(cfg)]


def _face_crops(crops: list[Crop], extractor: Extractor, is_shown: bool) -> tuple[list[FaceCrop], list[str]]:
    """Return the faces with the model's images, and the problems of those that can't be decoded."""
    faces, problems = [], []
    for box, score, data in crops:
        try:
            image = decode(data)
        except InvalidImage as error:
            problems.append(str(error))
            continue
        images = [fit(image, geometry) for geometry in extractor.geometries]
        faces.append(FaceCrop(box, score, data if is_shown else b"", describe(image), images))
    return faces, problems
