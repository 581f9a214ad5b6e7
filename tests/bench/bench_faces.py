"""What face detection costs and how far tracking agrees with the whole search, as a table on the terminal.

    PYTHONPATH=scripts python tests/bench/bench_faces.py --frames 10

Clips: --videos, else the real ones where they are present, else demo clips. Costs are CPU
milliseconds a frame on one thread, with each clip's first frame and scaling, without decoding and cropping.
The ways take turns clip by clip, so that a machine that is busy with other work slows all of them alike.
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
from clips import YUNET, find_clips

from deepfake.extraction import detectors, tracking
from deepfake.extraction.crops import crop_square


def main() -> None:
    args = parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        compare(args.videos or find_clips(Path(folder)), args)


def compare(clips: list[Path], args: argparse.Namespace) -> None:
    """Run all ways of searching over the clips' frames, and print what they cost and find."""
    ways = {"plain dlib": plain_search()}
    for detector in ("dlib", "yunet"):
        if detector == "yunet" and not args.model.is_file():
            print(f"no YuNet model at {args.model}: left out")
            continue
        for search in ("full", "track"):
            cfg = {"detector": detector, "search": search, "width": plain.WIDTH, "upsample": 1, "recount": 0}
            if detector == "yunet":
                digest = hashlib.sha256(args.model.read_bytes()).hexdigest()
                cfg |= {"model": str(args.model), "sha256": digest, "min_score": 0.6}
            ways[f"{detector} {search}"] = searcher(cfg)
    seconds, boxes, sizes = dict.fromkeys(ways, 0.0), {way: [] for way in ways}, []
    for clip in clips:
        frames = plain.by_grabbing(clip, args.frames)
        sizes += [(frame.shape[1], frame.shape[0]) for frame in frames]
        for way, search in ways.items():
            start = time.process_time()
            boxes[way] += search(frames)
            seconds[way] += time.process_time() - start
    print(
        f"{len(clips)} clips, {len(sizes)} frames, at most {plain.WIDTH} pixels wide; ratio: to plain dlib;"
    )
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


def plain_search():
    """The search of a plain script: the largest face of each frame, as (x, y, width, height) or None."""
    hog = dlib.get_frontal_face_detector()

    def search(frames):
        found = [plain.largest_face(hog, frame) for frame in frames]
        return [box and (box[0], box[1], box[2] - box[0], box[3] - box[1]) for box in found]

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


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=Path, nargs="+", help="clips to use instead of the real ones")
    parser.add_argument("--frames", type=int, default=10, help="frames a clip")
    parser.add_argument("--model", type=Path, default=YUNET, help="YuNet's ONNX file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
