"""Detection of long videos: seconds, cores in use and peak memory; and the CPU seconds of each stage.

    python tests/bench/bench_detect.py [MINUTES ...]

By default on videos of 5, 20 and 60 minutes.
"""

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from videos import YUNET, cpu_seconds

from deepfake.checkpoints.best_pt import save_checkpoint
from deepfake.checkpoints.inference import in_batches, probabilities
from deepfake.checkpoints.open_model import open_model
from deepfake.demo.layouts import VideoSpec
from deepfake.demo.video import encode, render_frames
from deepfake.detection.detect import detect_media
from deepfake.detection.faces import load_extractor, sample
from deepfake.detection.media import LIMITS, find_media
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.faces import crop_face
from deepfake.extraction.frames import sample_frames
from deepfake.extraction.images import decode as decode_frame
from deepfake.extraction.tracking import FaceTracker
from deepfake.extraction.video import VideoReader
from deepfake.inputs.pixels import decode, fit
from deepfake.networks.build import build

SECONDS, SIZE = 12, (640, 480)
FRAMES = {"strategy": "interval", "every": 15, "format": "jpg", "quality": 95}
FACES = {"search": "full", "recount": 0, "width": 640, "max_faces": 2, "margin": 1.3, "size": 224}
FACES |= {"format": "jpg", "quality": 95}
SHORT = 1  # minutes of the video for the single stages, and for dlib, which takes at least 60 ms a frame


def main() -> None:
    minutes = [int(argument) for argument in sys.argv[1:]] or [5, 20, 60]
    workers = os.cpu_count()
    print(f"{SIZE[0]}x{SIZE[1]}, 25 frames a second, every 15th; meso4 at 256 pixels; {workers} workers")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        base = folder / "base.mp4"
        base.write_bytes(encode(render_frames(VideoSpec("", "bench", 3, SIZE, SECONDS * 25), 1), SIZE))
        videos = {n: repeat(base, folder / f"{n}.mp4", n) for n in {*minutes, SHORT}}
        models = {name: write_model(folder / f"{name}.pt", faces) for name, faces in face_settings().items()}
        print(
            f"\n{'':12} {'minutes':>7} {'frames':>6} {'wall s':>7} {'CPU s':>7} {'cores':>6} {'peak MB':>8}"
        )
        for name, model in models.items():
            for length in minutes if name == "yunet track" else [SHORT]:
                print(f"{name:12} {length:7} {measure_detection(model, videos[length], workers)}", flush=True)
        print(f"\neach stage by itself, one process, {SHORT} minute of video: CPU seconds")
        for name, model in models.items():
            print(f"{name:12} {measure_stages(model, videos[SHORT])}", flush=True)


def face_settings() -> dict[str, dict]:
    """Return the `faces` sections to measure, by name; those of YuNet only where its file is present."""
    settings = {}
    if YUNET.is_file():
        digest = hashlib.sha256(YUNET.read_bytes()).hexdigest()
        yunet = {"detector": "yunet", "model": str(YUNET), "sha256": digest, "min_score": 0.6}
        settings = {f"yunet {search}": FACES | yunet | {"search": search} for search in ("track", "full")}
    return settings | {"dlib full": FACES | {"detector": "dlib", "upsample": 1}}


def repeat(base: Path, path: Path, minutes: int) -> Path:
    """Write a video of `minutes` that repeats the video `base`, by copies of its packets."""
    with av.open(str(path), "w") as out:
        stream = None
        for repetition in range(minutes * 60 // SECONDS):
            with av.open(str(base)) as video:
                source = video.streams.video[0]
                stream = stream or out.add_stream_from_template(source)
                step = int(Fraction(SECONDS) / source.time_base)
                for packet in video.demux(source):
                    if packet.dts is not None:
                        packet.pts += repetition * step
                        packet.dts += repetition * step
                        packet.stream = stream
                        out.mux(packet)
    return path


def write_model(path: Path, faces: dict) -> Path:
    built = build({"arch": "meso4", "weights": None, "head": "new", "image_size": None}, 1)
    steps = {"frames": FRAMES, "faces": faces}
    recorded = {"shows": "faces", "default": "drawn", "corpora": {"drawn": steps}}
    state, dataset = built.detector.network.state_dict(), {"name": "drawn", "sha256": "0"}
    save_checkpoint(
        path, built.spec, state,
        threshold=0.5, training={}, dataset=dataset, metrics={}, preprocessing=recorded,
    )  # fmt: skip
    return path


def measure_detection(model: Path, video: Path, workers: int) -> str:
    """Return frames, wall and CPU seconds, cores in use and peak memory, measured in a new process."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", model, video, str(workers)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    cores = found["cpu"] / found["wall"]
    return f"{found['frames']:6} {found['wall']:7.1f} {found['cpu']:7.1f} {cores:6.2f} {found['peak']:8.0f}"


def detect_one(model: str, video: str, workers: str) -> None:
    """Detect one video, and print the measurements as JSON."""
    opened = open_model(model, int(workers))
    peaks: dict[str, float] = {}
    threading.Thread(target=watch_memory, args=[peaks], daemon=True).start()
    start, before = time.monotonic(), cpu()
    preprocessing, media = preprocessing_of(opened.metadata), find_media([video], LIMITS)
    (verdict,) = detect_media(media, opened, preprocessing, workers=int(workers))
    wall, used = time.monotonic() - start, cpu() - before
    print(json.dumps({"frames": verdict.frames, "wall": wall, "cpu": used, "peak": sum(peaks.values())}))


def cpu() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def watch_memory(peaks: dict[str, float]) -> None:
    """Update the peak memory, in MB, of this process and each child, as /proc reports it."""
    while True:
        tasks = Path("/proc/self/task").glob("*/children")
        for process in ["self", *(child for task in tasks for child in task.read_text().split())]:
            try:
                lines = Path(f"/proc/{process}/status").read_text().splitlines()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended since
            for line in lines:
                if line.startswith("VmHWM"):
                    peaks[process] = int(line.split()[1]) / 1024
        time.sleep(0.2)


def measure_stages(model: Path, video: Path) -> str:
    """Return the CPU seconds of each stage, one after the other, in one thread."""
    opened = open_model(model, 1)
    preprocessing = preprocessing_of(opened.metadata)
    (file,) = find_media([str(video)], LIMITS)
    extractor = load_extractor(preprocessing, opened.geometries, 0)

    def decoding() -> list[tuple[dict, bytes]]:
        reader = VideoReader(video)
        taken = sample_frames(reader, sample(reader, file.name, extractor), preprocessing["frames"])
        return [
            ({"video": "", "frame": t.index, "time": "", "status": "ok", "reason": ""}, t.data) for t in taken
        ]

    def cutting() -> list[np.ndarray]:
        tracker, crops = FaceTracker(load_detector(preprocessing["faces"]), preprocessing["faces"]), []
        for _, data in frames:
            pixels = decode_frame(data)
            if faces := tracker.find(pixels).faces:
                crops.append(crop_face(pixels, faces[0], preprocessing["faces"]).data)
        return [fit(decode(data), opened.geometries[0]) for data in crops]

    decoded, frames = cpu_seconds(decoding)
    cut, images = cpu_seconds(cutting)
    scored, _ = cpu_seconds(lambda: probabilities(opened.logits, in_batches([image] for image in images)))
    return (
        f"decode {decoded:5.1f}   faces {cut:5.1f}   model {scored:5.1f}   sum {decoded + cut + scored:5.1f}"
    )


if __name__ == "__main__":
    detect_one(*sys.argv[2:]) if sys.argv[1:2] == ["--one"] else main()
