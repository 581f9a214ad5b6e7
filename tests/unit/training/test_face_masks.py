"""Masks of faces: soft, on the face where its landmarks are known, and nowhere else."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake.training.face_hulls import BROW, FIVE, FIVE_OF_68, HULLS, JAW, hull_extents, place_faces
from deepfake.training.face_masks import face_masks

pytestmark = pytest.mark.usefixtures("one_thread")


def mean_68() -> torch.Tensor:
    """68 points with the mean face's jaw, brows and five points, float32 (68, 2); the others are between."""
    points = torch.full((68, 2), 0.5)
    for first, last, left in ((0, 17, JAW[:-1]), (17, 27, BROW)):
        points[first : first + len(left)] = torch.tensor(left)
        points[last - len(left) : last] = torch.tensor([(1 - x, y) for x, y in reversed(left)])
    points[8] = torch.tensor(JAW[-1])
    points[FIVE_OF_68] = torch.tensor(FIVE)
    return points


def moved(points: torch.Tensor, scale: float, degrees: float, x: float, y: float) -> torch.Tensor:
    """Points turned and resized about the middle of an image, then shifted."""
    angle = torch.tensor(degrees / 57.29578)
    turn = torch.stack((angle.cos(), -angle.sin(), angle.sin(), angle.cos())).view(2, 2)
    return (points - 0.5) @ turn.mT * scale + 0.5 + torch.tensor([x, y])


def centres(masks: torch.Tensor) -> torch.Tensor:
    """The mean x and y of masks, (n, 2), in fractions of the side."""
    line = (torch.arange(masks.shape[-1]) + 0.5) / masks.shape[-1]
    total = masks.sum((1, 2, 3))
    return (
        torch.stack(((masks * line).sum((1, 2, 3)), (masks * line.view(-1, 1)).sum((1, 2, 3))), 1)
        / total[:, None]
    )


def test_masks_are_soft_faces_in_the_middle():
    masks = face_masks(100, 128, 128)
    assert masks.shape == (100, 1, 128, 128) and masks.dtype == torch.float32
    assert masks.min() == 0 and masks.max() <= 1
    assert masks[:, 0, 66, 64].min() > 0.9  # the nose
    assert masks[:, 0, [0, 0, -1, -1], [0, -1, 0, -1]].max() == 0
    area = masks.mean((1, 2, 3))
    assert area.min() > 0.06 and area.max() < 0.6
    # no hard edge: at its steepest, a mask falls by less than a third from one pixel of 128 to the next
    assert masks.diff(dim=2).abs().max() < 1 / 3 and masks.diff(dim=3).abs().max() < 1 / 3


def test_masks_differ_from_each_other():
    masks = face_masks(40, 64, 64).flatten(1)
    gap = (masks.unsqueeze(0) - masks.unsqueeze(1)).abs().mean(2) + torch.eye(40)
    assert gap.min() > 0.002


@settings(max_examples=25, deadline=None)
@given(
    scale=st.floats(0.4, 1.3),
    degrees=st.floats(-60, 60),
    x=st.floats(-0.15, 0.15),
    y=st.floats(-0.15, 0.15),
    is_five=st.booleans(),
)
def test_a_hull_follows_its_landmarks(scale, degrees, x, y, is_five):
    """Its extents in the mean face's coordinates are those of the mean face, wherever the landmarks are."""
    points = torch.tensor(FIVE) if is_five else mean_68()
    faces = place_faces(moved(points, scale, degrees, x, y).unsqueeze(0))
    assert faces.known.all() and float(faces.scales) == pytest.approx(1 / scale, rel=1e-3)
    normals = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]])
    torch.manual_seed(1)
    expected = hull_extents(1, normals)
    torch.manual_seed(1)
    kind = int(torch.randint(len(HULLS), (1,)))
    torch.manual_seed(1)
    found = hull_extents(1, normals, faces)
    if kind < 2 or is_five:  # of the inner points mean_68 has few
        assert found.flatten().tolist() == pytest.approx(expected.flatten().tolist(), abs=0.005)


@pytest.mark.parametrize("is_five", [True, False])
def test_masks_lie_where_the_face_is(is_five):
    points = torch.tensor(FIVE) if is_five else mean_68()
    places = [(0.5, 0, -0.2, -0.2), (0.5, 0, 0.2, 0.1), (0.4, 40, 0.0, 0.0), (0.8, -20, 0.05, 0.0)]
    landmarks = torch.stack([moved(points, *place) for place in places for _ in range(20)])
    masks = face_masks(len(landmarks), 96, 96, faces=place_faces(landmarks))
    assert masks.min() == 0 and masks.max() <= 1
    middle = centres(masks).view(4, 20, 2).mean(1)
    for (scale, degrees, x, y), found in zip(places, middle, strict=True):
        face = moved(torch.tensor([[0.5, 0.55]]), scale, degrees, x, y)[0]
        assert found.tolist() == pytest.approx(face.tolist(), abs=0.06)
    area = masks.mean((1, 2, 3)).view(4, 20).mean(1)
    assert (area[2] < area[0]) and (area[0] < area[3])


def test_images_without_landmarks_get_the_mean_face():
    landmarks = torch.stack([torch.full((68, 2), torch.nan), mean_68()])
    faces = place_faces(landmarks)
    assert faces.known.tolist() == [False, True]
    torch.manual_seed(3)
    some = face_masks(2, 64, 64, faces=faces)
    torch.manual_seed(3)
    mean = face_masks(2, 64, 64)
    assert torch.allclose(some[0], mean[0], atol=1e-4)


@pytest.mark.parametrize(
    "points", [[[0.5, 0.5]] * 5, [[float("inf"), 0.5]] * 5, [[x * 100, 9.0] for x in range(5)]]
)
def test_landmarks_that_no_face_has_are_not_believed(points):
    faces = place_faces(torch.tensor([points]))
    assert not faces.known.any() and torch.equal(faces.to_mean[0], torch.eye(2, 3))
    assert torch.isfinite(face_masks(1, 32, 32, faces=faces)).all()


def test_the_hull_of_a_face_that_looks_to_the_right_reaches_further_to_the_left():
    five = torch.tensor(FIVE)
    five[4, 0] += 0.05
    faces = place_faces(five.unsqueeze(0))
    assert faces.turned < -0.05
    middle = centres(face_masks(40, 64, 64, faces=place_faces(five.repeat(40, 1, 1))))
    assert middle[:, 0].mean() < 0.47
