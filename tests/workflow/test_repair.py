"""`verify` names broken files, and after its repair Snakemake makes only those again."""

import os
import subprocess
import sys
from pathlib import Path

from deepfake.demo import corpus as demo

CONFIG = """
shard_size: 4
corpora: {mine: {layout: dfdc, archives: ["corpus/*.zip"]}}
frames: {count: 2, boost: 1}
datasets: {small: {corpora: [mine], splits: {train: 0.5, val: 0.5, test: 0}}}
"""
TINY = {"people": 6, "clips": 12, "seconds": 0.4, "width": 320}
TARGET = "results/small"


def test_only_what_verify_finds_broken_is_made_again(project):
    (project / "corpus").mkdir()
    demo.make_corpus(project / "corpus/part_0.zip", "dfdc", TINY, 8)
    project.run(TARGET, "--configfile", project.configure(CONFIG))
    assert not project.run(TARGET, "--configfile", "mine.yaml").jobs  # notes the times of the finished files

    def flip(path: Path) -> None:
        stat, data = path.stat(), bytearray(path.read_bytes())
        data[700] ^= 1
        path.write_bytes(bytes(data))
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as a failing disk leaves it

    def contents() -> dict[str, bytes]:
        files = (path for path in (project / "results").rglob("*") if path.is_file())
        own = (path for path in files if "provenance" not in path.parts)  # records name times
        return {str(path): path.read_bytes() for path in own if path.name != ".snakemake_timestamp"}

    before = contents()
    frames, *_, faces = sorted(path.name for path in (project / "results/faces/mine").glob("*.tar"))
    image = min((project / TARGET).glob("*/*/*.jpg"))
    for path in (project / f"results/frames/mine/{frames}", project / f"results/faces/mine/{faces}", image):
        flip(path)
    assert not project.run(TARGET, "--configfile", "mine.yaml").jobs, "Snakemake itself can't know"
    done = project.run("verify", "--configfile", "mine.yaml", check=False)
    assert done.code and set(done.jobs) == {"verify"}
    broken = [f"frames/mine/{frames}", f"faces/mine/{faces}", f"small: {image.relative_to(project / TARGET)}"]
    assert all(f"results/{name}: " in done.text for name in broken), done.text
    repair = [sys.executable, "scripts/verify.py", "--repair"]
    said = subprocess.run(repair, cwd=project.folder, capture_output=True, text=True)
    assert said.returncode == 1, said.stderr
    first, then = [line.split()[3:] for line in said.stdout.splitlines() if line.startswith("snakemake")]
    done = project.run(*first, "--configfile", "mine.yaml")
    assert done.jobs == {"unpack": 1, "frames": 1, "faces": 1}
    assert project.run(*then, "--configfile", "mine.yaml").jobs == {"dataset": 1}
    assert not project.run(TARGET, "--configfile", "mine.yaml").jobs
    assert contents() == before
