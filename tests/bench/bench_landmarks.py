"""What landmarks cost, how far they agree, and whether a turned frame gives the same crop: two tables.

    PYTHONPATH=scripts python tests/bench/bench_landmarks.py --frames 6

Without --videos it uses the real videos where they are present, else demo videos. Costs are CPU milliseconds
a face on one thread. Distances are those of the corners of two aligned crops of one face, in pixels of a crop
of 224: the mean and the 95th percentile over the faces. Turned frames are searched again.
"""

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import plain
from videos import YUNET, find_videos

from deepfake.extraction.alignment import aligned_place
from deepfake.extraction.boxes import Face
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.landmarks import load_landmarker
from deepfake.extraction.tracking import FaceTracker

CFG = {"search": "full", "width": 640, "upsample": 1, "recount": 0, "margin": 1.3, "size": 224}
CFG |= {"format": "jpg", "quality": 95, "border": "black", "align": "five_points"}
SIZE = 224
CORNERS = np.array([0, SIZE, SIZE * 1j, SIZE * (1 + 1j)])
TURNS = {
    "turned by 20°": (20, 1.0),
    "turned by -20°, 0.7 of the size": (-20, 0.7),
    "0.7 of the size": (0, 0.7),
}

Finder = Callable[[np.ndarray], Face | None]


def main() -> None:
    args = parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        videos = args.videos or find_videos(Path(folder))
        compare([frame for video in videos for frame in plain.by_grabbing(video, args.frames)], args.model)


def compare(frames: list[np.ndarray], model: Path) -> None:
    """Find the landmarks of each frame in all ways, and print both tables."""
    finders, seconds = make_finders(model)
    faces = {name: [find(frame) for frame in frames] for name, find in finders.items()}
    print(f"{len(frames)} frames; {'':10} {'faces':>6} {'CPU ms a face':>14}")
    for name, found in faces.items():
        number = sum(face is not None for face in found)
        print(f"  {name:24} {number:6} {1000 * seconds[name] / max(number, 1):14.2f}")
    print("between two ways, the same frame")
    for one, other in combinations(finders, 2):
        report(f"{one} and {other}", zip(faces[one], faces[other], strict=True))
    for title, (angle, scale) in TURNS.items():
        print(f"each against itself, the frame {title}")
        for name, find in finders.items():
            report(name, turned(frames, faces[name], find, angle, scale))


def make_finders(model: Path) -> tuple[dict[str, Finder], dict[str, float]]:
    """Return a function for each way to find a face with landmarks, and where their CPU seconds are added up.

    The seconds are those of the landmarks, without the detector.
    """
    ways = [("dlib", landmarks) for landmarks in ("five", "68")]
    detectors: dict[str, dict] = {"dlib": {"detector": "dlib"}}
    if model.is_file():
        digest = hashlib.sha256(model.read_bytes()).hexdigest()
        detectors["yunet"] = {"detector": "yunet", "model": str(model), "sha256": digest, "min_score": 0.6}
        ways += [("yunet", landmarks) for landmarks in ("own", "refined", "five", "68")]
    trackers = {name: FaceTracker(load_detector(CFG | cfg), CFG | cfg) for name, cfg in detectors.items()}
    seconds, finders = {}, {}
    for detector, landmarks in ways:
        name = f"{landmarks}, {detector}'s boxes"
        seconds[name] = 0.0
        locate = locator(landmarks, CFG | detectors[detector])
        finders[name] = finder(trackers[detector], locate, seconds, name)
    return finders, seconds


def locator(landmarks: str, cfg: dict) -> Callable | None:
    """Return the landmarker of dlib's models; "refined": of YuNet's points; "own": None."""
    if landmarks == "own":
        return None
    if landmarks == "refined":
        return load_landmarker(cfg | {"landmarks": "five"})
    locate = load_landmarker({"detector": "dlib", "landmarks": landmarks})
    return lambda frame, face: locate(frame, replace(face, points=(), landmarker=""))


def finder(tracker: FaceTracker, locate: Callable | None, seconds: dict[str, float], name: str) -> Finder:
    def find(frame: np.ndarray) -> Face | None:
        faces = tracker.find(frame).faces
        if not faces or not locate:
            return faces[0] if faces else None
        start = time.process_time()
        face = locate(frame, faces[0])
        seconds[name] += time.process_time() - start
        return face

    return find


def turned(
    frames: list[np.ndarray], faces: list[Face | None], find: Finder, angle: float, scale: float
) -> Iterator[tuple[Face | None, Face | None]]:
    """Yield each face and the one found in the turned frame, with its points turned back."""
    for frame, face in zip(frames, faces, strict=True):
        if not face:
            continue
        middle = (face.x + face.width / 2, face.y + face.height / 2)
        turn = cv2.getRotationMatrix2D(middle, angle, scale)
        flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        again = find(cv2.warpAffine(frame, turn, frame.shape[1::-1], flags=flags))
        back = cv2.invertAffineTransform(turn)
        yield (
            face,
            again
            and replace(again, points=tuple(map(tuple, np.array(again.points) @ back[:, :2].T + back[:, 2]))),
        )


def report(name: str, pairs: Iterator[tuple[Face | None, Face | None]]) -> None:
    """Print how far the corners of the crops of two faces lie apart."""
    apart, lost = [], 0
    for one, other in pairs:
        if not one or not other:
            lost += 1
            continue
        first, second = (aligned_place(face, CFG["margin"]) for face in (one, other))
        corners = [
            place.x + 1j * place.y + CORNERS * place.side / SIZE * np.exp(1j * np.deg2rad(place.angle))
            for place in (first, second)
        ]
        distance = np.abs(corners[0] - corners[1]).mean() * SIZE / first.side
        if distance < SIZE / 2:  # else it is another face
            apart.append(distance)
        else:
            lost += 1
    values = f"mean {np.mean(apart):5.2f}  95 % {np.percentile(apart, 95):6.2f}" if apart else ""
    print(f"  {name:48} {len(apart):5} faces, {lost:3} without  {values}")


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=Path, nargs="+", help="videos to use instead of the real ones")
    parser.add_argument("--frames", type=int, default=4, help="frames a video")
    parser.add_argument("--model", type=Path, default=YUNET, help="YuNet's ONNX file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
