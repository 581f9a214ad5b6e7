"""Captions of sheets: they fit, and stay readable."""

from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake.plotting import font, shorten


@given(st.text(max_size=80), st.integers(30, 200))
@settings(deadline=None, max_examples=60)
def test_a_caption_fits_its_tile(text, width):
    short = shorten(text, width, 11)
    assert font(11).getlength(short) <= width
    assert short.isprintable()


def test_a_long_name_keeps_its_beginning_and_its_end():
    assert shorten("short", 136, 11) == "short"
    long = shorten("faceforensics/" + "x" * 80 + "_of_045_889", 136, 11)
    assert long.startswith("facef") and "…" in long and long.endswith("45_889")
