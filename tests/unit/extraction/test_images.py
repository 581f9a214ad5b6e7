"""Images: written and read without loss where promised, and hashes that are close for copies only."""

import contextlib
import hashlib

import cv2
import numpy as np
import pytest

from deepfake.extraction import images


def scene(seed: int, height: int = 240, width: int = 320) -> np.ndarray:
    """An image of soft shapes; images of two seeds are as different as two photographs."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def distance(one: np.ndarray, two: np.ndarray) -> int:
    """Bits in which two hashes differ."""
    hashes = [int(images.perceptual_hash(images.encode(pixels, "png", 0)), 16) for pixels in (one, two)]
    return (hashes[0] ^ hashes[1]).bit_count()


def sampling(jpeg: bytes) -> list[int]:
    """Sampling factors (0xHV) of the components, from the frame header SOF0 or SOF2 (ITU-T T.81, B.2.2)."""
    at = 2
    while jpeg[at + 1] not in (0xC0, 0xC2):
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return [jpeg[at + 11 + 3 * component] for component in range(jpeg[at + 9])]


def test_png_is_lossless():
    assert np.array_equal(images.decode(images.encode(scene(1), "png", 0)), scene(1))


def test_jpeg_keeps_colour_at_full_resolution():
    data = images.encode(scene(1), "jpg", 95)
    assert np.abs(images.decode(data).astype(int) - scene(1)).mean() < 2
    assert sampling(data) == [0x11, 0x11, 0x11]
    halved = cv2.imencode(".jpg", scene(1))[1].tobytes()
    assert sampling(halved) == [0x22, 0x11, 0x11]  # so this check can fail


def test_encoding_is_reproducible_and_lower_quality_gives_fewer_bytes():
    one, two, less = (images.encode(scene(1), "jpg", q) for q in (95, 95, 40))
    assert one == two and len(less) < len(one)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: images.decode(images.encode(p, "jpg", 40)),
        lambda p: cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        lambda p: cv2.resize(p, (224, 224), interpolation=cv2.INTER_CUBIC),
        lambda p: cv2.convertScaleAbs(p, alpha=0.9, beta=12),
    ],
    ids=["recompressed", "halved", "squared", "brightened"],
)
def test_the_hash_of_a_changed_copy_is_close(change):
    assert max(distance(scene(seed), change(scene(seed))) for seed in range(20)) <= 6


def test_the_hashes_of_different_images_are_far_apart():
    assert min(distance(scene(one), scene(two)) for one in range(20) for two in range(one)) >= 12


def test_a_black_pixel_has_a_hash():
    assert len(images.perceptual_hash(images.encode(np.zeros((1, 1, 3), np.uint8), "png", 0))) == 16


def test_a_blurred_image_is_less_sharp():
    assert images.sharpness(cv2.GaussianBlur(scene(1), (0, 0), 5)) < images.sharpness(scene(1))


def test_image_columns_describe_the_file():
    data = images.encode(scene(1), "png", 0)
    digest = hashlib.sha256(data).hexdigest()
    assert images.image_columns(data) == {
        "phash": images.perceptual_hash(data), "bytes": len(data), "sha256": digest
    }  # fmt: skip


@pytest.mark.parametrize("format", ["jpg", "png", "webp"])
def test_the_format_follows_from_the_bytes(format):
    data = cv2.imencode(f".{format}", scene(1))[1].tobytes()
    assert images.image_format(data) == format.replace("webp", "")


HUGE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\2\0\0\0\0\0\0\0"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x", b"\xff\xd8\xff", bytes(1000), b"GIF89a", b"P6 9 9 255 ", HUGE, b"BM" + bytes(60),
        images.encode(scene(1), "jpg", 90)[:-500], images.encode(scene(1), "png", 0)[:2000], b"<svg/>",
        b"RIFF\xff\xff\xff\xffWEBPVP8 ", b"\0\0\0\x20ftypavif" + bytes(40), HUGE[:8] + bytes(5000),
    ],
)  # fmt: skip
def test_hostile_bytes_raise_unreadable_image(data):
    with pytest.raises(images.UnreadableImage, match="."):
        images.decode(data)


def test_random_changes_of_a_good_file_raise_nothing_else():
    rng = np.random.default_rng(0)
    for format in ("jpg", "png"):
        good = np.frombuffer(images.encode(scene(1, 60, 80), format, 90), np.uint8)
        for _ in range(100):
            bad = good.copy()
            bad[rng.integers(0, len(bad), 5)] = rng.integers(0, 256, 5)
            with contextlib.suppress(images.UnreadableImage):
                assert images.decode(bad.tobytes()).ndim == 3
