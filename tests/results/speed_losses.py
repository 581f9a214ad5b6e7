"""What a tool loses on the way from videos to crops: frames without a crop, crops without a whole face."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import plain
from results.speed_crops import COUNT, Crop

MIN_SCORE = 0.6
OUTSIDE = 0.05  # share of a face's box beyond the crop, from which on it counts as cut


def frames_asked(clips: Sequence[Path]) -> list[list[int]]:
    """Return the frames that all tools are asked for: evenly spaced, with the first and the last."""
    totals = [int(plain.open_video(clip).get(cv2.CAP_PROP_FRAME_COUNT)) for clip in clips]
    return [plain.indices(total, COUNT) for total in totals]


def look_at(crops: Sequence[Crop], yunet: Path) -> dict[tuple[int, int], str]:
    """Return what YuNet sees in each crop, by clip and frame: `whole`, `cut`, or `none` if no face."""
    return {(crop.clip, crop.frame): see(cv2.imread(str(crop.path)), yunet) for crop in crops}


def see(image, yunet: Path) -> str:
    """Return `whole`, `cut` or `none` for the largest face in a crop, uint8 (height, width, 3), BGR."""
    height, width = image.shape[:2]
    detector = cv2.FaceDetectorYN.create(str(yunet), "", (width, height), MIN_SCORE)
    faces = detector.detect(image)[1]
    if faces is None:
        return "none"
    x, y, w, h = max((face[:4] for face in faces), key=lambda box: box[2] * box[3])
    inside = (min(x + w, width) - max(x, 0)) * (min(y + h, height) - max(y, 0))
    return "whole" if inside >= (1 - OUTSIDE) * w * h else "cut"


def compare(
    seen: Mapping[str, Mapping[tuple[int, int], str]], asked: Sequence[Sequence[int]]
) -> dict[str, dict[str, Any]]:
    """Return for each tool the numbers of its crops, of clips and frames that it lost, and of bad crops.

    `seen` has look_at's answers by tool. A frame is lost if a tool has no crop of it, and another one has a
    crop in which a face is seen. Frames within one of the one asked for are that one.
    """
    frames = {(clip, index) for clip, indices in enumerate(asked) for index in indices}
    placed = {
        name: {nearest(key, asked): sight for key, sight in views.items()} for name, views in seen.items()
    }
    with_face = {
        place: {name for name, views in placed.items() if views.get(place, "none") != "none"}
        for place in frames
    }
    result = {}
    for name, views in placed.items():
        lost = [place for place in frames if place not in views and with_face[place]]
        result[name] = {
            "crops": len(seen[name]),
            "clips": len({clip for clip, _ in views}),
            "lost": len(lost),
            "no_face": sum(sight == "none" for sight in views.values()),
            "cut": sum(sight == "cut" for sight in views.values()),
            "other_frames": len(set(views) - frames),
        }
    return result


def nearest(key: tuple[int, int], asked: Sequence[Sequence[int]]) -> tuple[int, int]:
    """Return the clip and the frame asked for that is at most one away, else the key itself."""
    clip, frame = key
    index = min(asked[clip], key=lambda each: abs(each - frame))
    return (clip, index) if abs(index - frame) <= 1 else key
