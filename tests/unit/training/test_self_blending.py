"""Self-blended images: pixels inside and outside of the masks, colours, and faces of others."""

import pytest
import torch

from deepfake.training import self_blending as blending
from deepfake.training.face_hulls import FIVE, place_faces
from deepfake.training.face_masks import face_masks

pytestmark = pytest.mark.usefixtures("one_thread")

CUDA = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"))


def textured(count: int, height: int = 64, width: int = 64) -> torch.Tensor:
    """Different images of coarse and fine texture, uint8 (count, 3, height, width)."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(count, 3, 6, 6, generator=generator)
    coarse = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    return (40 + 140 * coarse + 40 * torch.rand(coarse.shape, generator=generator)).to(torch.uint8)


def roughness(images: torch.Tensor) -> torch.Tensor:
    return images.double().diff(dim=3).abs().mean((1, 2, 3))


def test_pixels_outside_of_the_mask_stay_and_pixels_inside_change():
    images = textured(48)
    masks = face_masks(48, 64, 64)
    torch.manual_seed(0)  # self_blend begins with its masks
    result = blending.self_blend(images)
    changed = (result != images).any(1)
    outside, middle = masks[:, 0] == 0, masks[:, 0] > 0.95
    assert not changed[outside].any()
    assert outside.double().mean() > 0.3
    assert all(c[m].double().mean() > 0.5 for c, m in zip(changed, middle, strict=True))


def test_the_fake_correlates_with_its_image():
    images = textured(48)
    for before, after in zip(images, blending.self_blend(images), strict=True):
        assert torch.corrcoef(torch.stack((before, after)).double().flatten(1))[0, 1] > 0.85


@pytest.mark.parametrize("device", ["cpu", CUDA])
@pytest.mark.parametrize(
    "layout", [torch.contiguous_format, torch.channels_last], ids=["planes", "channels_last"]
)
@pytest.mark.parametrize("shape", [(64, 64), (48, 80), (33, 33)], ids=str)
def test_dtype_shape_device_and_memory_format_stay(device, layout, shape):
    images = textured(3, *shape).to(device).contiguous(memory_format=layout)
    before = images.clone()
    result = blending.self_blend(images)
    assert (result.dtype, result.shape, result.device) == (images.dtype, images.shape, images.device)
    assert result.is_contiguous(memory_format=layout)
    assert torch.equal(images, before)


def test_the_seed_decides_the_result():
    results = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        results.append(blending.self_blend(textured(4)))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_equal_images_of_a_batch_become_different_fakes():
    result = blending.self_blend(textured(1).repeat(16, 1, 1, 1))
    assert len(result.flatten(1).unique(dim=0)) == 16


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_grey_image_gets_at_most_the_shift_of_colour(grey):
    plain = torch.full((40, 3, 64, 64), grey, dtype=torch.uint8)
    change = (blending.self_blend(plain).int() - grey).abs()
    assert 5 < change.max() <= 20


def test_the_blending_ratios_are_the_paper_s(monkeypatch):
    monkeypatch.setattr(blending, "change_colour", lambda images: images + 20)
    grey = torch.full((600, 3, 64, 64), 100, dtype=torch.uint8)
    most = (blending.self_blend(grey) - grey).amax((1, 2, 3)).tolist()
    assert set(most) == {5, 10, 15, 20}
    shares = [most.count(level) / 600 for level in (5, 10, 15, 20)]
    assert shares == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2], abs=0.06)


@pytest.mark.parametrize("name", ["change_colour", "change_sharpness", "shift_and_resize"])
def test_each_change_of_the_source_reaches_the_fake(monkeypatch, name):
    for other in {"change_colour", "change_sharpness", "shift_and_resize"} - {name}:
        monkeypatch.setattr(blending, other, lambda images: images)
    images = textured(8)
    assert (blending.self_blend(images) != images).flatten(1).any(1).all()


def test_a_source_that_is_too_bright_becomes_white(monkeypatch):
    monkeypatch.setattr(blending, "change_colour", lambda images: images + 300)
    result = blending.self_blend(torch.full((20, 3, 64, 64), 100, dtype=torch.uint8))
    assert result.min() == 100 and result.max() == 255


def test_each_colour_channel_gets_its_own_shift():
    images = textured(60).float()
    change = (blending.change_colour(images) - images).mean((2, 3))
    assert change.std(0).min() > 2
    assert (change - change.mean(1, keepdim=True)).abs().mean() > 1


def test_half_of_the_sources_lose_detail_and_half_are_sharpened():
    images = textured(300).float()
    ratio = roughness(blending.change_sharpness(images)) / roughness(images)
    assert (ratio < 0.8).double().mean() == pytest.approx(0.5, abs=0.09)
    assert (ratio > 1.1).double().mean() == pytest.approx(0.5, abs=0.09)


def test_a_quarter_of_the_resolution_loses_more_detail_than_half():
    images = textured(4).float()
    half, quarter = (roughness(blending.reduce_resolution(images, factor)) for factor in (2, 4))
    assert (quarter < half).all() and (half < roughness(images)).all()


def test_the_source_is_shifted_and_resized_a_little():
    line = torch.arange(100.0).expand(80, 1, 100, 100)  # a pixel's value is its column
    result = blending.shift_and_resize(line)
    shift = result[:, 0, 50, 49:51].mean(1) - 49.5
    scale = result[:, 0, 50, 60] - result[:, 0, 50, 40]
    assert shift.abs().max() <= 3.1 and shift.std() > 1
    assert scale.min() >= 0.949 * 20 and scale.max() <= 1.054 * 20 and scale.std() > 0.3


def landmarks_of(count: int, scale: float = 1.0, shift: tuple = (0.0, 0.0)) -> torch.Tensor:
    """The mean face's five points, resized about the middle of the image and shifted, (count, 5, 2)."""
    return ((torch.tensor(FIVE) - 0.5) * scale + 0.5 + torch.tensor(shift)).repeat(count, 1, 1)


