"""Segments of partial fakes as text: what is written is read again, and nonsense is refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.layouts.segments import MAX_TEXT, clean_segments, format_segments, parse_segments

PAIRS = st.lists(st.lists(st.floats(0, 1e6), min_size=2, max_size=2).map(sorted), max_size=8)


@given(PAIRS)
def test_what_is_written_is_read_again(pairs):
    segments = clean_segments(pairs)
    assert parse_segments(format_segments(segments)) == segments
    assert clean_segments([list(pair) for pair in segments]) == segments
    assert bool(segments) == bool(pairs)
    assert all(end < start for (_, end), (start, _) in zip(segments, segments[1:], strict=False))
    for start, end in pairs:
        assert any(a <= start + 1e-6 and end - 1e-6 <= b for a, b in segments) or end - start <= 1e-6


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", ()),
        ("0.5-1.25 3-4.1", ((0.5, 1.25), (3, 4.1))),
        (" 3 - 4.1; 0.5-1.25,", ((0.5, 1.25), (3, 4.1))),
        ("[[3, 4.1], [0.5, 1.25]]", ((0.5, 1.25), (3, 4.1))),
        ("[]", ()),
        ("0-1 1-2 1.5-3", ((0, 3),)),
        ("2-2 .5-1.", ((0.5, 1),)),
        ("2-2", ((2, 2),)),
    ],
)
def test_both_forms_are_read(text, segments):
    assert parse_segments(text) == segments


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("yes", "not a list of segments"),
        ("1-2 3", "not a list of segments"),
        ("1-2-3", "not a list of segments"),
        ("-1-2", "not a list of segments"),
        ("2-1", "the segment 2-1 ends before it starts"),
        ("[1, 2]", "not a list of segments"),
        ("[[1, 2, 3]]", "not a list of segments"),
        ("[[1, true]]", "True is no time"),
        ("[[1, NaN]]", "nan is no time"),
        ("[[-1, 2]]", "-1 is no time in seconds from the video's first frame"),
        ("[[1, 1e9]]", "no time in seconds"),
        ("[" * 50_000, "not a list of segments"),
        ("9" * 5_000 + "-1", "no time"),
        ("1-2 " * MAX_TEXT, "characters"),
    ],
)
def test_nonsense_is_refused_with_a_reason(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_segments(text)
