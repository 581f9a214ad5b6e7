"""The videos that benchmarks run on, and how CPU time is measured."""

import os
import resource
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("DEEPFAKE_TEST_DATA", ROOT.parent / "shared" / "data"))
WORKFLOW = "Snakefile config.yaml rules scripts envs profiles report".split()
YUNET = DATA / "yunet_n_640_640.onnx"
sys.path.insert(0, str(ROOT / "scripts"))

from deepfake.demo import corpus as demo  # noqa: E402


def find_videos(folder: Path) -> list[Path]:
    """Return the real videos where they are present, else demo videos made in `folder`; prints which."""
    real = sorted((DATA / "ffpp").rglob("*.mp4"))
    if real:
        print(f"{len(real)} real FaceForensics++ videos, c23")
        return real
    print("no real videos (set DEEPFAKE_TEST_DATA): demo videos instead")
    settings = demo.DEFAULTS | {"people": 4, "clips": 8}
    demo.make_corpus(folder / "demo.zip", "dfdc", settings, 42)
    with zipfile.ZipFile(folder / "demo.zip") as archive:
        archive.extractall(folder)
    return sorted(folder.rglob("*.mp4"))


def find_clips(folder: Path, number: int) -> list[Path]:
    """Return `number` clips: a third each of FaceForensics++ c23, c40 and Celeb-DF, repeated as needed.

    A corpus that is absent is left out; without any these are demo videos, made in `folder`. A corpus is gone
    through in steps, so that a few of its clips show all methods.
    """
    found = [sorted((DATA / name).rglob("*.mp4")) for name in ("ffpp", "ffpp_c40", "celebdf")]
    corpora = [clips for clips in found if clips] or [find_videos(folder)]
    clips = []
    for place in range(number):
        corpus, turn = corpora[place % len(corpora)], place // len(corpora)
        step = next(step for step in (5, 3, 2, 1) if len(corpus) % step)
        clips.append(corpus[turn * step % len(corpus)])
    return clips


def copy_workflow(folder: Path) -> None:
    """Copy the workflow into `folder`, to run it there."""
    for part in WORKFLOW:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy2)(ROOT / part, folder / part)


def cpu_seconds(work: Callable[[], object]) -> tuple[float, object]:
    """Return the CPU seconds that `work` takes, of this process and of those it starts, and its result."""
    began = seconds_so_far()
    result = work()
    return seconds_so_far() - began, result


def seconds_so_far() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
