"""Masks of manipulated regions: what was changed in a frame is found, and compression alone is not."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake.extraction.alignment import Place, cut
from deepfake.extraction.crops import crop_square
from deepfake.extraction.images import decode, encode
from deepfake.extraction.masks import manipulated_region, mask_of_crop
from deepfake.extraction.video import VideoReader

BOX = (130, 80, 110, 120)


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    return decode(encode(image, "jpg", quality))


def scene() -> np.ndarray:
    """A frame of 360 x 300 pixels with soft and hard edges."""
    rough = np.random.default_rng(3).integers(0, 256, (30, 36, 3), np.uint8)
    image = cv2.resize(rough, (360, 300), interpolation=cv2.INTER_CUBIC)
    cv2.putText(image, "NEWS", (10, 280), cv2.FONT_HERSHEY_SIMPLEX, 2, (255, 255, 255), 3)
    return image


def changed(image: np.ndarray, by: int) -> tuple[np.ndarray, np.ndarray]:
    """The image with an ellipse in the face of another brightness, and where that is, bool."""
    inside = np.zeros(image.shape[:2], np.uint8)
    cv2.ellipse(inside, (185, 150), (40, 50), 0, 0, 360, 255, -1)
    fake = image.astype(int) + by * (inside > 0)[..., None]
    return np.clip(fake, 0, 255).astype(np.uint8), inside > 0


@pytest.mark.parametrize("quality", [90, 60, 35])
def test_a_changed_part_of_a_face_is_found_at_any_compression(quality):
    original = scene() // 2 + 40
    fake, truth = changed(original, 40)
    region = manipulated_region(compressed(fake, quality), compressed(original, quality - 10), BOX) > 127
    assert (region & truth).sum() / (region | truth).sum() > 0.8
    nothing = manipulated_region(compressed(original, quality), compressed(original, quality - 10), BOX)
    assert (nothing > 127).sum() < 0.05 * truth.sum()


def test_equal_frames_have_no_manipulated_region():
    assert not manipulated_region(scene(), scene(), BOX).any()


def test_what_differs_away_from_the_face_is_no_part_of_the_region():
    original = scene()
    fake = original.copy()
    fake[10:40, 250:330] = 0
    assert not manipulated_region(fake, original, BOX).any()


@settings(deadline=None, max_examples=60)
@given(
    box=st.tuples(*[st.integers(-60, 120)] * 2, *[st.integers(1, 300)] * 2),
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    seed=st.integers(0, 9),
)
def test_any_box_in_any_frame_gives_a_region_of_its_size(box, width, height, seed):
    fake, original = np.random.default_rng(seed).integers(0, 256, (2, height, width, 3), np.uint8)
    region = manipulated_region(fake, original, box)
    assert region.shape == (height, width) and region.dtype == np.uint8


@settings(deadline=None)
@given(st.integers(0, 100), st.integers(0, 80), st.integers(20, 180), st.sampled_from([32, 112, 224]))
def test_an_upright_aligned_mask_is_that_of_the_square(x, y, side, size):
    region = np.zeros((300, 360), np.uint8)
    cv2.ellipse(region, (120, 110), (50, 60), 30, 0, 360, 255, -1)
    square = mask_of_crop(region, Place(x, y, side), size, is_aligned=False)
    aligned = mask_of_crop(region, Place(x, y, side), size, is_aligned=True)
    assert set(np.unique(square)) <= {0, 255}
    assert (square != aligned).mean() < 0.1  # by half a pixel


def test_the_mask_of_an_aligned_crop_turns_with_it():
    image, inside = changed(np.zeros((300, 360, 3), np.uint8), 255)
    place = Place(180, 40, 150, 25.0)
    mask = mask_of_crop(inside.astype(np.uint8) * 255, place, 112, is_aligned=True)
    crop = cut(image, place, 112, "black")
    assert ((crop[..., 0] > 127) != (mask > 0)).mean() < 0.01 < (mask > 0).mean()


REAL = {
    "ffpp/{}/Deepfakes/c23/videos/519_515.mp4": ((364, 106, 91, 91), 0.1, 0.5),
    "ffpp/{}/FaceSwap/c23/videos/634_660.mp4": ((550, 152, 180, 182), 0.2, 0.7),
    "ffpp/{}/NeuralTextures/c23/videos/004_982.mp4": ((690, 144, 150, 150), 0.02, 0.3),
    "ffpp_c40/{}/Deepfakes/c40/videos/481_469.mp4": ((868, 152, 182, 182), 0.1, 0.5),
}
"""Clips with the face's box in frame number a fifth of all, and how much of its crop is fake."""


@pytest.mark.parametrize("clip", REAL)
def test_the_face_of_a_real_fake_differs_from_its_original(data, clip):
    """By all of the face where it is swapped, and by the mouth of NeuralTextures."""
    box, least, most = REAL[clip]
    fake = data / clip.format("manipulated_sequences")
    original = Path(str(fake).replace("manipulated", "original").replace(fake.parts[-4], "youtube"))
    original = original.with_name(f"{fake.stem[:3]}.mp4")
    frames = []
    for path in (fake, original):
        reader = VideoReader(path)
        (frame,) = reader.frames([reader.frame_count // 5])
        frames.append(compressed(frame.pixels, 95))
    place = Place(*crop_square(box, frames[0].shape[1], frames[0].shape[0], 1.3))
    mask = mask_of_crop(manipulated_region(*frames, box), place, 224, is_aligned=False)
    assert least < (mask > 0).mean() < most
