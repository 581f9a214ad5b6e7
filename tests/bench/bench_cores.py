"""How many cores are busy while frames and faces are made, by the size of the corpus and `--cores`.

    python tests/bench/bench_cores.py --clips 8 16 48 --cores 1 2

`busy` is CPU time by wall time, over all processes of the two steps, while one of them is at work. `ready`
counts the time as well for which a process could go on, and waited for a core that another one had: on a
machine that others use, or with more `--cores` than it has, this is what the workflow itself allows for.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench_pipeline import CONFIG, link_clips
from videos import copy_workflow, find_clips

STEPS = ("scripts/frames.py", "scripts/faces.py")
INTERVAL = 0.05  # seconds between two looks at the processes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, nargs="+", default=[8, 16, 48])
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--shard-size", type=int, default=64)
    parser.add_argument("--faces", default="{search: full}", help="the config section `faces`, in YAML")
    args = parser.parse_args()
    print(f"{'clips':>6}{'cores':>6}{'wall s':>8}{'CPU s':>8}{'busy':>6}{'ready':>7}  crops and table")
    for clips in args.clips:
        for cores in args.cores:
            with tempfile.TemporaryDirectory() as folder:
                link_clips(find_clips(Path(folder), clips), Path(folder) / "videos")
                wall, cpu, waited = run(Path(folder), cores, args.faces, args.shard_size)
                busy, ready = cpu / wall, (cpu + waited) / wall
                row = f"{clips:>6}{cores:>6}{wall:>8.1f}{cpu:>8.1f}{busy:>6.2f}{ready:>7.2f}"
                print(f"{row}  {digest(Path(folder))}", flush=True)


def run(folder: Path, cores: int, faces: str, shard_size: int) -> tuple[float, float, float]:
    """Return for how long frames and faces were made, and for how long their processes ran and waited."""
    copy_workflow(folder)
    (folder / "mine.yaml").write_text(CONFIG.format(shard=shard_size, count=10, faces=faces))
    command = [sys.executable, "-m", "snakemake", "results/plans/bench_set.csv", "--cores", str(cores)]
    command += ["--configfile", "mine.yaml", "--quiet", "all"]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    snakemake = psutil.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    wall, before, spent = 0.0, time.monotonic(), {}
    while snakemake.poll() is None:
        time.sleep(INTERVAL)
        now = times_of_steps(snakemake)
        spent |= now  # those of a process that has ended stay as they were last
        wall += (time.monotonic() - before) if now else 0
        before = time.monotonic()
    if snakemake.returncode:
        sys.exit("the workflow failed")
    total = sum((Counter({"ran": ran, "waited": waited}) for ran, waited in spent.values()), Counter())
    return wall, total["ran"] / 1e9, total["waited"] / 1e9


def times_of_steps(snakemake: psutil.Process) -> dict[tuple[int, int], tuple[int, int]]:
    """Return by thread of the steps' processes how many ns it has run, and has waited for a core (Linux)."""
    found = {}
    for job in snakemake.children(recursive=True):
        try:
            if not any(step in word for word in job.cmdline() for step in STEPS):
                continue
            for process in (job, *job.children(recursive=True)):
                for task in Path(f"/proc/{process.pid}/task").iterdir():
                    ran, waited, _ = (task / "schedstat").read_text().split()
                    found[process.pid, int(task.name)] = int(ran), int(waited)
        except (psutil.Error, OSError):
            continue  # it has ended
    return found


def digest(folder: Path) -> str:
    """Return eight digits that identify the crops and their tables."""
    whole = hashlib.sha256()
    for path in sorted((folder / "results/faces/bench").iterdir()):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:8]


if __name__ == "__main__":
    main()