def test_pixels_far_from_a_small_face_stay():
    images = textured(20)
    result = blending.self_blend(images, landmarks_of(20, 0.4, (0.2, 0.2)))
    changed = (result != images).any(1)
    assert not changed[:, :16].any() and not changed[:, :, :16].any()
    assert changed[:, 38:50, 38:50].double().mean() > 0.5


def test_another_face_is_moved_to_the_landmarks_and_gets_the_colours():
    """The source's face is a disk about its middle, at another place and of another size."""
    y, x = torch.meshgrid(torch.arange(64) / 64, torch.arange(64) / 64, indexing="ij")
    target, source = (torch.full((20, 3, 64, 64), level, dtype=torch.uint8) for level in (100, 200))
    target[:, :, (x - 0.5).hypot(y - 0.5) < 0.1] = 120
    source[:, :, (x - 0.3).hypot(y - 0.4) < 0.2 * 0.5] = 220
    sources = blending.Sources(source, landmarks_of(20, 0.5, (-0.2, -0.1)), torch.arange(20) < 10)
    torch.manual_seed(0)
    result = blending.self_blend(target, landmarks_of(20), sources)
    torch.manual_seed(0)
    alone = blending.self_blend(target, landmarks_of(20))
    assert torch.equal(result[10:], alone[10:])  # of which no source is given
    middle = result[:10, 0].double()
    assert (middle[:, 31:34, 31:34].mean((1, 2)) > middle[:, 31:34, 45:48].mean((1, 2)) + 5).all()
    assert middle.max() < 160  # and not as bright as the source
    assert not torch.equal(result[:10], alone[:10])


def test_maps_lead_from_the_targets_pixels_to_the_sources():
    target, source = (place_faces(landmarks_of(1, *where)) for where in ((1.0,), (0.5, (0.1, -0.1))))
    (linear, offset) = blending.from_target(target.to_mean, source.to_mean)[0].split([2, 1], 1)
    for point in torch.tensor(FIVE):
        there = (linear @ (2 * point - 1).unsqueeze(1) + offset).flatten() / 2 + 0.5
        expected = (point - 0.5) * 0.5 + 0.5 + torch.tensor([0.1, -0.1])
        assert there.tolist() == pytest.approx(expected.tolist())
