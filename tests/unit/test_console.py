"""Progress on a terminal: a bar for a program run by hand, whole lines for jobs that share it."""

import os
import pty
import re
import sys
import termios

import pytest
from conftest import ROOT

from deepfake.console import LINES_AT_LEAST, LINES_AT_MOST, Quarters

JOBS = """
import subprocess, sys
job = 'import sys, time; from deepfake import console; console.LINES_AT_LEAST = 0\\n'
job += 'for item in console.progress(range(12), sys.argv[1], "videos"): time.sleep(0.01)'
processes = [subprocess.Popen([sys.executable, "-c", job, name], stderr=subprocess.DEVNULL) for name in NAMES]
for process in processes:
    print("[Sat Nov 28] rule faces:", flush=True)  # as Snakemake does meanwhile
    process.wait()
"""


def seen_on_a_terminal(code: str) -> str:
    """Return all that Python code, and the processes that it starts, write to their terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT / "scripts")
        termios.tcsetwinsize(0, (24, 80))
        os.execv(sys.executable, [sys.executable, "-c", code])
    seen = b""
    try:
        while part := os.read(terminal, 4096):
            seen += part
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(terminal)
    assert os.waitpid(child, 0)[1] == 0, seen.decode()
    return seen.decode()


def test_lines_of_two_jobs_and_of_snakemake_stay_whole():
    seen = seen_on_a_terminal(JOBS.replace("NAMES", repr(["faces demo/0", "faces \x1b[2Jdemo/1"])))
    *lines, last = seen.split("\r\n")
    assert last == "" and "\x1b" not in seen and "\r" not in "".join(lines)
    line = re.compile(
        r"faces (\\x1b\[2J)?demo/[01]: \d+ of 12 videos, \d+\.\d a second|\[Sat Nov 28\] rule faces:"
    )
    assert all(line.fullmatch(one) for one in lines)
    for name in ("demo/0", "demo/1"):
        own = [one for one in lines if name in one]
        assert [int(one.split(" of ")[0].split()[-1]) for one in own] == [3, 6, 9]


def test_a_program_run_by_hand_draws_a_bar():
    code = (
        "import time; from deepfake.console import progress\n"
        "for item in progress(range(4), 'detect', 'files'): time.sleep(0.2)"
    )
    assert re.search(r"detect:  50%\|.*2/4", seen_on_a_terminal(code))


@pytest.mark.parametrize(
    "seconds, expected",
    [(0.1, []), (LINES_AT_LEAST, [3, 6, 9]), (LINES_AT_MOST, list(range(1, 12)))],
    ids=["short", "quarters", "long"],
)
def test_a_line_is_due_at_quarters_and_after_a_minute(seconds, expected):
    lines = Quarters(12)
    assert [done for done in range(1, 13) if lines.is_due(done, done * seconds)] == expected


def test_work_of_unknown_length_gets_a_line_each_minute():
    lines = Quarters(None)
    assert [second for second in range(200) if lines.is_due(second, second)] == [60, 120, 180]
