"""Shared by all tests: a copy of the project to run in, real videos if present, and small generated ones."""

import atexit
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from made.preloaded import Snakemake
from made.preloaded_steps import Steps

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("DEEPFAKE_TEST_DATA", ROOT.parent / "shared" / "data"))
PARTS = ["Snakefile", "config.yaml", "rules", "scripts", "envs", "profiles", "slurm", "report"]
PARTS += ["requirements.txt", "LICENSE"]  # for the package


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real videos: $DEEPFAKE_TEST_DATA, or ../shared/data beside the project."""
    if not (DATA / "ffpp").is_dir():
        pytest.skip(f"no real videos: {DATA}/ffpp doesn't exist (set DEEPFAKE_TEST_DATA)")
    return DATA


@pytest.fixture
def one_thread():
    """Torch on one thread, with a fixed seed: tests run in parallel, and sums must not change."""
    import torch  # takes a second, and most tests do without

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)
    torch.use_deterministic_algorithms(False)  # Lightning turns them on and leaves them on


@dataclass
class Run:
    """A finished run of Snakemake: its exit code, its output, and the number of executed jobs by rule."""

    code: int
    text: str
    jobs: Counter

    @property
    def rules(self) -> set[str]:
        return set(self.jobs)


SNAKEMAKE = Snakemake()
STEPS = Steps()
atexit.register(SNAKEMAKE.close)
atexit.register(STEPS.close)


class Project:
    """A copy of the workflow in its own folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def arguments(self, *args: str) -> list[str]:
        return ["--cores", "2", *args]

    def command(self, *args: str) -> list[str]:
        """The command line of a run, for tests that start and kill it themselves."""
        return [sys.executable, "-m", "snakemake", *self.arguments(*args)]

    def environment(self, preloaded: bool = True) -> dict[str, str]:
        """The environment of a run; its steps are forks of a process with their libraries if `preloaded`."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        path = f"{STEPS.folder()}:{path}" if preloaded else path
        return {**os.environ, "PATH": path, "XDG_CACHE_HOME": str(self.folder / ".cache")}

    def execute(self, *args: str, **options) -> subprocess.CompletedProcess:
        """Run Snakemake to its end, whatever that is; for `options` see Snakemake.run.

        The steps of a run that is to be disturbed are ordinary processes.
        """
        return SNAKEMAKE.run(
            self.arguments(*args), self.folder, self.environment(preloaded=not options), **options
        )

    def run(self, *args: str, check: bool = True) -> Run:
        """Run Snakemake here. With `check`, a failure raises with the output and the logs of all jobs."""
        done = self.execute(*args)
        text = done.stdout + done.stderr
        jobs = Counter(re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):$", text, re.MULTILINE))
        if check and done.returncode:
            logs = "".join(f"\n{p}:\n{p.read_text()}" for p in self.folder.glob("logs/**/*.log"))
            raise AssertionError(f"exit code {done.returncode}\n{text}{logs}")
        return Run(done.returncode, text, jobs)

    def configure(self, text: str) -> str:
        """Write a config file and return its name."""
        (self.folder / "mine.yaml").write_text(text, encoding="utf-8")
        return "mine.yaml"


def copy_project(folder: Path) -> Project:
    """Copy the workflow. Datasets go by names unless they say otherwise: most tests draw their people."""
    folder.mkdir(parents=True)
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, folder / part)
    schema = folder / "rules/config.schema.yaml"
    text = schema.read_text(encoding="utf-8")
    assert text.count("default: both") == 1
    schema.write_text(text.replace("default: both", "default: names"), encoding="utf-8")
    return Project(folder)


@pytest.fixture
def project(tmp_path) -> Project:
    return copy_project(tmp_path / "project")


MODELS = """
shard_size: 1
corpora:
  base: {layout: imagefolder, folder: base, faces: {detector: none, size: 64}}
  mine: {layout: imagefolder, folder: mine, faces: {detector: none, size: 64}}
  more: {layout: imagefolder, folder: more, faces: {detector: none, size: 64}}
datasets:
  dataset_2gb: {corpora: [base, mine], splits: {train: 0.6, val: 0.2, test: 0.2}}
  other: {corpora: [mine, more], splits: {train: 0.4, val: 0.2, test: 0.4}}
