"""Folders that can't be written: one line that names them and says what to do, and nothing half-written."""

import errno
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from made.planned import make_tree, write_dataset

from deepfake import disk
from deepfake.disk import WriteError, check_writable, explain
from deepfake.files import new_directory, new_file


@pytest.fixture
def small_disk(tmp_path) -> Path:
    """A disk of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("no mount")
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if (done := subprocess.run(command, capture_output=True, text=True)).returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EDQUOT, "your quota of the disk is used up"),
        (errno.EROFS, "the disk is read-only; run in another folder"),
        (errno.EFBIG, "raise `ulimit -f`"),
    ],
)
def test_an_error_while_writing_names_the_folder(tmp_path, code, message):
    for new in (new_file, new_directory):
        with pytest.raises(WriteError, match=f"^{tmp_path}/deep: .*{message}"), new(tmp_path / "deep/out"):
            raise OSError(code, os.strerror(code))
        assert list((tmp_path / "deep").iterdir()) == []


def test_an_output_in_an_unfinished_folder_is_named_by_the_folder_that_was_meant(tmp_path):
    full = pytest.raises(WriteError, match=f"^{tmp_path}: the disk is full")
    with full, new_directory(tmp_path / "out") as part, new_file(part / "deep/file"):
        raise OSError(errno.ENOSPC, "")


def test_callers_that_expect_an_os_error_get_one(tmp_path):
    with suppress(OSError), new_file(tmp_path / "out"):
        raise OSError(errno.EROFS, "")


def test_other_errors_stay_as_they_are(tmp_path):
    for error in (OSError(errno.ENOENT, "x"), ValueError("x"), PermissionError(errno.EACCES, "an input")):
        with pytest.raises(type(error)) as caught, new_file(tmp_path / "out"):
            raise error
        assert caught.value is error


def test_whatever_a_library_raises_on_a_full_disk_is_explained(small_disk):
    def raises_its_own(part: Path) -> None:
        try:
            part.write_bytes(bytes(1 << 20))
        except OSError:
            raise RuntimeError("[enforce fail at inline_container.cc] unexpected pos 64 vs 0") from None

    for write in (raises_its_own, lambda part: np.zeros(1 << 20).tofile(part)):
        full = pytest.raises(WriteError, match=f"^{small_disk}: the disk is full")
        with full, new_file(small_disk / "out") as part:
            write(part)
        assert list(small_disk.iterdir()) == []


def test_a_step_on_a_full_disk_is_one_line_of_its_log_and_leaves_nothing(small_disk, tmp_path):
    make_tree(tmp_path / "results")
    output = small_disk / "results/small"
    done = write_dataset(tmp_path / "results", output)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert f"ERROR {output.parent}: the disk is full; free some space" in done.stderr
    assert list(output.parent.iterdir()) == []


def test_a_read_only_disk_and_a_file_in_the_place_of_a_folder(small_disk, tmp_path):
    (tmp_path / "file").touch()
    message = f"^{tmp_path}/file: can't be written: .*; move away"
    with pytest.raises(WriteError, match=message), new_file(tmp_path / "file/out"):
        pass
    read_only(small_disk)
    message = f"^{small_disk}/deep: the disk is read-only"
    with pytest.raises(WriteError, match=message), new_file(small_disk / "deep/out"):
        pass
    with pytest.raises(WriteError, match=f"^{small_disk}/results: the disk is read-only"):
        check_writable([f"{small_disk}/results"])


def test_a_run_needs_folders_that_it_can_write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_writable(["results", "logs", "a/b/c", str(tmp_path)])
    (tmp_path / "logs").touch()
    (tmp_path / "results").symlink_to("gone")
    for folder, message in {
        "results": "a link to gone, which",
        "logs": "is a file",
        "logs/x": "is a file",
    }.items():
        with pytest.raises(WriteError, match=f"^{folder}: .*{message}"):
            check_writable([folder])
    monkeypatch.setattr(disk.os, "access", lambda path, mode: False)
    with pytest.raises(WriteError, match="^a: no permission to write; get it with chmod"):
        check_writable(["a"])


def test_a_full_disk_is_told_before_anything_runs(small_disk):
    (small_disk / "filler").write_bytes(bytes(250_000))
    with pytest.raises(WriteError, match=f"^{small_disk}/results: the disk is full"):
        check_writable([f"{small_disk}/results"])


def test_an_error_without_a_file_names_the_full_disk(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(disk.tempfile, "gettempdir", lambda: "/elsewhere")
    error = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(disk, "is_full", lambda folder: str(folder) == "/elsewhere")
    assert explain(error).startswith("/elsewhere: the disk is full")
    monkeypatch.setattr(disk, "is_full", lambda folder: False)
    assert explain(error).startswith(f"{tmp_path} or /elsewhere: the disk is full")
    assert explain(OSError(errno.ENOENT, "gone", "x")) == "[Errno 2] gone: 'x'"
