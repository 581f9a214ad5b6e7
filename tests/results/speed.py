"""Measure the section Speed of docs/results.md: the workflow beside other tools, on the same clips and files.

    PYTHONPATH=scripts:tests:tests/bench python tests/results/speed.py --data resources/real \\
        --output results/measured

resources/others, or the folder `--others`, has checkouts of other projects, under the names icpr2020dfdc
(github.com/polimi-ispl), DeepfakeBench (github.com/SCLBD) and pytorch-image-models (github.com/huggingface).
They import imutils, scikit-image and albumentations below version 2. Without them their rows are left out,
and the page says so, as where torchcodec, decord or ffmpeg (imageio-ffmpeg) aren't installed. Tools run in
turns, round by round, each on one thread where it can be told. Each measurement is kept in `<output>/cache`,
so that an interrupted run goes on.
"""

import argparse
import json
import logging
import os
import shutil
import statistics
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "ERROR"}

import plain
import torch
import videos
from bench_frames import methods
from bench_pipeline import link_clips
from bench_training import BATCH, write_images
from results import speed_crops, speed_decoders, speed_losses, speed_picture, speed_training
from results.numbers_file import NumbersFile, section_parser
from speed_loops import use_clock

from deepfake.networks.memory import keep_freed_memory

OTHERS = Path("resources/others")


def main() -> None:
    args = parse_args()
    logging.getLogger("deepfake").setLevel(logging.ERROR)
    numbers = NumbersFile("speed", args.output)
    kept = args.output / "cache" / f"speed_{args.clips}_clips_{args.images}_images"
    kept.mkdir(parents=True, exist_ok=True)
    videos.DATA = args.data.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        clips = videos.find_clips(folder, args.clips)
        link_clips(clips, folder / "clips")
        decoders, absent = measure_decoders(clips, folder, kept, args.rounds)
        crops, missing = measure_crops(clips, folder, kept, args)
        training, features = measure_networks(folder, kept, args)
    corpora = {"ffpp": "FaceForensics++ c23", "ffpp_c40": "FaceForensics++ c40", "celebdf": "Celeb-DF"}
    used = {
        name: sum(args.data.resolve() / key in clip.parents for clip in clips)
        for key, name in corpora.items()
    }
    if not speed_training.timm_program_of(args.others).is_file():
        missing.append("timm's train.py is not measured: there is no checkout of pytorch-image-models.")
    numbers.write(
        {
            "absent": absent + missing,
            "clips": {"number": len(clips), "different": len(set(clips)), "corpora": used},
            "settings": {
                "frames": speed_crops.COUNT,
                "rounds": args.rounds,
                "width": plain.WIDTH,
                "batch": BATCH,
            },
            "decoders": decoders,
            "versions": speed_decoders.versions() | {"torch": torch.__version__, "timm": version("timm")},
            "crops": crops,
            "training": training,
            "features": features,
            "gpu": torch.cuda.is_available(),
        }
    )
    speed_picture.draw(decoders, crops, numbers.picture("cpu.png"))


def measure_decoders(
    clips: list[Path], folder: Path, kept: Path, rounds: int
) -> tuple[list[dict], list[str]]:
    """Return a row for each reader of frames, and sentences about those that aren't installed."""
    readers = [name for name in speed_decoders.NAMES if name in methods()]
    rows: dict[str, list[dict]] = {name: [] for name in readers}
    for number in range(rounds):
        for name in readers:

            def run(name: str = name, first: bool = number == 0) -> dict[str, Any]:
                return speed_decoders.measure(name, clips, folder, first)

            rows[name].append(cached(kept / f"decoder_{name.replace(' ', '_')}_{number}.json", run))
    absent = [
        f"{speed_decoders.NAMES[name]}: not measured, since it isn't installed."
        for name in speed_decoders.NAMES
        if name not in readers
    ]
    return [summary(speed_decoders.NAMES[name], found) for name, found in rows.items()], absent


