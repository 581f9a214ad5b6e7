"""The programs of scripts/, run within the process of the tests."""

import runpy
from functools import cache
from pathlib import Path

from deepfake.program import Main, run

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@cache
def main_of(script: str) -> Main:
    """Return the function `main` of a script, such as "compare.py"."""
    return runpy.run_path(str(SCRIPTS / script))["main"]


def run_program(script: str, *args: object) -> int:
    """Run a script with command-line arguments and return its exit code."""
    return run(main_of(script), [str(arg) for arg in args])
