"""From videos to face crops: the workflow, a plain script, and two projects' own programs, on the same clips.

A tool is run as a program, and leaves crops as files. Those of others are run as they are, from checkouts in
a folder `others`: icpr2020dfdc (https://github.com/polimi-ispl/icpr2020dfdc) and DeepfakeBench
(https://github.com/SCLBD/DeepfakeBench). What they import has to be installed.
"""

import os
import re
import shutil
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import bench_pipeline
import pandas as pd
import plain
import yaml
from results.speed_process import Usage, run_measured

COUNT = 10  # frames of a clip
PREDICTOR = "shape_predictor_68_face_landmarks.dat"


@dataclass(frozen=True)
class Crop:
    """A crop's clip, by its number, the frame that it is of, and its file."""

    clip: int
    frame: int
    path: Path


Tool = Callable[[Path, Path], Usage]
"""Makes crops of the clips in a folder, below another folder, which is empty; returns the cost."""


def find_tools(others: Path, yunet: Path) -> tuple[dict[str, Tool], list[str]]:
    """Return the tools by name, and a sentence for each that is absent."""
    tools: dict[str, Tool] = {}
    absent = []
    for name, faces, count, cores in bench_pipeline.rows(yunet):
        if count == COUNT and cores == 1:
            tools[f"ours, {name}"] = partial(run_workflow, faces)
    if not yunet.is_file():
        absent.append("The YuNet detector is not measured: its model is absent.")
    tools["plain script, dlib"] = run_plain
    checkouts = {"icpr2020dfdc": run_blazeface, "DeepfakeBench": run_deepfakebench}
    for name, run in checkouts.items():
        if (others / name).is_dir():
            tools[name] = partial(run, (others / name).resolve())
        else:
            absent.append(f"{name} is not measured: there is no checkout of it.")
    return tools, absent


def run_workflow(faces: str, clips: Path, out: Path) -> Usage:
    """Run the workflow from the index to the crops, on one core, Snakemake included."""
    shutil.copytree(clips, out / "videos", symlinks=True)
    number = len(list(clips.rglob("*.mp4")))
    command, environment = bench_pipeline.prepare_workflow(out, faces, COUNT, number, 1)
    usage = run_measured(command, out, environment)
    for path in out.glob("results/faces/bench/*.tar"):
        with tarfile.open(path) as archive:
            archive.extractall(out / "crops", filter="data")
    return usage


def run_plain(clips: Path, out: Path) -> Usage:
    command = [sys.executable, plain.__file__, str(clips), str(out / "crops"), "--count", str(COUNT)]
    return run_measured(command, out, dict(os.environ))


def run_blazeface(checkout: Path, clips: Path, out: Path) -> Usage:
    """Run extract_faces.py of icpr2020dfdc. The table of videos that it reads is made here, uncounted."""
    paths = [str(path.relative_to(clips)) for path in sorted(clips.rglob("*.mp4"))]
    videos = pd.DataFrame({"path": paths, "label": 0, "original": -1})
    videos.to_pickle(out / "videos.pkl")
    command = [sys.executable, "extract_faces.py", "--source", str(clips)]
    command += [
        "--videodf",
        str(out / "videos.pkl"),
        "--facesfolder",
        str(out / "crops"),
        "--facesdf",
        str(out / "faces.pkl"),
    ]
    command += ["--checkpoint", str(out / "videos"), "--fpv", str(COUNT), "--device", "cpu"]
    return run_measured(command, checkout, with_path(checkout))


def run_deepfakebench(checkout: Path, clips: Path, out: Path) -> Usage:
    """Run preprocess.py of DeepfakeBench in a copy, with the 68-point model under the name of its own.

    Its own has 81 points. It takes the clips for UADFV's, whose layout is the plainest.
    """
    import face_recognition_models

    work, data = out / "program", out / "data" / "UADFV"
    shutil.copytree(checkout / "preprocessing", work)
    shutil.copytree(clips, data, symlinks=True)
    model = Path(face_recognition_models.__file__).parent / "models" / PREDICTOR
    (work / "dlib_tools/shape_predictor_81_face_landmarks.dat").symlink_to(model)
    config = yaml.safe_load((work / "config.yaml").read_text("utf-8"))
    settings = {"dataset_name": "UADFV", "dataset_root_path": str(data.parent), "num_frames": COUNT}
    for key, value in settings.items():
        config["preprocess"][key]["default"] = value
    (work / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    usage = run_measured([sys.executable, "preprocess.py"], work, dict(os.environ))
    for path in data.rglob("frames/*/*.png"):
        target = out / "crops" / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
    return usage


def with_path(folder: Path) -> dict[str, str]:
    """Return the environment, with a folder's modules before all others."""
    return os.environ | {"PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}"}


def find_crops(out: Path) -> list[Crop]:
    """Return the crops that a tool has left in `out`/crops: the clip's name begins with its number."""
    found = []
    for path in sorted((out / "crops").rglob("*")):
        if path.suffix in (".jpg", ".png"):
            clip = re.search(r"(?:^|[/_])(\d{3})_", str(path.relative_to(out / "crops").parent))
            frame = re.search(r"(\d+)(?:_subj\d+)?$", path.stem)
            found.append(Crop(int(clip[1]), int(frame[1]), path))
    return found
