"""The clips that benchmarks run on, and how their time is taken."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))


def find_clips(folder: Path) -> list[Path]:
    """The real clips where they are present, else demo clips made in `folder`; says which."""
    data = Path(os.environ.get("DEEPFAKE_TEST_DATA", ROOT.parent / "shared" / "data")) / "ffpp"
    real = sorted(data.rglob("*.mp4"))
    if real:
        print(f"{len(real)} real FaceForensics++ clips, c23")
        return real
    print("no real clips (set DEEPFAKE_TEST_DATA): demo clips instead")
    from deepfake import demo

    clips = demo.DEFAULTS | {"people": 4, "clips": 8}
    demo.make_corpus(folder / "demo.zip", "dfdc", clips, 42)
    import zipfile

    with zipfile.ZipFile(folder / "demo.zip") as archive:
        archive.extractall(folder)
    return sorted(folder.rglob("*.mp4"))


def cpu_seconds(work: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of this process that `work` takes, and what it returns."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result
