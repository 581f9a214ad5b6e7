"""Augmentation: what it keeps, the probability of each operation, and its effect on an image."""

import cv2
import numpy as np
import pytest
import torch

from deepfake.errors import UserError
from deepfake.training import augmentation

pytestmark = pytest.mark.usefixtures("one_thread")

SIZE = 32
CUDA = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"))
OPERATIONS = [(s, name) for s in ("light", "strong") for name in augmentation.STRENGTHS[s](SIZE)]


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


def only(strength: str, name: str, images: torch.Tensor, always: bool = True) -> torch.Tensor:
    probability, operation = augmentation.STRENGTHS[strength](images.shape[-1])[name]
    return augmentation.apply({name: (1.0 if always else probability, operation)}, images)


def test_off_returns_the_argument():
    images = textured(2)
    assert augmentation.augmentation("off", SIZE)(images) is images


@pytest.mark.parametrize("strength", ["light", "strong"])
@pytest.mark.parametrize("device", ["cpu", CUDA])
@pytest.mark.parametrize(
    "layout", [torch.contiguous_format, torch.channels_last], ids=["planes", "channels_last"]
)
def test_dtype_shape_device_and_memory_format_stay(strength, device, layout):
    images = textured(6).to(device).contiguous(memory_format=layout)
    before = images.clone()
    result = augmentation.augmentation(strength, SIZE)(images)
    assert (result.dtype, result.shape, result.device) == (images.dtype, images.shape, images.device)
    assert result.is_contiguous(memory_format=layout)
    assert torch.equal(images, before)
    assert not torch.equal(result, images)


@pytest.mark.parametrize("count", [0, 1])
def test_batches_of_no_image_and_of_one(count):
    assert augmentation.augmentation("strong", SIZE)(textured(count)).shape == (count, 3, SIZE, SIZE)


@pytest.mark.parametrize("group", [None, 1, 4])
def test_the_seed_decides_the_result(group):
    augmented = augmentation.augmentation("strong", SIZE, group)
    results = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        results.append(augmented(textured(8)))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


@pytest.mark.parametrize(("group", "least"), [(1, 31), (4, 20)])
def test_equal_images_of_a_batch_become_different_ones(group, least):
    result = augmentation.augmentation("strong", SIZE, group)(textured(32))
    assert len(result.flatten(1).unique(dim=0)) >= least


def test_a_group_shares_its_parameters():
    steps = {"colour": (1.0, augmentation.STRENGTHS["strong"](SIZE)["colour"][1])}
    result = augmentation.apply(steps, textured(12), group=4)
    assert len(result.flatten(1).unique(dim=0)) == 3


@pytest.mark.parametrize(("strength", "name"), OPERATIONS, ids=["-".join(o) for o in OPERATIONS])
def test_each_operation_has_its_probability(strength, name):
    images = textured(400)
    probability = augmentation.STRENGTHS[strength](SIZE)[name][0]
    changed = (only(strength, name, images, always=False) != images).flatten(1).any(1)
    # three standard deviations of 400 draws
    assert changed.double().mean() == pytest.approx(probability, abs=0.075)


def test_flip_mirrors():
    images = textured(2)
    assert torch.equal(only("light", "flip", images), images.flip(3))


@pytest.mark.parametrize("name", ["blur", "rescale"])
def test_blur_and_rescaling_remove_fine_detail(name):
    images = textured(40, 128)
    ratio = roughness(only("strong", name, images)) / roughness(images)
    assert ratio.max() <= 1.01 and ratio.mean() < 0.7


@pytest.mark.parametrize(("strength", "least", "most"), [("light", 0.005, 0.02), ("strong", 0.01, 0.05)])
def test_noise_has_the_given_sigma_and_no_bias(strength, least, most):
    grey = torch.full((40, 3, SIZE, SIZE), 128, dtype=torch.uint8)
    error = only(strength, "noise", grey).double() - 128
    sigma = error.std((1, 2, 3)) / 255
    assert sigma.min() > 0.9 * least and sigma.max() < 1.1 * most
    assert sigma.max() > 1.5 * sigma.min()
    assert abs(error.mean()) < 0.1


def test_jpeg_leaves_its_grid_of_blocks():
    noisy = torch.randint(0, 256, (1, 1, 64, 64), dtype=torch.uint8).expand(4, 3, -1, -1)

    def empty(image: np.ndarray) -> float:
        """The share of cosine coefficients of 8×8 blocks that are about zero."""
        blocks = image.reshape(len(image) // 8, 8, -1, 8).swapaxes(1, 2).reshape(-1, 8, 8)
        return float(np.mean([np.abs(cv2.dct(b)) < 2 for b in blocks.astype(np.float32)]))

    for before, after in zip(noisy, only("strong", "jpeg", noisy), strict=True):
        on_grid, off_grid = after[0].numpy(), after[0, 4:-4, 4:-4].numpy()
        assert empty(on_grid) > 4 * empty(before[0].numpy())
        assert empty(on_grid) > 2 * empty(off_grid)


def test_colour_changes_the_mean_and_keeps_the_structure():
    images = textured(40)
    result = only("strong", "colour", images)
    assert (result.double().mean((1, 2, 3)) - images.double().mean()).abs().max() > 10
    for before, after in zip(images, result, strict=True):
        assert torch.corrcoef(torch.stack((before, after)).double().mean(1).flatten(1))[0, 1] > 0.8


def test_hue_does_not_change_grey():
    grey = textured(4)[:, :1].expand(-1, 3, -1, -1)
    assert (only("strong", "hue", grey).int() - grey.int()).abs().max() <= 1


def test_crop_is_a_part_at_full_size():
    line = torch.linspace(0, 255, SIZE).to(torch.uint8)
    result = only("strong", "crop", line.expand(60, 3, SIZE, SIZE)).int()
    span = result[:, 0, 0, -1] - result[:, 0, 0, 0]
    assert result.diff(dim=3).min() >= 0  # pixels keep their order
    assert span.min() > 0.7 * 255 and span.max() > 0.95 * 255


@pytest.mark.parametrize("name", ["flip", "crop", "colour", "hue", "blur", "rescale", "jpeg"])
def test_an_image_of_one_colour_keeps_one_colour(name):
    plain = torch.tensor([200, 120, 90], dtype=torch.uint8).view(1, 3, 1, 1).expand(10, 3, SIZE, SIZE)
    result = only("strong", name, plain).flatten(2).int()
    assert torch.equal(result.amin(2), result.amax(2))


def test_strong_changes_more_than_light():
    images = textured(100)
    light, strong = (
        (augmentation.augmentation(s, SIZE)(images).double() - images).abs().mean()
        for s in ("light", "strong")
    )
    assert strong > 1.3 * light > 0


def test_an_unknown_strength_is_an_error_with_the_choices():
    with pytest.raises(UserError, match="'hard': write one of off, light, strong"):
        augmentation.augmentation("hard", SIZE)


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(2, 3, SIZE, SIZE),
        torch.zeros(2, 3, SIZE, 40, dtype=torch.uint8),
        torch.zeros(3, SIZE, SIZE, dtype=torch.uint8),
    ],
    ids=["float", "not square", "no batch"],
)
def test_other_dtypes_and_shapes_are_an_error(images):
    with pytest.raises(ValueError, match=r"uint8 images of shape \(N, 3, 32, 32\)"):
        augmentation.augmentation("light", SIZE)(images)
