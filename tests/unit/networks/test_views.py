"""Views of an image: how many there are, what they show, and views of views."""

from dataclasses import asdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made.ensemble import accepts_views, pixels

from deepfake.networks.views import WHOLE, View, apply_views, compose, tta_views, view_of_view

pytestmark = pytest.mark.usefixtures("one_thread")

SIDES = st.floats(0.5, 1)
TTA = st.fixed_dictionaries(
    {
        "flip": st.booleans(),
        "scales": st.lists(SIDES, min_size=1, max_size=4, unique=True),
        "crops": st.none() | st.floats(0.5, 1, exclude_max=True),
    }
)
MIRROR = View(flip=True)


@st.composite
def squares(draw) -> View:
    side = draw(SIDES)
    top, left = (draw(st.floats(0, 1)) * (1 - side) for _ in range(2))
    return View(draw(st.booleans()), top, left, side)


@given(tta=TTA)
@settings(deadline=None)
def test_there_is_a_view_for_each_scale_and_corner_and_its_mirror_image(tta):
    views = tta_views(tta)
    upright = len(tta["scales"]) + 4 * (tta["crops"] is not None)
    assert len(views) == upright * (2 if tta["flip"] else 1)
    assert len(set(views)) == len(views)
    assert accepts_views([asdict(view) for view in views])
    assert sum(view.flip for view in views) == (upright if tta["flip"] else 0)
    assert views[0].side == max(tta["scales"]) and not views[0].flip


def test_without_tta_the_whole_image_is_the_only_view():
    assert tta_views(None) == tta_views({"flip": False, "scales": [1], "crops": None}) == [WHOLE]
    both = {"flip": True, "scales": [0.75, 1], "crops": None}
    middle = (0.125, 0.125, 0.75)
    assert tta_views(both) == [WHOLE, View(False, *middle), MIRROR, View(True, *middle)]


@given(view=squares(), size=st.integers(1, 40), colour=st.floats(0, 1))
@settings(deadline=None)
def test_an_image_of_one_colour_is_the_same_in_every_view(view, size, colour):
    image = torch.full((2, 3, size, size), colour)
    assert torch.allclose(apply_views(image, [view]), image, atol=1e-6)


@given(view=squares(), size=st.integers(8, 40))
@settings(deadline=None)
def test_a_view_has_the_size_of_the_image_and_no_brighter_or_darker_pixels(view, size):
    image = pixels(size, 2) / 255
    seen = apply_views(image, [WHOLE, view])
    assert seen.shape == (4, 3, size, size) and torch.equal(seen[:2], image)
    assert seen.min() >= image.min() - 1e-6 and seen.max() <= image.max() + 1e-6


def test_the_whole_image_is_unchanged_and_mirroring_twice_restores_it():
    image = pixels(9) / 255
    assert torch.equal(apply_views(image, [WHOLE]), image)
    mirrored = apply_views(image, [MIRROR])
    assert torch.equal(mirrored, image.flip(3)) and not torch.equal(mirrored, image)
    assert torch.equal(apply_views(mirrored, [MIRROR]), image)


def test_a_corner_view_shows_that_corner():
    image = torch.zeros(1, 3, 8, 8)
    image[:, :, 4:, :4] = 1
    corners = tta_views({"flip": False, "scales": [1], "crops": 0.5})[1:]
    seen = apply_views(image, corners).mean(dim=(1, 2, 3))
    assert seen.tolist() == [0, 0, 1, 0]  # below, at the left


@given(outer=squares(), inner=squares())
@settings(deadline=None)
def test_a_view_of_a_view_lies_in_it(outer, inner):
    both = view_of_view(outer, inner)
    assert both.side == pytest.approx(outer.side * inner.side)
    assert outer.top - 1e-9 <= both.top and both.top + both.side <= outer.top + outer.side + 1e-9
    assert outer.left - 1e-9 <= both.left and both.left + both.side <= outer.left + outer.side + 1e-9


def test_a_view_of_a_mirrored_view_is_on_its_other_side():
    image = pixels(16) / 255
    quarter = View(top=0.5, left=0.0, side=0.5)
    for outer, inner in ((MIRROR, quarter), (MIRROR, MIRROR), (WHOLE, quarter), (quarter, MIRROR)):
        seen = apply_views(image, [view_of_view(outer, inner)])
        assert torch.allclose(seen, apply_views(apply_views(image, [outer]), [inner]), atol=1e-6)


def test_duplicate_views_are_dropped_where_that_changes_no_mean():
    assert compose([WHOLE, MIRROR], [WHOLE, MIRROR]) == [WHOLE, MIRROR]
    small = View(side=0.5)
    assert compose([WHOLE, small], [WHOLE, small]) == [WHOLE, small, small, View(side=0.25)]


@pytest.mark.parametrize(
    "change",
    [
        {"flip": 1},
        {"top": -0.1},
        {"left": 0.6},
        {"side": 0.0},
        {"side": 2.0},
        {"top": float("nan")},
        {"top": 0},
    ],
    ids=str,
)
def test_a_square_outside_the_image_is_no_view(change):
    view = {"flip": False, "top": 0.25, "left": 0.25, "side": 0.5}
    assert accepts_views([view])
    assert not accepts_views([view | change])


def test_a_view_has_these_keys_and_no_others():
    view = {"flip": False, "top": 0.25, "left": 0.25, "side": 0.5}
    assert not accepts_views([{"flip": False}])
    assert not accepts_views([[view]])
    assert not accepts_views([view | {"more": 1}])
