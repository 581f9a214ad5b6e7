"""Face detectors that search one whole frame, chosen by name from the config section `faces`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np

MODEL_HINT = "YuNet is face_detection_yunet_2023mar.onnx of the OpenCV model zoo"


@dataclass(frozen=True)
class Face:
    """One face: its box in frame pixels, which may reach beyond the frame, and the detector's score."""

    x: int
    y: int
    width: int
    height: int
    score: float

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(x, y, width, height), as crops.crop_square takes it."""
        return self.x, self.y, self.width, self.height


@dataclass(frozen=True)
class Spot:
    """One face in pixels of the searched picture, which is the frame scaled down to `faces.width`.

    left, top, right and bottom are coordinates, so that right - left is the width.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom)."""
        return self.left, self.top, self.right, self.bottom

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)


Search = Callable[[np.ndarray], list[Spot]]


@dataclass(frozen=True)
class Detector:
    """A loaded detector. `whole` takes a picture, uint8 BGR (h, w, 3), and gives its faces, best first.

    `one_level` and `upsample` are dlib's: the same detector without its pyramid, and how often `whole`
    doubles.
    """

    name: str
    whole: Search
    one_level: Any = None
    upsample: int = 0


def load(cfg: dict[str, Any]) -> Detector:
    """The detector that the config section `faces` asks for; it keeps nothing between pictures.

    Raises ValueError or FileNotFoundError, naming the key, where the section does not describe one.
    """
    name = cfg["detector"]
    if name not in DETECTORS:
        raise ValueError(f"faces.detector is {name!r}: write one of {', '.join(sorted(DETECTORS))}")
    cv2.setNumThreads(1)  # in this process: the scheduler counts cores, and a frame is too small to share
    return DETECTORS[name](cfg)


def shrink(frame: np.ndarray, width: int) -> tuple[np.ndarray, float]:
    """The frame scaled to at most `width` pixels wide, and by how much (0 < scale <= 1); never scaled up.

    `frame` is uint8 BGR (h, w, 3), else ValueError is raised. Bilinear, as the plain recipe of
    FaceForensics++ users has it: another filter would move dlib's boxes.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise ValueError(f"a frame is uint8 (height, width, 3), not {frame.dtype} {frame.shape}")
    scale = min(1.0, width / frame.shape[1])
    return (frame if scale == 1 else cv2.resize(frame, None, fx=scale, fy=scale)), scale


def to_faces(spots: list[Spot], scale: float) -> list[Face]:
    """Spots of a picture scaled by `scale`, as faces in frame pixels, the largest first, then the best."""
    faces = []
    for spot in sorted(spots, key=lambda spot: (-spot.area, -spot.score, spot.left, spot.top)):
        left, top = int(spot.left / scale), int(spot.top / scale)
        right, bottom = int(spot.right / scale), int(spot.bottom / scale)
        faces.append(Face(left, top, right - left, bottom - top, spot.score))
    return faces


def dlib_hog(cfg: dict[str, Any]) -> Detector:
    """dlib's frontal face detector: HOG (Dalal and Triggs 2005) as trained by King (2009), score > 0.

    `upsample` is how often the picture is doubled first: the smallest box is 73 pixels / 2**upsample.
    """
    hog = dlib.get_frontal_face_detector()

    def whole(picture: np.ndarray) -> list[Spot]:
        boxes, scores, _ = hog.run(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), cfg["upsample"])
        return [spot_of(box, score) for box, score in zip(boxes, scores, strict=True)]

    one_level = without_pyramid(hog) if cfg["search"] != "full" else None
    return Detector("dlib", whole, one_level, cfg["upsample"])


def without_pyramid(hog: dlib.fhog_object_detector) -> dlib.fhog_object_detector:
    """The same detector, that looks only for faces of the size of its window, in the picture as it is.

    dlib has no setter for it in Python, but its pickled state starts with the settings of the scanner,
    where the largest number of levels, 1000, is two bytes after their count. Raises ValueError where the
    state is another.
    """
    state = hog.__getstate__()[0]
    head, levels, rest = state.partition(b"\x02\xe8\x03")
    if not levels or len(head) > 32:
        raise ValueError("faces.search: this release of dlib saves detectors in another form; write full")
    bare = dlib.fhog_object_detector.__new__(dlib.fhog_object_detector)
    bare.__setstate__((head + b"\x01\x01" + rest,))
    return bare


def spot_of(box: dlib.rectangle, score: float) -> Spot:
    """dlib's rectangle as a spot. Its `right` is the last column inside, and is taken as it is: width is
    then right - left, one less than dlib's own, as in the crop of FaceForensics++.
    """
    return Spot(box.left(), box.top(), box.right(), box.bottom(), float(score))


def yunet(cfg: dict[str, Any]) -> Detector:
    """YuNet (Wu et al. 2023) from an ONNX file with the sha256 that the config names, on one thread.

    Finds faces of about 10 to 300 pixels in the searched picture, with scores from `min_score` to 1.
    """
    model = cv2.FaceDetectorYN.create(str(verified(cfg["model"], cfg["sha256"])), "", (320, 320))
    model.setScoreThreshold(cfg["min_score"])

    def whole(picture: np.ndarray) -> list[Spot]:
        model.setInputSize((picture.shape[1], picture.shape[0]))
        rows = model.detect(picture)[1]
        rows = [] if rows is None else [[float(value) for value in row] for row in rows]
        return [Spot(x, y, x + w, y + h, score) for x, y, w, h, *_, score in rows if w >= 1 and h >= 1]

    return Detector("yunet", whole)


def verified(model: str | None, sha256: str | None) -> Path:
    """The model's path, once its bytes are known to be those that the config means.

    Raises ValueError or FileNotFoundError that say what to write to faces.model and faces.sha256.
    """
    if not model:
        raise ValueError(f"faces.model is not set: write the path of an ONNX file there; {MODEL_HINT}")
    path = Path(model)
    if not path.is_file():
        raise FileNotFoundError(f"faces.model: there is no file {path}; {MODEL_HINT}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if not sha256:
        raise ValueError(f"faces.sha256 is not set: if you trust {path}, write {digest}")
    if digest != sha256.lower():
        raise ValueError(
            f"faces.sha256 is {sha256}, but {path} has {digest}: "
            "get the file again, or write the latter if it is the one you mean"
        )
    return path


DETECTORS: dict[str, Callable[[dict[str, Any]], Detector]] = {"dlib": dlib_hog, "yunet": yunet}
