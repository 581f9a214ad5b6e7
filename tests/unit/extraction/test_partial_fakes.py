"""Partial fakes: a sampled frame lies in a segment that is fake, whatever the strategy and the frame rate."""

import numpy as np
import pytest
from conftest import write_striped_video
from hypothesis import given
from hypothesis import strategies as st

from deepfake.extraction.frames import open_frames
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.sampling import sample_indices, sample_segments
from deepfake.extraction.video import VideoReader
from deepfake.layouts.segments import clean_segments, format_segments, parse_segments

UNIFORM = {"strategy": "uniform", "format": "jpg", "quality": 90}
STRATEGIES = {
    "uniform": (UNIFORM, 4, ""),
    "boosted": (UNIFORM, 9, 3),
    "interval": ({**UNIFORM, "strategy": "interval", "every": 3, "max": None}, "", ""),
    "fractions": ({**UNIFORM, "strategy": "fractions", "at": ["1/3", 0.5, 1]}, "", ""),
    "random": ({**UNIFORM, "strategy": "random", "seed": 3}, 4, ""),
}
SEGMENTS = st.lists(st.lists(st.floats(0, 12), min_size=2, max_size=2).map(sorted), min_size=1, max_size=4)


@given(
    st.lists(st.integers(1, 40), max_size=200),
    SEGMENTS.map(clean_segments),
    st.sampled_from(sorted(STRATEGIES)),
)
def test_each_sampled_frame_lies_in_a_segment(gaps, segments, strategy):
    times = np.cumsum([0, *gaps]) / 100
    cfg, count, base = STRATEGIES[strategy]
    inside = [i for i, t in enumerate(times) if any(start <= t < end for start, end in segments)]
    taken = sample_segments(times, segments, cfg, "video", count, base)
    assert taken == [inside[i] for i in sample_indices(len(inside), cfg, "video", count, base)]
    assert set(taken) <= set(inside) and bool(taken) == bool(inside)
    whole = sample_segments(times, ((0, times[-1] + 1),), cfg, "video", count, base)
    assert whole == sample_indices(len(times), cfg, "video", count, base)


def rows_of(path, cfg=UNIFORM, count=4, base="", **more):
    video = {"video": "v", "frames_wanted": str(count), "frames_base": str(base), **more}
    return [row for row, _ in open_frames(path, video, cfg, MEDIA_LIMITS)[1]]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("late", [0, 50])
def test_frames_of_a_variable_rate_are_taken_by_their_times(tmp_path, strategy, late):
    times = [late + i * 2 + i // 7 * 5 for i in range(30)]
    path = write_striped_video(tmp_path / "v.mkv", times=times, options={"g": "12", "bf": "3"})
    cfg, count, base = STRATEGIES[strategy]
    rows = rows_of(path, cfg, count, base, segments="0.4-0.8 1.2-2.04")
    inside = [i for i, t in enumerate(times) if 0.4 <= (t - late) / 25 < 0.8 or 1.2 <= (t - late) / 25 < 2.04]
    assert rows and {row["frame"] for row in rows} <= set(inside)
    first = VideoReader(path).times
    assert [f"{first[row['frame']] + late / 25:.3f}" for row in rows] == [row["time"] for row in rows]
    if strategy == "uniform":
        assert (rows[0]["frame"], rows[-1]["frame"]) == (inside[0], inside[-1])


def test_segments_of_the_whole_video_change_nothing(tmp_path):
    path = write_striped_video(tmp_path / "v.mp4")
    assert rows_of(path, segments="0-1.2") == rows_of(path, segments="") == rows_of(path)


@pytest.mark.parametrize(
    ("name", "segments", "reason"),
    [
        ("v.mp4", "0.41-0.43", "no frame lies in the segments that are fake, 0.41-0.43"),
        ("v.mp4", "1.2-9", "no frame lies"),
        ("v.h264", "0-9", "its frames have no times"),
    ],
)
def test_a_partial_fake_without_a_frame_known_to_be_fake_has_a_reason(tmp_path, name, segments, reason):
    (row,) = rows_of(write_striped_video(tmp_path / name), segments=segments)
    assert row["status"] == "unreadable" and reason in row["reason"] and "frame" not in row


def test_an_original_gives_the_frames_of_its_partial_fakes_too(tmp_path):
    path = write_striped_video(tmp_path / "v.mp4")

    def taken(count=4, base=4, **more):
        return {row["frame"] for row in rows_of(path, count=count, base=base, **more)}

    fakes = "0.2-0.4", "0.6-0.7 1-1.2"
    own, both = taken(), taken(fakes_segments=";".join(fakes))
    assert both == own.union(*(taken(segments=segments) for segments in fakes)) != own
    # Where real videos give more frames, a fake's are still among those of its original.
    assert taken(count=12, fakes_segments=fakes[0]) == taken(count=12) | taken(segments=fakes[0])
    # So they are where fakes give more: those of the base.
    assert taken(fakes_segments=fakes[1]) & taken(count=8, segments=fakes[1]) >= taken(segments=fakes[1])


@given(SEGMENTS)
def test_text_of_segments_means_the_same_frames(pairs):
    segments, times = clean_segments(pairs), np.arange(300) / 25
    read = parse_segments(format_segments(segments))
    cfg, count, base = STRATEGIES["interval"]
    assert sample_segments(times, read, cfg, "v", count, base) == sample_segments(
        times, segments, cfg, "v", count, base
    )
