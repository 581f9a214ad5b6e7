"""The programs of the workflow's steps, started from a process that has loaded their libraries already.

Most of the time of a step in a small project goes into imports: a training that takes a second loads torch
for five. Tests that run the workflow put a folder with another `python` first on the PATH. It sends its
arguments, its environment and its open files to a process that has imported the packages of earlier steps; a
fork of that runs the program. The library of the workflow itself is always imported anew. Tests of kills and
signals go without.
"""

import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

CLIENT = """#!{python} -SE
import array, json, os, signal, socket, sys
args = sys.argv[1:]
if not args or not args[0].endswith(".py"):
    os.execv({python!r}, [{python!r}, *args])
peer = socket.socket(socket.AF_UNIX)
peer.connect({address!r})
request = json.dumps({{"args": args, "folder": os.getcwd(), "environment": dict(os.environ)}}).encode()
files = array.array("i", [0, 1, 2])
peer.sendmsg([len(request).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
peer.sendall(request)
process = int.from_bytes(peer.recv(8), "big")
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, frame: os.kill(process, number))
answer = peer.recv(1)
sys.exit(answer[0] if answer else 137)
"""
BIN = "bin"
PACKAGES = ("av", "cv2", "lightning_fabric", "numpy", "onnxruntime", "pandas", "timm", "torch", "torchvision")
PARTS = ("matplotlib.backends.backend_agg", "torch._dynamo", "torch.utils.tensorboard")


class Steps:
    """A folder with a `python` for the PATH, and the process that answers it, from the first use on."""

    def __init__(self):
        self._folder = self._process = None

    def folder(self) -> str:
        """Return the folder for the PATH."""
        if self._process is None:
            self._folder = tempfile.TemporaryDirectory(prefix="deepfake-steps-")
            top = Path(self._folder.name)
            client = top / BIN / "python"
            client.parent.mkdir()
            client.write_text(CLIENT.format(python=sys.executable, address=str(top / "socket")))
            client.chmod(0o755)
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(top / "socket")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            assert self._process.stdout.readline(), "the process that runs the steps has ended"
        return str(Path(self._folder.name, BIN))

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._folder.cleanup()
            self._process = None


def serve(address: str) -> None:
    """Run each program that is asked for, until stdin is closed."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    print("ready", flush=True)
    loaded = Path(address).with_name("modules")
    loaded.mkdir()
    while True:
        connection, _ = listener.accept()
        preload(loaded)
        if os.fork() == 0:
            listener.close()
            answer(connection, loaded)
        connection.close()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def answer(connection: socket.socket, loaded: Path) -> None:
    """Run the program of one request, send its exit code, and end this process."""
    code = 70
    try:
        size, files, _, _ = socket.recv_fds(connection, 8, 3)
        text = b""
        while len(text) < int.from_bytes(size, "big"):
            text += connection.recv(1 << 16)
        connection.sendall(os.getpid().to_bytes(8, "big"))
        code = run(files, **json.loads(text))
        found = loaded / f"{os.getpid()}.part"
        found.write_text("\n".join(sys.modules))
        found.rename(found.with_suffix(".txt"))
    finally:  # whatever happens, this process must not go on to the next request
        connection.sendall(bytes([code]))
        os._exit(code)


def run(files: list[int], args: list[str], folder: str, environment: dict[str, str]) -> int:
    """Run a program as `python` does, and return its exit code."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv, sys.path[0] = args, str(Path(args[0]).resolve().parent)
    try:
        runpy.run_path(args[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code & 255


def preload(loaded: Path) -> None:
    """Import the packages that programs have imported, so that the next ones need not."""
    for found in sorted(loaded.glob("*.txt")):
        names = found.read_text(encoding="utf-8").split()
        for name in names:
            if name in PARTS or name in PACKAGES:
                importlib.import_module(name)
        found.unlink()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.argv[1])
