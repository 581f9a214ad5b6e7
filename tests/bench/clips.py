"""The clips that benchmarks run on, and how their time is taken."""

import os
import shutil
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("DEEPFAKE_TEST_DATA", ROOT.parent / "shared" / "data"))
WORKFLOW = "Snakefile config.yaml rules scripts envs profiles report".split()
YUNET = DATA / "yunet_n_640_640.onnx"
sys.path.insert(0, str(ROOT / "scripts"))

from deepfake.demo import corpus as demo  # noqa: E402


def find_clips(folder: Path) -> list[Path]:
    """The real clips where they are present, else demo clips made in `folder`; says which."""
    real = sorted((DATA / "ffpp").rglob("*.mp4"))
    if real:
        print(f"{len(real)} real FaceForensics++ clips, c23")
        return real
    print("no real clips (set DEEPFAKE_TEST_DATA): demo clips instead")
    clips = demo.DEFAULTS | {"people": 4, "clips": 8}
    demo.make_corpus(folder / "demo.zip", "dfdc", clips, 42)
    with zipfile.ZipFile(folder / "demo.zip") as archive:
        archive.extractall(folder)
    return sorted(folder.rglob("*.mp4"))


def copy_workflow(folder: Path) -> None:
    """Lay a copy of the workflow into `folder`, to run it there."""
    for part in WORKFLOW:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy2)(ROOT / part, folder / part)


def cpu_seconds(work: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of this process that `work` takes, and what it returns."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result
