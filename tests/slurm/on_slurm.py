"""A copy of the project that runs on Slurm, and Slurm's records of its jobs."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from conftest import Project

SETTINGS = """
shard_size: 4
corpora: {demo: {demo: {people: 8, clips: 20, seconds: 0.4, width: 320}}}
datasets: {dataset_2gb: {splits: {train: 0.5, val: 0.25, test: 0.25}}}
models: {tiny: {arch: meso4, epochs: 8, batch_size: 8, augment: off, patience: null}}
train: {models: [tiny]}
"""
DATASET, MODEL = "results/dataset_2gb", "results/model/best.pt"
QUICK = "--max-threads 2 --seconds-between-status-checks 1 --slurm-init-seconds-before-status-checks 1"


class OnSlurm(Project):
    """A copy of the workflow that runs with `--profile slurm`."""

    def arguments(self, *args: str) -> list[str]:
        return ["--profile", "slurm", *QUICK.split(), *args]

    @contextmanager
    def started(self, *args: str) -> Iterator[subprocess.Popen]:
        """Start a run in the background that writes to out.txt; kill it at the end if it still runs."""
        with open(self / "out.txt", "wb") as out:
            process = subprocess.Popen(
                self.command(*args, "--configfile", self.configure(SETTINGS)),
                cwd=self.folder, env=self.environment(preloaded=False), stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()

    def out(self) -> str:
        return (self / "out.txt").read_text(errors="replace")

    def jobs(self) -> list[dict[str, str]]:
        """Slurm's records of this project's jobs, in the order of their submission."""
        shown = subprocess.run(
            ["scontrol", "--oneliner", "show", "job"], capture_output=True, text=True
        ).stdout
        jobs = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in shown.splitlines() if "JobId=" in line]
        return [job for job in jobs if job.get("WorkDir") == str(self.folder)]

    def job(self, comment: str, state: str = "RUNNING") -> str:
        """The number of a job in this state with a comment that starts so, or ""."""
        found = [j for j in self.jobs() if j["Comment"].startswith(comment) and j["JobState"] == state]
        return found[-1]["JobId"] if found else ""

    def wait(self, process: subprocess.Popen, condition: Callable, seconds: float = 600):
        """Wait until the condition returns something true, and return that; fail if the run ends first."""
        until = time.monotonic() + seconds
        while not (found := condition()):
            assert process.poll() is None, f"the run ended first:\n{self.out()}"
            assert time.monotonic() < until, f"timed out after {seconds} s:\n{self.out()}"
            time.sleep(0.05)
        return found

    def finish(self, process: subprocess.Popen, seconds: float = 600) -> int:
        """Wait for a run to end, and return its exit code."""
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not done within {seconds} s:\n{self.out()}\n{self.jobs()}") from None