models:
  tiny: {arch: meso4, image_size: 64, epochs: 4, batch_size: 8, augment: off}
  raw: {arch: mesoinception4, image_size: 48, epochs: 1}
ensembles:
  pair: {models: [tiny, raw], weighted: validation, tta: {flip: true}, calibrate: true}
  fixed: {models: [raw], threshold: 0.3}
train: {models: [tiny, raw, pair, fixed]}
evaluate:
  threshold: eer
  bootstrap: 100
  robustness: {jpeg: [50], blur: [], noise: [], resize: [0.5], brightness: []}
  cross: {models: [tiny], datasets: [dataset_2gb, other]}
"""
ONE_THREAD = [f"{rule}=1" for rule in ("decode", "train", "combine", "predict", "distort", "explain")]
"""For --set-threads: such small networks gain nothing from a second thread, and two jobs run at a time."""


def write_stills(folder: Path, people: range, each: int = 2) -> None:
    """Images of 64 pixels, `each` per person, in {real,fake}/<person>; fakes are redder, so a network can
    learn the difference."""
    for person in people:
        for number in range(each):
            label = ("real", "fake")[person % 2]
            path = folder / f"{label}/p{person:03d}/{number}.png"
            rough = np.random.default_rng([person, number]).integers(0, 200, (5, 5, 3), np.uint8)
            image = cv2.resize(rough, (64, 64), interpolation=cv2.INTER_CUBIC)
            image[..., 2] = image[..., 2] // 2 + (100 if label == "fake" else 0)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".png", image)[1].tobytes())


@pytest.fixture(scope="session")
def modelled(tmp_path_factory) -> Project:
    """A project of small images, run to the report by the default targets; tests only read it."""
    project = copy_project(tmp_path_factory.mktemp("modelled") / "project")
    write_stills(project / "base", range(24))
    write_stills(project / "mine", range(24, 40))
    write_stills(project / "more", range(40, 56))
    project.run("--configfile", project.configure(MODELS), "--set-threads", *ONE_THREAD)
    return project


def picture(index: int, width: int, height: int) -> np.ndarray:
    """An image that depends on its number: moving stripes and a block; uint8 (height, width, 3) BGR."""
    y, x = np.mgrid[0:height, 0:width]
    stripes = (x * 3 + y * 2 + index * 11) % 256
    image = np.stack([stripes, 255 - stripes, (x + index * 7) % 256], axis=-1).astype(np.uint8)
    image[: height // 3, : width // 3] = (index * 37) % 256
    return image


def write_striped_video(
    path: Path,
    frames: int = 30,
    width: int = 96,
    height: int = 64,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict | None = None,
    times: list[int] | None = None,
    rotation: int = 0,
    audio: bool = False,
    cover: bool = False,
    index_first: bool = False,
    aspect_ratio: Fraction | None = None,
) -> Path:
    """Encode a small video at 25 frames per second; `times` (in 1/25 s) gives a variable frame rate,
    `index_first` puts an mp4's index before its data, `aspect_ratio` is that of its pixels."""
    with av.open(str(path), "w", options={"movflags": "faststart"} if index_first else {}) as out:
        video = out.add_stream(codec, rate=25, options={"threads": "1", **(options or {})})
        video.width, video.height, video.pix_fmt, video.time_base = width, height, pix_fmt, Fraction(1, 25)
        video.codec_context.time_base = Fraction(1, 25)
        if aspect_ratio:
            video.codec_context.sample_aspect_ratio = aspect_ratio
        if rotation:
            video.set_display_rotation(rotation)
        sound = out.add_stream("aac", rate=48000) if audio else None
        art = out.add_stream("mjpeg", rate=1, options={}) if cover else None
        if art:
            art.width = art.height = 32
            art.pix_fmt, art.disposition = "yuvj420p", av.stream.Disposition.attached_pic
            still = av.VideoFrame.from_ndarray(picture(99, 32, 32), format="bgr24").reformat(
                format="yuvj420p"
            )
            out.mux(art.encode(still))
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, width, height), format="bgr24")
            frame.pts = times[number] if times else number
            frame.time_base = Fraction(1, 25)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if sound:
            tone = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            tone.sample_rate = 48000
            out.mux(sound.encode(tone))
            out.mux(sound.encode(None))
    return path
