"""Small videos and images of synthetic people, and a small model that records its preprocessing."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from made.networks import decided_state

from deepfake.checkpoints.best_pt import save_checkpoint
from deepfake.demo.layouts import VideoSpec
from deepfake.demo.video import encode, render_frames
from deepfake.networks.build import build

SIZE = (240, 240)
FACES = {"detector": "dlib", "search": "full", "recount": 0, "width": 640, "upsample": 0, "max_faces": 2}
FACES |= {"margin": 1.3, "size": 64, "format": "jpg", "quality": 95}
FACES |= {"landmarks": "none", "align": "none", "border": "black"}
FACES |= {"smooth": 0, "smoothing": "median"}
FRAMES = {"strategy": "uniform", "count": 4, "boost": 8, "format": "jpg", "quality": 95}
CROPS = {"detector": "none", "size": 64, "format": "jpg", "quality": 95}
LIMITS = {"members": 1000, "member_gb": 1, "total_gb": 1, "ratio": 200}
MODEL = {"arch": "meso4", "weights": None, "head": "new", "image_size": 32}


def person(number: int, frames: int) -> list[np.ndarray]:
    """Return the frames of a person who talks, each uint8 (240, 240, 3) RGB."""
    return list(render_frames(VideoSpec("", f"take {number}", number, SIZE, frames), 7))


def write_video(path: Path, images: Sequence[np.ndarray]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = images[0].shape[:2]
    path.write_bytes(encode(images, (width, height)))
    return path


def write_image(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image[..., ::-1])[1].tobytes())
    return path


def write_zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    path.write_bytes(out.getvalue())
    return path


def recorded(shows: str = "faces", frames: dict = FRAMES, faces: dict = FACES) -> dict:
    """The preprocessing that a checkpoint records."""
    corpora = {"drawn": {"frames": frames, "faces": faces}, "crops": {"frames": FRAMES, "faces": CROPS}}
    return {"shows": shows, "default": "drawn", "corpora": corpora}


def write_model(path: Path, preprocessing: dict | None = None, threshold: float = 0.5) -> Path:
    """Write a model whose probabilities differ from face to face by far more than rounding errors."""
    built = build(MODEL, 3)
    save_checkpoint(
        path,
        built.spec,
        decided_state(built.detector.network, 7.0),
        threshold=threshold,
        video_threshold=threshold,
        training={},
        dataset={"name": "made", "sha256": "0"},
        metrics={},
        preprocessing=recorded() if preprocessing is None else preprocessing,
    )
    return path
