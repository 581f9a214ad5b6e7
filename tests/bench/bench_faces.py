"""What face detection costs and how far tracking agrees with the whole search, as a table on the terminal.

    PYTHONPATH=scripts python tests/bench/bench_faces.py --frames 10

Clips: --videos, else the real ones of $DEEPFAKE_TEST_DATA or of shared/data beside the project. Costs are CPU
milliseconds a frame on one thread, with each clip's first frame and scaling, without decoding and cropping.
The ways take turns clip by clip, so that a machine that is busy with other work slows all of them alike.
"""

import argparse
import math
import os
import sys
import time
from pathlib import Path

import cv2
import dlib
import numpy as np

from deepfake import detectors, tracking
from deepfake.crops import crop_square

BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("DEEPFAKE_TEST_DATA", BESIDE))
YUNET_SHA256 = "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31"


def main() -> int:
    args = parse_args()
    clips = args.videos or sorted((DATA / "ffpp").glob("**/*.mp4"))
    if not clips:
        print(f"no clips under {DATA / 'ffpp'}: give some with --videos")
        return 1
    cv2.setNumThreads(1)
    ways = {"plain dlib": plain(args.width)}
    for detector in ("dlib", "yunet"):
        if detector == "yunet" and not args.model.is_file():
            print(f"no YuNet model at {args.model}: left out")
            continue
        for search in ("full", "track"):
            cfg = {"detector": detector, "search": search, "width": args.width, "upsample": 1, "recount": 0}
            cfg |= {"model": str(args.model), "sha256": YUNET_SHA256, "min_score": 0.6}
            ways[f"{detector} {search}"] = searcher(cfg)
    seconds, boxes, sizes = dict.fromkeys(ways, 0.0), {way: [] for way in ways}, []
    for clip in clips:
        frames = evenly_spaced(clip, args.frames)
        sizes += [(frame.shape[1], frame.shape[0]) for frame in frames]
        for way, search in ways.items():
            start = time.process_time()
            boxes[way] += search(frames)
            seconds[way] += time.process_time() - start
    print(f"{len(clips)} clips, {len(sizes)} frames, at most {args.width} pixels wide; ratio: to plain dlib;")
    print("lost, identical boxes and crops alike: against the same detector's full search")
    print(f"{'':12} {'CPU ms':>7} {'ratio':>6} {'faces':>6} {'lost':>5} {'identical':>10} {'alike':>6}")
    for way in ways:
        reference = boxes["yunet full" if way.startswith("yunet") else "dlib full"]
        pairs = [(size, a, b) for size, a, b in zip(sizes, reference, boxes[way], strict=True) if a and b]
        lost = sum(a is not None and b is None for a, b in zip(reference, boxes[way], strict=True))
        print(
            f"{way:12} {1000 * seconds[way] / len(sizes):7.1f} {seconds['plain dlib'] / seconds[way]:6.2f} "
            f"{sum(box is not None for box in boxes[way]):6} {lost:5} "
            f"{sum(a == b for _, a, b in pairs):10} {sum(alike(*pair) for pair in pairs):6}"
        )
    return 0


def plain(width):
    """The search of a plain script: the largest face of each frame, as (x, y, width, height) or None."""
    hog = dlib.get_frontal_face_detector()

    def search(frames):
        return [largest(frame) for frame in frames]

    def largest(frame):
        rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        scale = min(1.0, width / rgb.shape[1])
        faces = hog(cv2.resize(rgb, None, fx=scale, fy=scale), 1)
        if not faces:
            return None
        face = max(faces, key=lambda face: face.width() * face.height())
        sides = face.left(), face.top(), face.right(), face.bottom()
        left, top, right, bottom = (int(side / scale) for side in sides)
        return left, top, right - left, bottom - top

    return search


def searcher(cfg):
    detector = detectors.load(cfg)

    def search(frames):
        found = tracking.find_faces(frames, cfg, detector)
        return [each.faces[0].box if each.faces else None for each in found]

    return search


def alike(size, full, other) -> bool:
    """Do the crops agree: centres within 10 % of the full search's side, sides within 20 %?"""
    (x, y, side), (u, v, side2) = (crop_square(box, *size, 1.3) for box in (full, other))
    apart = math.hypot(x + side / 2 - u - side2 / 2, y + side / 2 - v - side2 / 2)
    return apart <= 0.1 * side and abs(side2 - side) <= 0.2 * side


def evenly_spaced(path: Path, count: int) -> list[np.ndarray]:
    """`count` frames from the first to the last, as uint8 BGR; fewer where the clip has fewer."""
    video = cv2.VideoCapture(str(path))
    total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = {round(place * (total - 1) / max(1, count - 1)) for place in range(count)}
    frames = []
    for number in range(total):
        if not video.grab():
            break
        if number in wanted:
            frames.append(video.retrieve()[1])
    return frames


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=Path, nargs="+", help="clips to use instead of the real ones")
    parser.add_argument("--frames", type=int, default=10, help="frames a clip")
    parser.add_argument("--width", type=int, default=640, help="pixels, of the searched picture")
    parser.add_argument("--model", type=Path, default=DATA / "yunet_n_640_640.onnx", help="YuNet's ONNX file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
