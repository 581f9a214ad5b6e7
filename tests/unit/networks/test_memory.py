"""Freed memory stays with the process, where the C library is glibc."""

import platform
import subprocess
import sys

import pytest
from conftest import ROOT

PROGRAM = """
import resource, sys
from pathlib import Path
import numpy as np
from deepfake.networks.memory import keep_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

if sys.argv[1:]:
    keep_freed_memory()
before = resident()
block = np.ones(100_000_000, np.uint8)
assert resident() - before > 90
del block
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_kept():
    def megabytes_kept(*args: str) -> float:
        command = [sys.executable, "-c", PROGRAM, *args]
        return float(subprocess.run(command, cwd=ROOT / "scripts", capture_output=True, check=True).stdout)

    assert megabytes_kept() < 50 < 90 < megabytes_kept("keep")
