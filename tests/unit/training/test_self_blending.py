"""Self-blended images: masks, pixels inside and outside of them, and labels."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake.errors import UserError
from deepfake.training import self_blending as blending

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


def test_masks_are_soft_faces_in_the_middle():
    masks = blending.face_masks(100, 128, 128)
    assert masks.shape == (100, 1, 128, 128) and masks.dtype == torch.float32
    assert masks.min() == 0 and masks.max() <= 1
    assert masks[:, 0, 70, 64].min() > 0.9  # the nose
    assert masks[:, 0, [0, 0, -1, -1], [0, -1, 0, -1]].max() == 0
    area = masks.mean((1, 2, 3))
    assert area.min() > 0.06 and area.max() < 0.5
    # no hard edge: at its steepest, a mask falls by less than a third from one pixel of 128 to the next
    assert masks.diff(dim=2).abs().max() < 1 / 3 and masks.diff(dim=3).abs().max() < 1 / 3


def test_masks_differ_from_each_other():
    masks = blending.face_masks(40, 64, 64).flatten(1)
    gap = (masks.unsqueeze(0) - masks.unsqueeze(1)).abs().mean(2) + torch.eye(40)
    assert gap.min() > 0.002


def test_pixels_outside_of_the_mask_stay_and_pixels_inside_change():
    images = textured(48)
    masks = blending.face_masks(48, 64, 64)
    torch.manual_seed(0)  # self_blend begins with its masks
    result = blending.self_blend(images)
    changed = (result != images).any(1)
    outside, middle = masks[:, 0] == 0, masks[:, 0] > 0.95
    assert not changed[outside].any()
    assert outside.double().mean() > 0.4
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


@pytest.mark.parametrize("count", [0, 1])
def test_batches_of_no_image_and_of_one(count):
    images, labels = blending.blend_reals(textured(count), torch.zeros(count), 1.0)
    assert images.shape == (count, 3, 64, 64)
    assert labels.tolist() == [1.0] * count


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


@settings(max_examples=25, deadline=None)
@given(
    labels=st.lists(st.sampled_from([0, 1]), max_size=10),
    probability=st.floats(0, 1),
    dtype=st.sampled_from([torch.int64, torch.float32, torch.uint8]),
)
def test_only_reals_become_fakes_and_only_they_change(labels, probability, dtype):
    given_images, given_labels = textured(len(labels)), torch.tensor(labels, dtype=dtype)
    before = given_images.clone()
    images, after = blending.blend_reals(given_images, given_labels, probability)
    turned = after != given_labels
    assert after.dtype == torch.float32
    assert (after[turned] == 1).all() and (given_labels[turned] == 0).all()
    assert torch.equal((images != before).flatten(1).any(1) if labels else turned, turned)
    assert torch.equal(given_images, before) and given_labels.tolist() == labels


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_of_reals_that_become_fakes(share):
    labels = torch.arange(600) % 2
    _, after = blending.blend_reals(textured(600, 16, 16), labels, share)
    assert after[labels == 1].all()
    assert after[labels == 0].mean() == pytest.approx(share, abs=0.08 if 0 < share < 1 else 0)


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_probability_out_of_bounds_is_an_error(share):
    with pytest.raises(UserError, match="write a number from 0 to 1"):
        blending.blend_reals(textured(1), torch.zeros(1), share)
