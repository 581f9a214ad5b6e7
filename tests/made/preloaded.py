"""Snakemake's command line, started from a process that has loaded it already.

Most of the time of `python -m snakemake` in a small project goes into imports. Each run here is a fork of a
process that has imported Snakemake. It has its own folder, environment and arguments, as on the command line,
and imports the library of the workflow itself anew.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path


class Snakemake:
    """Runs Snakemake in forks of one process, which is started at the first run."""

    def __init__(self):
        self.process = None

    def run(
        self,
        args: list[str],
        folder: Path,
        environment: dict[str, str],
        while_running: Callable[[int], None] = lambda process: None,
    ) -> subprocess.CompletedProcess:
        """Run Snakemake with the arguments `args` in `folder`; return its exit code, stdout and stderr.

        `while_running` is called with the number of its process. A signal gives a negative exit code.
        """
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        with tempfile.TemporaryDirectory() as files:
            request = {"args": args, "folder": str(folder), "environment": environment, "files": files}
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            while_running(int(self.process.stdout.readline()))
            answer = self.process.stdout.readline()
            assert answer, "the process that runs Snakemake has ended"
            texts = [Path(files, name).read_text(encoding="utf-8") for name in ("stdout", "stderr")]
        return subprocess.CompletedProcess(args, int(answer), *texts)

    def close(self) -> None:
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process = None


def serve() -> None:
    """Answer each request on stdin, a line of JSON, with the exit code of its run."""
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            try:
                run(**request)
            except SystemExit as end:
                os._exit(end.code if isinstance(end.code, int) else int(bool(end.code)))
            finally:  # whatever happens, this process must not go on to the next request
                os._exit(70)
        print(child, flush=True)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        preload(Path(request["files"], "modules"))
        print(code, flush=True)


def run(args: list[str], folder: str, environment: dict[str, str], files: str) -> None:
    """Run Snakemake, which ends with SystemExit, and write down which modules it has imported."""
    for number, name in ((0, os.devnull), (1, f"{files}/stdout"), (2, f"{files}/stderr")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv, sys.path[:1] = ["snakemake", *args], [folder]
    try:
        snakemake.cli.main(args)
    finally:
        Path(files, "modules").write_text("\n".join(sys.modules))
        sys.stdout.flush()
        sys.stderr.flush()


def preload(modules: Path) -> None:
    """Import what a run has imported, so that the next one need not; but nothing of the workflow itself."""
    if modules.exists():
        for name in modules.read_text(encoding="utf-8").split():
            if name not in sys.modules and name.split(".")[0] != "deepfake" and find_spec(name):
                importlib.import_module(name)


if __name__ == "__main__":
    sys.path[0] = ""  # not this file's folder, whose modules have common names
    import snakemake.cli

    serve()
