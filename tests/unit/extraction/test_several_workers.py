"""Several workers read a shard: the same rows in the same order, whatever each video takes."""

import time
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made.sleeper import HANG, name_of, rows_of

from deepfake.errors import UserError
from deepfake.extraction.isolated import AHEAD, PROGRAMS, read_isolated
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


def read(
    names: list[str], workers: int, seconds: float = 60, folder: Path | str = "", advance=lambda number: None
):
    def task(number: int, name: str) -> ExtractionTask:
        problem = "not unpacked" if name.endswith("unread") else ""
        return ExtractionTask(number, [{"video": name}], "", seconds, problem)

    tasks = [task(number, name) for number, name in enumerate(names)]
    common = Settings(FRAMES, {}, {}, str(folder), MEDIA_LIMITS)
    return read_isolated(common, tasks, advance, workers)


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


def test_a_video_over_its_time_holds_the_others_up_only_so_far(tmp_path):
    workers = 2
    names = [name_of(0, HANG, 1, 1)] + [name_of(number, 0, 2, LARGE) for number in range(1, 30)]
    rows = read(names, workers, seconds=2, folder=tmp_path)
    row, data = next(rows)
    assert (row["video"], row["status"], data) == (names[0], "unreadable", b"")
    assert row["reason"].startswith("not done after limits.seconds = 2")
    assert 1 < len(list(tmp_path.iterdir())) <= AHEAD * workers
    assert list(rows) == [row for name in names[1:] for row in expected(name)]


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
