"""Augmentation: what it keeps, the probability of each operation, and its effect on an image."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake.errors import UserError
from deepfake.training import augmentation as module
from deepfake.training.augmentation import augmentation
from deepfake.training.augmentation_settings import OPERATIONS, SETS, ranges_of

pytestmark = pytest.mark.usefixtures("one_thread")

SIZE = 32
CUDA = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"))
USUAL = {
    "flip": 1.0, "crop": [0.5, 0.8], "stretch": 0.2, "rotate": 15, "shift": 0.1, "scale": [0.8, 0.9],
    "colour": 0.3, "hue": 0.05, "shuffle": 4, "blur": [1, 2.5], "rescale": [0.3, 0.6],
    "noise": [0.01, 0.05], "frequency": 0.15, "jpeg": [30, 60],
}  # fmt: skip
"""A setting of each operation that changes every image which gets it."""


def textured(count: int, size: int = SIZE) -> torch.Tensor:
    """`count` copies of one image with edges, colours and fine texture, uint8 (count, 3, size, size)."""
    line = torch.linspace(0, 1, size)
    base = torch.stack(
        (line.expand(size, -1), line.view(-1, 1).expand(-1, size), (line * 9).sin().abs().expand(size, -1))
    )
    grain = torch.rand(3, size, size, generator=torch.Generator().manual_seed(1))
    return (50 + 110 * base + 50 * grain).to(torch.uint8).repeat(count, 1, 1, 1)


def roughness(images: torch.Tensor) -> torch.Tensor:
    """Mean difference of neighbouring pixels of each image, float64 (n,)."""
    return images.double().diff(dim=3).abs().mean((1, 2, 3))


def only(name: str, images: torch.Tensor, value: object = None, probability: float = 1.0) -> torch.Tensor:
    value = USUAL[name] if value is None else value
    setting = probability if name == "flip" else {"value": value, "probability": probability}
    return augmentation({name: setting}, images.shape[-1])(images)


def test_off_returns_the_argument():
    images = textured(2)
    assert augmentation("off", SIZE)(images) is images
    assert augmentation({}, SIZE)(images) is images


@pytest.mark.parametrize("setting", ["light", "strong", USUAL], ids=["light", "strong", "all"])
@pytest.mark.parametrize("device", ["cpu", CUDA])
@pytest.mark.parametrize(
    "layout", [torch.contiguous_format, torch.channels_last], ids=["planes", "channels_last"]
)
def test_dtype_shape_device_and_memory_format_stay(setting, device, layout):
    images = textured(6).to(device).contiguous(memory_format=layout)
    before = images.clone()
    result = augmentation(setting, SIZE)(images)
    assert (result.dtype, result.shape, result.device) == (images.dtype, images.shape, images.device)
    assert result.is_contiguous(memory_format=layout)
    assert torch.equal(images, before)
    assert not torch.equal(result, images)


@pytest.mark.parametrize("count", [0, 1])
def test_batches_of_no_image_and_of_one(count):
    assert augmentation("strong", SIZE)(textured(count)).shape == (count, 3, SIZE, SIZE)


def test_the_seed_decides_the_result_in_either_memory_format():
    augmented, results = augmentation(USUAL, SIZE), []
    layouts = torch.contiguous_format, torch.channels_last, torch.contiguous_format
    for seed, layout in zip((3, 3, 4), layouts, strict=True):
        torch.manual_seed(seed)
        results.append(augmented(textured(8).contiguous(memory_format=layout)))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_equal_images_of_a_batch_become_different_ones():
    result = augmentation("strong", SIZE)(textured(32))
    assert len(result.flatten(1).unique(dim=0)) >= 31


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_has_its_probability(name):
    images = textured(400)
    changed = (only(name, images, probability=0.3) != images).flatten(1).any(1)
    assert changed.double().mean() == pytest.approx(0.3, abs=0.075)  # three standard deviations


@pytest.mark.parametrize("name", OPERATIONS)
def test_batches_on_a_device_are_changed_as_images_on_the_cpu(name):
    """With smooth images, on which filters that differ a little agree; noise and its like are drawn anew."""
    images = torch.nn.functional.avg_pool2d(textured(6, 64).float(), 5, 1, 2).to(torch.uint8)
    if name == "frequency":  # whose effect on smooth images hangs on a few frequencies
        images = torch.randint(60, 196, images.shape, dtype=torch.uint8)
    plan = module.planned(ranges_of({name: USUAL[name]}), len(images))
    one, other = (f(images, plan).double() for f in (module.changed, module.changed_on_cpu))
    inside = (one - other)[:, :, 8:-8, 8:-8].abs()
    if name in ("noise", "frequency"):
        assert (one - images).std() == pytest.approx(float((other - images).std()), rel=0.2)
    else:
        assert inside.mean() < {"rescale": 1.5, "jpeg": 1.0}.get(name, 0.5)
        assert not torch.equal(one, images.double())


def test_flip_mirrors():
    images = textured(2)
    assert torch.equal(only("flip", images), images.flip(3))


@pytest.mark.parametrize("name", ["blur", "rescale"])
def test_blur_and_rescaling_remove_fine_detail(name):
    images = textured(40, 128)
    ratio = roughness(only(name, images)) / roughness(images)
    assert ratio.max() <= 1.01 and ratio.mean() < 0.7


@pytest.mark.parametrize(("least", "most"), [(0.005, 0.02), (0.01, 0.05)])
def test_noise_has_the_given_sigma_and_no_bias(least, most):
    grey = torch.full((40, 3, SIZE, SIZE), 128, dtype=torch.uint8)
    error = only("noise", grey, [least, most]).double() - 128
    sigma = error.std((1, 2, 3)) / 255
    assert sigma.min() > 0.9 * least and sigma.max() < 1.1 * most
    assert sigma.max() > 1.5 * sigma.min()
    assert abs(error.mean()) < 0.1


@pytest.mark.parametrize("quality", [10, 50, 90])
def test_jpeg_on_a_device_gives_nearly_the_pixels_of_libjpeg(quality):
    images = textured(2, 72)  # a side that isn't made of whole blocks
    plan = module.planned(ranges_of({"jpeg": {"value": [quality, quality], "probability": 1}}), 2)
    ours, theirs = module.changed(images, plan).double(), module.changed_on_cpu(images, plan).double()
    loss = (theirs - images).abs().mean()
    assert (ours - theirs).abs().mean() < 0.5 + 0.1 * loss
    assert (ours - images).abs().mean() == pytest.approx(float(loss), rel=0.1)


def test_jpeg_leaves_its_grid_of_blocks():
    noisy = torch.randint(0, 256, (1, 1, 64, 64), dtype=torch.uint8).expand(4, 3, -1, -1)

    def empty(image: np.ndarray) -> float:
        """The share of cosine coefficients of 8×8 blocks that are about zero."""
        blocks = image.reshape(len(image) // 8, 8, -1, 8).swapaxes(1, 2).reshape(-1, 8, 8)
        return float(np.mean([np.abs(cv2.dct(b)) < 2 for b in blocks.astype(np.float32)]))

    for before, after in zip(noisy, only("jpeg", noisy), strict=True):
        on_grid, off_grid = after[0].numpy(), after[0, 4:-4, 4:-4].numpy()
        assert empty(on_grid) > 4 * empty(before[0].numpy())
        assert empty(on_grid) > 2 * empty(off_grid)


def test_colour_changes_the_mean_and_keeps_the_structure():
    images = textured(40)
    result = only("colour", images)
    assert (result.double().mean((1, 2, 3)) - images.double().mean()).abs().max() > 10
    for before, after in zip(images, result, strict=True):
        assert torch.corrcoef(torch.stack((before, after)).double().mean(1).flatten(1))[0, 1] > 0.8


def test_hue_does_not_change_grey():
    grey = textured(4)[:, :1].expand(-1, 3, -1, -1)
    assert (only("hue", grey).int() - grey.int()).abs().max() <= 1


def test_half_a_circle_of_hue_makes_orange_blue():
    orange = torch.tensor([200, 120, 60], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, SIZE, SIZE)
    red, _, blue = only("hue", orange, [0.5, 0.5])[0, :, 0, 0].tolist()
    assert red < 100 and blue > 150


LINE = torch.linspace(0, 255, SIZE).to(torch.uint8).expand(60, 3, SIZE, SIZE)  # a pixel's value is its column


def test_crop_is_a_part_at_full_size():
    result = only("crop", LINE, 0.7).int()
    span = result[:, 0, 0, -1] - result[:, 0, 0, 0]
    assert result.diff(dim=3).min() >= 0  # pixels keep their order
    assert span.min() > 0.8 * 255 and span.max() > 0.95 * 255  # the root of 0.7


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("scale", [2, 2], (64, 191)),
        ("scale", [0.5, 0.5], (0, 255)),
        ("crop", [0.25, 0.25], (0, 255)),
        ("rotate", [180, 180], (255, 0)),
        ("rotate", [90, 90], (127, 127)),
        ("stretch", [1, 1], (0, 255)),
        ("stretch", [-1, -1], (0, 255)),
    ],
)
def test_where_the_left_and_the_right_edge_come_from(name, value, expected):
    result = only(name, LINE, value).double()[:, 0, SIZE // 2]
    if name == "crop" or value == [1, 1]:  # half of the side, anywhere
        assert (result[:, -1] - result[:, 0]).tolist() == pytest.approx([127] * 60, abs=6)
    else:
        assert result[0, [0, -1]].tolist() == pytest.approx(expected, abs=6)


def test_rotation_is_counterclockwise_and_shifts_go_both_ways():
    turned = only("rotate", LINE[:1], [90, 90]).double()[0, 0]
    assert turned[0].mean() > 240 and turned[-1].mean() < 15  # what was right is up
    moved = (only("shift", LINE, 0.25).double() - LINE.double())[:, 0, SIZE // 2, SIZE // 2]
    assert moved.min() < -30 and moved.max() > 30 and moved.abs().max() <= 70


def test_shuffled_patches_are_those_of_the_image():
    images = (
        torch.arange(SIZE * SIZE).remainder(251).to(torch.uint8).view(1, 1, SIZE, SIZE).repeat(3, 3, 1, 1)
    )
    result = only("shuffle", images, 4)
    assert torch.equal(result.flatten(2).sort(2)[0], images.flatten(2).sort(2)[0])
    patches = {p.numpy().tobytes() for p in images[0, 0].unfold(0, 8, 8).unfold(1, 8, 8).reshape(-1, 64)}
    for image in result:
        found = image[0].unfold(0, 8, 8).unfold(1, 8, 8).reshape(-1, 64)
        assert {p.numpy().tobytes() for p in found} == patches
        assert not torch.equal(image, images[0])


def test_masking_frequencies_keeps_the_mean_and_takes_power():
    images = torch.randint(60, 196, (8, 3, SIZE, SIZE), dtype=torch.uint8)
    result = only("frequency", images, 0.4).double()
    assert result.mean((2, 3)).flatten().tolist() == pytest.approx(
        images.double().mean((2, 3)).flatten().tolist(), abs=0.5
    )
    power = result.var((2, 3)) / images.double().var((2, 3))
    assert power.mean() == pytest.approx(0.6, abs=0.05)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "noise"])
def test_an_image_of_one_colour_keeps_one_colour(name):
    plain = torch.tensor([200, 120, 90], dtype=torch.uint8).view(1, 3, 1, 1).expand(10, 3, SIZE, SIZE)
    result = only(name, plain).flatten(2).int()
    assert (result.amax(2) - result.amin(2)).max() <= (1 if name == "frequency" else 0)


def test_strong_changes_more_than_light():
    images = textured(100)
    light, strong = (
        (augmentation(s, SIZE)(images).double() - images).abs().mean() for s in ("light", "strong")
    )
    assert strong > 1.3 * light


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("weak", "write off, light, strong, or operations"),
        ({"sharpen": 2}, "unknown sharpen; the operations are flip, crop"),
        ({"rotate": 200}, "augment.rotate: 200 can't be used; write a number from -180 to 180"),
        ({"jpeg": [90, 40]}, "the lower one first"),
        ({"flip": [0, 1]}, "write its probability"),
    ],
)
def test_settings_that_cannot_be_used(setting, message):
    with pytest.raises(UserError, match=message):
        augmentation(setting, SIZE)


@pytest.mark.parametrize(
    "images",
    [torch.zeros(1, 3, SIZE, SIZE), torch.zeros(1, 3, 16, 16, dtype=torch.uint8)],
    ids=["float", "small"],
)
def test_other_batches_than_expected_are_refused(images):
    with pytest.raises(ValueError, match="uint8 images of shape"):
        augmentation("light", SIZE)(images)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_values_within_the_bounds_give_images(data):
    names = data.draw(st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=1, max_size=4, unique=True))
    setting = {}
    for name in names:
        operation = OPERATIONS[name]
        value = data.draw(st.floats(operation.least, operation.most))
        setting[name] = value if name == "flip" else {"value": [value, value], "probability": 1}
    plan = module.planned(ranges_of(setting), 2)
    for function in (module.changed, module.changed_on_cpu):
        result = function(textured(2), plan)
        assert (result.shape, result.dtype) == ((2, 3, SIZE, SIZE), torch.uint8)


def test_one_number_stands_for_a_range():
    found = ranges_of(
        {"rotate": 10, "scale": 0.1, "crop": 0.8, "jpeg": 40, "blur": {"value": 2, "probability": 0.1}}
    )
    assert {name: (r.low, r.high, r.probability) for name, r in found.items()} == {
        "crop": (0.8, 1, 0.5), "rotate": (-10, 10, 0.5), "scale": (0.9, 1.1, 0.5),
        "blur": (0, 2, 0.1), "jpeg": (40, 100, 0.5),
    }  # fmt: skip
    assert all(ranges_of(setting) for name, setting in SETS.items() if name != "off")
