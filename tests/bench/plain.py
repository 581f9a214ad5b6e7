"""What a plain script does, with OpenCV and dlib: the reference of the benchmarks.

    python tests/bench/plain.py clips crops --count 10

It seeks each frame, and writes crops/<clip>/<frame>.jpg.
"""

import argparse
from pathlib import Path

import cv2
import dlib
import numpy as np

WIDTH, MARGIN, SIZE, QUALITY = 640, 1.3, 224, 95


def indices(total: int, count: int) -> list[int]:
    return np.linspace(0, total - 1, count).astype(int).tolist()


def open_video(path: Path) -> cv2.VideoCapture:
    return cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])


def by_seeking(path: Path, count: int = 10) -> list[np.ndarray]:
    """Set the position before each frame, and read it."""
    video, frames = open_video(path), []
    for index in indices(int(video.get(cv2.CAP_PROP_FRAME_COUNT)), count):
        video.set(cv2.CAP_PROP_POS_FRAMES, index)
        frames.append(video.read()[1])
    return frames


def by_reading(path: Path, count: int = 10) -> list[np.ndarray]:
    """Read every frame, and keep those at the indices."""
    video = open_video(path)
    requested, frames, index = set(indices(int(video.get(cv2.CAP_PROP_FRAME_COUNT)), count)), [], 0
    while True:
        got, frame = video.read()
        if not got:
            return frames
        if index in requested:
            frames.append(frame)
        index += 1


def by_grabbing(path: Path, count: int = 10) -> list[np.ndarray]:
    """Grab every frame up to the last index, and retrieve only those at the indices."""
    video, frames = open_video(path), []
    requested = set(indices(int(video.get(cv2.CAP_PROP_FRAME_COUNT)), count))
    for index in range(max(requested) + 1):
        video.grab()
        if index in requested:
            frames.append(video.retrieve()[1])
    return frames


def largest_face(detector: dlib.fhog_object_detector, frame: np.ndarray) -> tuple[int, int, int, int] | None:
    """Return left, top, right, bottom of the largest face in frame pixels, found at 640 pixels; or None."""
    scale = min(1.0, WIDTH / frame.shape[1])
    small = cv2.resize(frame, None, fx=scale, fy=scale) if scale < 1 else frame
    faces = detector(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), 1)
    if not faces:
        return None
    face = max(faces, key=lambda f: f.width() * f.height())
    return tuple(int(v / scale) for v in (face.left(), face.top(), face.right(), face.bottom()))


def crop(frame: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Return the square around the box, 1.3 times as large, resized to 224 x 224."""
    left, top, right, bottom = box
    side = int(max(right - left, bottom - top) * MARGIN)
    x, y = max((left + right) // 2 - side // 2, 0), max((top + bottom) // 2 - side // 2, 0)
    side = min(side, frame.shape[1] - x, frame.shape[0] - y)
    return cv2.resize(frame[y : y + side, x : x + side], (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


def video_to_crops(paths: list[Path], count: int, read=by_seeking) -> int:
    """Make JPEG crops in memory of one video after the other; return their number."""
    detector, made = dlib.get_frontal_face_detector(), 0
    for path in paths:
        for frame in read(path, count):
            box = largest_face(detector, frame)
            if box:
                cv2.imencode(".jpg", crop(frame, box), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
                made += 1
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path, help="folder with videos")
    parser.add_argument("crops", type=Path, help="folder for the crops")
    parser.add_argument("--count", type=int, default=10, help="frames of each")
    args = parser.parse_args()
    detector = dlib.get_frontal_face_detector()
    for path in sorted(args.clips.rglob("*.mp4")):
        folder = args.crops / path.stem
        folder.mkdir(parents=True)
        total = int(open_video(path).get(cv2.CAP_PROP_FRAME_COUNT))
        for index, frame in zip(indices(total, args.count), by_seeking(path, args.count), strict=True):
            if box := largest_face(detector, frame):
                quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
                cv2.imwrite(str(folder / f"{index:06d}.jpg"), crop(frame, box), quality)


if __name__ == "__main__":
    main()