def measure_crops(
    clips: list[Path], folder: Path, kept: Path, args: argparse.Namespace
) -> tuple[list[dict], list[str]]:
    """Return a row for each way from videos to crops, with what it loses, and sentences about absent ones."""
    yunet = args.data.resolve() / videos.YUNET.name
    tools, absent = speed_crops.find_tools(args.others, yunet)
    rows: dict[str, list[dict]] = {name: [] for name in tools}
    for number in range(args.rounds):
        for name, tool in tools.items():
            if name not in rows:  # it failed
                continue

            def run(name: str = name, tool: speed_crops.Tool = tool) -> dict[str, Any]:
                out = folder / "out"
                out.mkdir()
                usage = tool((folder / "clips").resolve(), out)
                crops = speed_crops.find_crops(out)
                if not crops:  # it says why, and ends as if all were well
                    raise subprocess.CalledProcessError(0, name, usage.output)
                seen = speed_losses.look_at(crops, yunet) if yunet.is_file() else {}
                shutil.rmtree(out)
                row = {"cpu": usage.cpu / len(clips), "peak": usage.peak, "crops": len(crops)}
                return row | {"seen": [[*key, sight] for key, sight in seen.items()]}

            file = "".join(letter if letter.isalnum() else "_" for letter in name)
            try:
                rows[name].append(cached(kept / f"crops_{file}_{number}.json", run))
            except subprocess.CalledProcessError as error:
                print(f"{name}: {error.output}", flush=True)
                absent.append(f"{name} is not measured: it made no crops ({last_line(error.output)}).")
                shutil.rmtree(folder / "out")
                del rows[name]
    seen = {
        name: {(clip, frame): sight for clip, frame, sight in found[0].pop("seen")}
        for name, found in rows.items()
    }
    losses = speed_losses.compare(seen, speed_losses.frames_asked(clips)) if yunet.is_file() else {}
    return [summary(name, found) | losses.get(name, {}) for name, found in rows.items()], absent


def measure_networks(folder: Path, kept: Path, args: argparse.Namespace) -> tuple[list[dict], dict]:
    """Return images per second of CPU time in training, by network, and for features."""
    torch.set_num_threads(1)
    keep_freed_memory()
    use_clock("cpu")
    files = image_files(folder / "images", args.data / "dfdc_crops.zip", args.images)
    training = []
    for label in speed_training.MODELS:

        def train(label: str = label) -> dict[str, Any]:
            return speed_training.measure_training(label, files, folder, args.rounds, args.others)

        training.append({"network": label} | cached(kept / f"training_{label}.json", train))
    features = cached(
        kept / "features.json", lambda: speed_training.measure_features(files, folder, args.rounds)
    )
    return training, features


def image_files(folder: Path, archive: Path, number: int) -> list[Path]:
    """Write JPEG files into folders of two classes, real crops where there are some; returns their paths."""
    for label in "01":
        (folder / label).mkdir(parents=True)
    if archive.is_file():
        with zipfile.ZipFile(archive) as crops:
            names = [name for name in sorted(crops.namelist()) if name.endswith(".jpg")][:number]
            images = [crops.read(name) for name in names]
    else:
        images = [path.read_bytes() for path in write_images(folder.parent, number)]
    files = [folder / str(index % 2) / f"{index:05d}_{index % 2}.jpg" for index in range(len(images))]
    for path, image in zip(files, images, strict=True):
        path.write_bytes(image)
    return files


def last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def summary(name: str, rounds: list[dict]) -> dict[str, Any]:
    """Return one row of several rounds: what the first says, the median and the range of the CPU seconds."""
    seconds = [each["cpu"] for each in rounds]
    return rounds[0] | {
        "name": name,
        "cpu": statistics.median(seconds),
        "range": [min(seconds), max(seconds)],
        "peak": max(each["peak"] for each in rounds),
    }


def cached(path: Path, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `path` has, or what is measured now and written there."""
    if not path.exists():
        print(f"{path.stem} ...", flush=True)
        path.write_text(json.dumps(measure()), encoding="utf-8")
    return json.loads(path.read_text("utf-8"))


def parse_args() -> argparse.Namespace:
    parser = section_parser(__doc__)
    parser.add_argument("--others", type=Path, default=OTHERS, help="folder with checkouts of other projects")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=2, help="measurements of each")
    parser.add_argument("--images", type=int, default=256, help="to train on")
    return parser.parse_args()


if __name__ == "__main__":
    main()
