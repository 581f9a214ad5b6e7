"""What Snakemake itself costs while jobs run, with its own timers and with one at a time.

    PYTHONPATH=scripts:tests python tests/bench/bench_scheduler.py --jobs 3 100 400

Jobs that sleep, so that all CPU time is Snakemake's and that of starting them. The first row shows its end:
with its own timers it waits for the last of them.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from videos import cpu_seconds

ROOT = Path(__file__).resolve().parents[2]
SNAKEFILE = """
import sys
sys.path.insert(0, {scripts!r})
from deepfake.scheduler_timers import limit_timers

if {limited}:
    limit_timers()

rule all:
    input: expand("done_{{n}}", n=range({jobs}))
rule one:
    input: "start"
    output: touch("done_{{n}}")
    shell: "sleep {seconds}"
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, nargs="+", default=[3, 100, 400])
    parser.add_argument("--seconds", type=float, default=0.5, help="that a job sleeps")
    parser.add_argument("--cores", type=int, default=4)
    args = parser.parse_args()
    print(f"{'jobs':>6}{'timers':>10}{'wall s':>9}{'CPU s':>8}")
    for jobs in args.jobs:
        for limited in (False, True):
            wall, cpu = run(jobs, args.seconds, args.cores, limited)
            print(f"{jobs:>6}{'one' if limited else 'its own':>10}{wall:>9.1f}{cpu:>8.1f}", flush=True)


def run(jobs: int, seconds: float, cores: int, limited: bool) -> tuple[float, float]:
    """Return the seconds of wall clock and of CPU that a run of Snakemake takes, with its jobs."""
    with tempfile.TemporaryDirectory() as folder:
        text = SNAKEFILE.format(scripts=str(ROOT / "scripts"), limited=limited, jobs=jobs, seconds=seconds)
        Path(folder, "Snakefile").write_text(text, encoding="utf-8")
        Path(folder, "start").touch()
        command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--quiet", "all"]
        began = time.monotonic()
        cpu, _ = cpu_seconds(lambda: subprocess.run(command, cwd=folder, check=True))
        return time.monotonic() - began, cpu


if __name__ == "__main__":
    main()
