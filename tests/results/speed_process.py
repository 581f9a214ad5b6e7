"""Run a program, and say what it cost: the CPU seconds and the memory of it and of all that it starts."""

import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

INTERVAL = 0.2  # seconds between two looks at the memory


@dataclass(frozen=True)
class Usage:
    """CPU seconds, the highest memory of all processes together in MB (PSS), and the standard output."""

    cpu: float
    peak: float
    output: str


def run_measured(command: Sequence[str], folder: Path, environment: dict[str, str]) -> Usage:
    """Run a command in `folder` to its end; raises CalledProcessError with the end of what it wrote."""
    before, peak = resource.getrusage(resource.RUSAGE_CHILDREN), 0.0
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True
        )
        while process.poll() is None:
            peak = max(peak, memory_of(process.pid))
            time.sleep(INTERVAL)
        output.seek(0)
        text = output.read()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, text[-2000:])
    return Usage(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak, text)


def memory_of(pid: int) -> float:
    """Return the memory in MB of a process and those below it; pages that they share count once."""
    total = 0
    try:
        family = [root := psutil.Process(pid), *root.children(recursive=True)]
    except psutil.Error:
        return 0.0
    for process in family:
        try:
            total += process.memory_full_info().pss
        except (psutil.Error, AttributeError):
            continue
    return total / 2**20
