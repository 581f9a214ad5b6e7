"""Pipes, sockets, devices and links in a circle are never opened: reading one may take for ever."""

import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from made.media import LIMITS

from deepfake.corpora.archives import SourceError
from deepfake.corpora.fingerprints import fingerprint
from deepfake.corpora.sources import open_source
from deepfake.detection.media import find_media, list_fingerprint, read_list
from deepfake.errors import UserError
from deepfake.extraction.frames import frames_of_video
from deepfake.extraction.video import VideoReader
from deepfake.files import open_regular, read_regular
from deepfake.plan.links import read_pairs
from deepfake.submissions.names import read_names, read_sample
from deepfake.submissions.paths import files_anywhere, files_in_folder


@pytest.fixture(autouse=True)
def alarm():
    """A test that blocks fails after ten seconds."""
    previous = signal.signal(signal.SIGALRM, lambda number, frame: pytest.fail("it blocks"))
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path.parent)  # a socket's path may have 107 bytes
        server.bind(path.name)
        os.chdir(here)


def make_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_circle(path: Path) -> None:
    path.symlink_to(path.name)


MAKERS: list[Callable[[Path], None]] = [make_pipe, make_socket, make_device, make_circle]
NAMES = ("a.mp4", "b.jpg", "c.zip", "d", "e.csv", "f.tar")


@pytest.fixture(params=MAKERS, ids=lambda make: make.__name__.removeprefix("make_"))
def special(request, tmp_path) -> Callable[[str], Path]:
    """Return a function that makes a special file of that name in an empty folder."""

    def make(name: str) -> Path:
        request.param(tmp_path / name)
        return tmp_path / name

    return make


def test_a_special_file_is_not_opened(special):
    path = special("a.mp4")
    for read in (open_regular, read_regular, VideoReader):
        with pytest.raises(OSError, match=r"not a file|symbolic links"):
            read(path)
    with pytest.raises(OSError, match=r"not a file|symbolic links"):
        list(frames_of_video(path, "a", {}, 1))


def test_special_files_in_a_folder_to_judge_have_a_reason(special, tmp_path):
    for name in NAMES:
        special(name)
    found = {Path(file.name).name: file.reason for file in find_media([tmp_path], LIMITS)}
    assert set(NAMES) <= set(found) | {"e.csv"} and all(found.values())
    for name in NAMES:
        (file,) = find_media([tmp_path / name], LIMITS)
        assert file.reason


def test_special_files_in_a_list_have_a_reason(special, tmp_path):
    special("a.mp4")
    (tmp_path / "list.txt").write_text("a.mp4\n")
    assert list_fingerprint(tmp_path / "list.txt")
    (file,) = find_media(read_list(tmp_path / "list.txt"), LIMITS)
    assert file.reason


def test_a_special_file_as_a_list_is_an_error(special):
    path = special("list.txt")
    assert list_fingerprint(path)
    for read in (read_list, read_names, read_sample, read_pairs):
        with pytest.raises((OSError, UserError), match=r"not a file|symbolic links"):
            read(path)


def test_special_files_in_a_corpus_have_a_reason(special, tmp_path):
    for name in NAMES:
        special(name)
    assert fingerprint([str(tmp_path)])
    with open_source([str(tmp_path)], LIMITS) as source:
        assert all(member.reason for member in source.members() if member.path != "e.csv")
        for name in NAMES:
            with pytest.raises(UserError, match="can't be read"):
                source.read("", name)
            with pytest.raises(UserError, match="can't be read"):
                source.extract("", name, tmp_path / "target")


def test_a_special_file_as_an_archive_is_an_error(special):
    path = str(special("a.zip"))
    assert fingerprint([path])
    with pytest.raises(SourceError, match=r"can't be opened|no such"), open_source([path], LIMITS):
        pass


def test_special_files_of_a_competition_have_a_reason(special, tmp_path):
    special("a.mp4")
    (file,) = files_in_folder(["a.mp4"], tmp_path, LIMITS)
    assert isinstance(file, str) or file.reason
    (file,) = files_anywhere(["a.mp4"], [tmp_path], LIMITS)
    assert isinstance(file, str) or file.reason


def test_a_regular_file_is_read(tmp_path):
    (tmp_path / "a").write_text(json.dumps({}))
    assert read_regular(tmp_path / "a") == b"{}"
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "b")
