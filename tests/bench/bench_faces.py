"""What face detection costs, and how far tracking agrees with full search, as a table on the terminal.

    PYTHONPATH=scripts python tests/bench/bench_faces.py --frames 10

Without --videos it uses the real videos where they are present, else demo videos. Costs are CPU milliseconds
a frame on one thread, with each video's first frame and with scaling, without decoding and cropping. All
methods run on one video before the next, so that other work of the machine slows all of them alike.
"""

import argparse
import hashlib
import math
import sys
import tempfile
import time
from pathlib import Path

import cv2
import dlib

sys.path.insert(0, str(Path(__file__).resolve().parent))

import plain
from videos import YUNET, find_videos

from deepfake.extraction.crops import crop_square
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.tracking import FaceTracker


def main() -> None:
    args = parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        compare(args.videos or find_videos(Path(folder)), args)


def compare(videos: list[Path], args: argparse.Namespace) -> None:
    """Run all search methods over the videos' frames, and print what they cost and find."""
    methods = {"plain dlib": plain_search()}
    for detector in ("dlib", "yunet"):
        if detector == "yunet" and not args.model.is_file():
            print(f"no YuNet model at {args.model}: left out")
            continue
        for search in ("full", "track"):
            cfg = {"detector": detector, "search": search, "width": plain.WIDTH, "upsample": 1, "recount": 0}
            if detector == "yunet":
                digest = hashlib.sha256(args.model.read_bytes()).hexdigest()
                cfg |= {"model": str(args.model), "sha256": digest, "min_score": 0.6}
            methods[f"{detector} {search}"] = searcher(cfg)
    seconds, boxes, sizes = dict.fromkeys(methods, 0.0), {method: [] for method in methods}, []
    for video in videos:
        frames = plain.by_grabbing(video, args.frames)
        sizes += [(frame.shape[1], frame.shape[0]) for frame in frames]
        for method, search in methods.items():
            start = time.process_time()
            boxes[method] += search(frames)
            seconds[method] += time.process_time() - start
    print(
        f"{len(videos)} videos, {len(sizes)} frames, at most {plain.WIDTH} pixels wide; ratio: to plain dlib;"
    )
    print("lost, identical boxes and similar crops: against the same detector's full search")
    print(f"{'':12} {'CPU ms':>7} {'ratio':>6} {'faces':>6} {'lost':>5} {'identical':>10} {'similar':>8}")
    for method in methods:
        reference = boxes["yunet full" if method.startswith("yunet") else "dlib full"]
        pairs = [(size, a, b) for size, a, b in zip(sizes, reference, boxes[method], strict=True) if a and b]
        lost = sum(a is not None and b is None for a, b in zip(reference, boxes[method], strict=True))
        identical, close = sum(a == b for _, a, b in pairs), sum(similar(*pair) for pair in pairs)
        print(
            f"{method:12} {1000 * seconds[method] / len(sizes):7.1f}"
            f" {seconds['plain dlib'] / seconds[method]:6.2f}"
            f" {sum(box is not None for box in boxes[method]):6} {lost:5} {identical:10} {close:8}"
        )


def plain_search():
    """Return a plain script's search: the largest face of each frame, (x, y, width, height) or None."""
    hog = dlib.get_frontal_face_detector()

    def search(frames):
        found = [plain.largest_face(hog, frame) for frame in frames]
        return [box and (box[0], box[1], box[2] - box[0], box[3] - box[1]) for box in found]

    return search


def searcher(cfg):
    """Return the search of the config section `faces`, with the same result as plain_search."""
    detector = load_detector(cfg)

    def search(frames):
        tracker = FaceTracker(detector, cfg)
        found = [tracker.find(frame).faces for frame in frames]
        return [faces[0].xywh if faces else None for faces in found]

    return search


def similar(size, full, other) -> bool:
    """Do the crops agree: centres within 10 % of the full search's side, sides within 20 %?"""
    (x, y, side), (u, v, side2) = (crop_square(box, *size, 1.3) for box in (full, other))
    apart = math.hypot(x + side / 2 - u - side2 / 2, y + side / 2 - v - side2 / 2)
    return apart <= 0.1 * side and abs(side2 - side) <= 0.2 * side


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=Path, nargs="+", help="videos to use instead of the real ones")
    parser.add_argument("--frames", type=int, default=10, help="frames a video")
    parser.add_argument("--model", type=Path, default=YUNET, help="YuNet's ONNX file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
