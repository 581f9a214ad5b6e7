"""An S3 server on this machine, for the duration of a test."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

CREDENTIALS = {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "test", "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "test"}
BUCKET = "deepfake"


@contextmanager
def s3_server(log) -> Iterator[str]:
    """Start moto's server on a free port and yield its address; its output goes to the file `log`."""
    for module in ("moto.server", "snakemake_storage_plugin_s3"):
        pytest.importorskip(module, reason=f"needs {module}: pip install -r requirements-dev.txt")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        wait_until_it_answers(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_until_it_answers(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, f"moto's server ended with exit code {process.returncode}"
        assert time.monotonic() < deadline, "moto's server doesn't answer"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)


def arguments(url: str) -> list[str]:
    """The options that a site edits in a profile: where the storage is."""
    return ["--default-storage-prefix", f"s3://{BUCKET}/demo", "--storage-s3-endpoint-url", url]
