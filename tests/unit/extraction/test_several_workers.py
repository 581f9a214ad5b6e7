"""Several workers read a shard: the same rows in the same order, whatever each video takes."""

import time
from pathlib import Path
from zlib import crc32

import pytest
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made.sleeper import HANG, name_of, rows_of

from deepfake.errors import UserError
from deepfake.extraction import isolated
from deepfake.extraction.isolated import PROGRAMS, read_isolated
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.tasks import FRAMES, ExtractionTask, Settings

LARGE = 300_000  # bytes: more than a pipe holds
VIDEO = st.tuples(
    st.sampled_from([0, 0, 0.01, 0.05]),
    st.integers(0, 9),
    st.sampled_from([0, 1, LARGE]),
    st.sampled_from(["", "", "", "problem", "crash", "unread"]),
)


@pytest.fixture(autouse=True)
def sleeper(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    monkeypatch.setitem(PROGRAMS, FRAMES, "made.sleeper")


def read(names: list[str], workers: int, seconds: float = 60, log: Path | str = "", advance=None):
    def task(number: int, name: str) -> ExtractionTask:
        problem = "not unpacked" if name.endswith("unread") else ""
        video = {"video": name, "bytes": str(crc32(name.encode()) % 9)}
        return ExtractionTask(number, [video], "", seconds, problem)

    tasks = [task(number, name) for number, name in enumerate(names)]
    common = Settings(FRAMES, {}, {}, str(log), MEDIA_LIMITS)
    return read_isolated(common, tasks, advance or (lambda videos: None), workers)


def expected(name: str) -> list[tuple[dict, bytes]]:
    """The rows of a video: those that were sent, and one with the reason where it has a problem."""
    rows = [] if name.endswith("unread") else rows_of(name)
    end = name.split("-")[-1]
    status = "missing" if rows else "unreadable"
    reasons = {"problem": "a problem", "unread": "not unpacked"}
    reasons["crash"] = "the process that read it ended by SIGSEGV; limits.memory_gb = 4"
    return rows + ([({"video": name, "status": status, "reason": reasons[end]}, b"")] if end else [])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(VIDEO, min_size=1, max_size=12), st.integers(1, 4))
def test_rows_leave_in_order_whatever_each_video_takes(videos, workers):
    names, done = [name_of(number, *video) for number, video in enumerate(videos)], []
    rows = list(read(names, workers, advance=done.append))
    assert rows == [row for name in names for row in expected(name)]
    assert done == [1] * len(names)


@pytest.mark.parametrize(("limit", "most"), [("WINDOW", 5), ("SPOOLED", LARGE)])
def test_a_video_over_its_time_holds_the_others_up_only_so_far(tmp_path, monkeypatch, limit, most):
    monkeypatch.setattr(isolated, limit, most)
    names = [name_of(0, HANG, 1, 1)] + [name_of(number, 0, 2, LARGE) for number in range(1, 30)]
    rows = read(names, 2, seconds=2, log=tmp_path / "begun")
    row, data = next(rows)
    assert (row["video"], row["status"], data) == (names[0], "unreadable", b"")
    assert row["reason"].startswith("not done after limits.seconds = 2")
    assert len((tmp_path / "begun").read_text().split()) <= 5
    assert list(rows) == [row for name in names[1:] for row in expected(name)]


def test_the_largest_of_several_videos_are_read_first(tmp_path):
    names = [name_of(number, 0, 1, 1) for number in range(9)]
    sizes = [crc32(name.encode()) % 9 for name in names]
    for workers in (1, 2):
        log = tmp_path / str(workers)
        list(read(names, workers, log=log))
        begun = [sizes[int(number)] for number in log.read_text().split()]
        assert begun[0] == (sizes[0] if workers == 1 else max(sizes)) and len(begun) == 9


def test_a_reader_that_takes_its_time_costs_no_video_its_own():
    names = [name_of(number, 0, 3, LARGE) for number in range(6)]
    rows = []
    for row in read(names, 2, seconds=1):
        if len(rows) in (1, 7):
            time.sleep(1.5)
        rows.append(row)
    assert rows == [row for name in names for row in expected(name)]


def test_a_worker_that_cannot_start_is_an_error(monkeypatch):
    monkeypatch.setitem(PROGRAMS, FRAMES, "made.nothing_of_this_name")
    with pytest.raises(UserError, match="before it could start"):
        list(read([name_of(0, 0, 1, 1)] * 3, 3))
