"""Where the time from videos to face crops goes: CPU milliseconds a clip, by stage.

    python tests/bench/bench_stages.py --clips 48 --only "dlib full"

The functions of each stage are timed in this process, without what they call of other stages. `start` is the
rest of a run of the workflow on the same clips: Snakemake, the start of programs, and passing images on.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from functools import wraps
from pathlib import Path

import cv2
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench_pipeline import link_clips, rows, run_workflow
from videos import ROOT, YUNET, find_clips

from deepfake.extraction import bgr, faces, frames, images, tracking, video
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.landmarks import load_landmarker

STAGES = {
    "read packets": [
        (video, "check_edit_lists"),
        (video, "_open_container"),
        (video.VideoReader, "__init__"),
    ],
    "decode": [(video.VideoReader, "_decode")],
    "convert to BGR": [(bgr.BgrConverter, "convert")],
    "encode JPEG": [(images, "encode")],
    "decode JPEG": [(images, "decode")],
    "hash, sharpness": [(images, "image_columns"), (images, "sharpness")],
    "scale": [(tracking, "shrink")],
    "detect": [(tracking.FaceTracker, "find")],
    "landmarks": [],
    "crop": [(faces, "crop_face")],
    "rows": [(frames, "frames_of_video"), (faces, "faces_of_video")],
}


class StageTimer:
    """CPU seconds by stage: `seconds`. A stage that calls another one stops for that time."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._running: list[str] = []
        self._since = 0.0

    def switch(self) -> None:
        now = time.process_time()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def timed(self, stage: str, function):
        """Return a function whose calls are counted as the stage's; of a generator all is run at once."""

        @wraps(function)
        def call(*args, **kwargs):
            self.switch()
            self._running.append(stage)
            try:
                result = function(*args, **kwargs)
                return list(result) if stage == "rows" else result
            finally:
                self.switch()
                self._running.pop()

        return call


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=48)
    parser.add_argument("--only", nargs="+", help="names of columns, as 'dlib full'")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    timer = StageTimer()
    for stage, functions in STAGES.items():
        for owner, name in functions:
            setattr(owner, name, timer.timed(stage, getattr(owner, name)))
    settings = [(name, text) for name, text, count, cores in rows(YUNET) if (count, cores) == (10, 1)]
    columns = {}
    with tempfile.TemporaryDirectory() as folder:
        clips = find_clips(Path(folder), args.clips)
        link_clips(clips, Path(folder) / "videos")
        for name, text in settings:
            if args.only and name not in args.only:
                continue
            timer.seconds.clear()
            run_stages(clips, yaml.safe_load(text), timer)
            total = run_workflow(Path(folder), text, 10, len(clips), 1).cpu
            columns[name] = {stage: seconds / len(clips) for stage, seconds in timer.seconds.items()}
            columns[name]["start"] = total - sum(columns[name].values())
            columns[name]["all"] = total
    print(f"{len(clips)} clips, 10 frames each; CPU ms a clip")
    print(f"{'':16}" + "".join(f"{name:>13}" for name in columns))
    for stage in [*STAGES, "start", "all"]:
        print(f"{stage:16}" + "".join(f"{1000 * costs[stage]:>13.1f}" for costs in columns.values()))


def run_stages(clips: list[Path], own: dict, timer: StageTimer) -> None:
    """Do what the jobs `frames` and `faces` do, with the default settings and the keys `own` of `faces`."""
    defaults = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    cfg = defaults["faces"] | own
    detector, find_points = load_detector(cfg), load_landmarker(cfg)
    landmarker = timer.timed("landmarks", find_points) if find_points else None
    for clip in clips:
        stored = frames.frames_of_video(clip, clip.stem, defaults["frames"], 10)
        faces.faces_of_video(stored, cfg, detector, landmarker=landmarker)


if __name__ == "__main__":
    main()
