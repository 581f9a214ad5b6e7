"""An hour of video to a verdict: memory, wall and CPU seconds, cores busy; the stages alone and overlapped.

python tests/bench/bench_detect.py [MINUTES ...]
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
SHORT = 1  # minutes, of the stages alone, and of dlib, which takes 60 ms a frame and more


def main() -> None:
    minutes = [int(word) for word in sys.argv[1:]] or [5, 20, 60]
    workers = os.cpu_count()
    print(f"{SIZE[0]}x{SIZE[1]}, 25 frames a second, every 15th; meso4 at 256 pixels; {workers} processes")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        base = folder / "base.mp4"
        base.write_bytes(encode(render_frames(VideoSpec("", "bench", 3, SIZE, SECONDS * 25), 1), SIZE))
        videos = {n: repeat(base, folder / f"{n}.mp4", n) for n in {*minutes, SHORT}}
        detectors = {"dlib full": FACES | {"detector": "dlib", "upsample": 1}}
        if YUNET.is_file():
            digest = hashlib.sha256(YUNET.read_bytes()).hexdigest()
            known = {"detector": "yunet", "model": str(YUNET), "sha256": digest, "min_score": 0.6}
            detectors = {
                f"yunet {search}": FACES | known | {"search": search} for search in ("track", "full")
            }
            detectors["dlib full"] = FACES | {"detector": "dlib", "upsample": 1}
        models = {name: write_model(folder / f"{name}.pt", faces) for name, faces in detectors.items()}
        print(
            f"\n{'':12} {'minutes':>7} {'frames':>6} {'wall s':>7} {'CPU s':>7} {'cores':>6} {'peak MB':>8}"
        )
        for name, model in models.items():
            for length in minutes if name == "yunet track" else [SHORT]:
                print(f"{name:12} {length:7} {overlapped(model, videos[length], workers)}", flush=True)
        print(f"\nstages alone, one process, {SHORT} minute: CPU seconds")
        for name, model in models.items():
            print(f"{name:12} {alone(model, videos[SHORT])}", flush=True)


def repeat(base: Path, path: Path, minutes: int) -> Path:
    """The clip over and over, its packets copied, until it lasts so long."""
    with av.open(str(path), "w") as out:
        stream = None
        for turn in range(minutes * 60 // SECONDS):
            with av.open(str(base)) as clip:
                source = clip.streams.video[0]
                stream = stream or out.add_stream_from_template(source)
                step = int(Fraction(SECONDS) / source.time_base)
                for packet in clip.demux(source):
                    if packet.dts is not None:
                        packet.pts, packet.dts = packet.pts + turn * step, packet.dts + turn * step
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


def overlapped(model: Path, video: Path, workers: int) -> str:
    """Frames, wall and CPU seconds, cores busy and peak memory of a verdict, by a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", model, video, str(workers)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    cores = found["cpu"] / found["wall"]
    return f"{found['frames']:6} {found['wall']:7.1f} {found['cpu']:7.1f} {cores:6.2f} {found['peak']:8.0f}"


def one(model: str, video: str, workers: str) -> None:
    opened = open_model(model, int(workers))
    peaks: dict[str, float] = {}
    threading.Thread(target=watch, args=[peaks], daemon=True).start()
    began, before = time.monotonic(), cpu()
    ready, media = preprocessing_of(opened.metadata), find_media([video], LIMITS)
    (verdict,) = detect_media(media, opened, ready, workers=int(workers))
    wall, used = time.monotonic() - began, cpu() - before
    print(json.dumps({"frames": verdict.frames, "wall": wall, "cpu": used, "peak": sum(peaks.values())}))


def cpu() -> float:
    """CPU seconds of this process and of those that it has ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def watch(peaks: dict[str, float]) -> None:
    """Note the peak of memory, in MB, of this process and of each child, by what /proc says."""
    while True:
        tasks = Path("/proc/self/task").glob("*/children")
        for process in ["self", *(child for task in tasks for child in task.read_text().split())]:
            try:
                lines = Path(f"/proc/{process}/status").read_text().splitlines()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has just ended
            for line in lines:
                if line.startswith("VmHWM"):
                    peaks[process] = int(line.split()[1]) / 1024
        time.sleep(0.2)


def alone(model: Path, video: Path) -> str:
    """CPU seconds of each stage, one after the other, in one thread."""
    opened = open_model(model, 1)
    ready = preprocessing_of(opened.metadata)
    (medium,) = find_media([str(video)], LIMITS)
    extractor = load_extractor(ready, opened.geometries, 0)

    def decoding() -> list[tuple[dict, bytes]]:
        reader = VideoReader(video)
        taken = sample_frames(reader, sample(reader, medium.name, extractor), ready["frames"])
        return [
            ({"video": "", "frame": t.index, "time": "", "status": "ok", "reason": ""}, t.data) for t in taken
        ]

    def cutting() -> list[np.ndarray]:
        tracker, crops = FaceTracker(load_detector(ready["faces"]), ready["faces"]), []
        for _, data in frames:
            pixels = decode_frame(data)
            if faces := tracker.find(pixels).faces:
                crops.append(crop_face(pixels, faces[0], ready["faces"])[2])
        return [fit(decode(data), opened.geometries[0]) for data in crops]

    decoded, frames = cpu_seconds(decoding)
    cut, images = cpu_seconds(cutting)
    judged, _ = cpu_seconds(lambda: probabilities(opened.logits, in_batches([image] for image in images)))
    return (
        f"decode {decoded:5.1f}   faces {cut:5.1f}   model {judged:5.1f}   sum {decoded + cut + judged:5.1f}"
    )


if __name__ == "__main__":
    one(*sys.argv[2:]) if sys.argv[1:2] == ["--one"] else main()
