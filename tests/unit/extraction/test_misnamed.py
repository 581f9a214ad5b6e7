"""Files named otherwise than what they are, and formats that only some decoders read."""

import io

import cv2
import numpy as np
import pillow_heif
import pytest
from made import media as made
from PIL import Image

from deepfake.extraction.frames import frames_of_stills, frames_of_video
from deepfake.extraction.images import UnreadableImage, decode

CFG = {"strategy": "uniform", "count": 2, "format": "png"}
PIXELS = np.zeros((96, 128, 3), np.uint8)
PIXELS[:40, :, 0], PIXELS[40:, :64, 1] = 250, 200


def heic(pixels=PIXELS, **options) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(out, quality=95, **options)
    return out.getvalue()


def jpeg(pixels=PIXELS) -> bytes:
    return cv2.imencode(".jpg", pixels[..., ::-1])[1].tobytes()


def still(data):
    return [({"video": "v", "frame": 0, "time": "", "status": "ok", "reason": ""}, data)]


def test_heic_stills_are_read_and_stored_as_png():
    ((row, data),) = frames_of_stills(still(heic()))
    assert (row["status"], row["width"], row["height"]) == ("ok", 128, 96) and data[1:4] == b"PNG"
    assert np.abs(decode(data)[..., ::-1].astype(int) - PIXELS).mean() < 3
    assert decode(heic(), cv2.IMREAD_GRAYSCALE).shape == (96, 128)


def test_a_heic_photo_comes_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = np.rot90(PIXELS)  # to be turned a quarter clockwise
    assert np.abs(decode(heic(turned, exif=exif.tobytes()))[..., ::-1].astype(int) - PIXELS).mean() < 3


def test_a_heic_over_the_limit_is_not_decoded():
    with pytest.raises(UnreadableImage, match=r"limits\.pixels = 1000"):
        decode(heic(), limits={"pixels": 1000})


def test_damaged_heic_files_raise_unreadable_image():
    data, rng = heic(), np.random.default_rng(0)
    for cut in (20, 100, 400, len(data) - 10):
        with pytest.raises(UnreadableImage):
            decode(data[:cut])
    for _ in range(100):
        changed = bytearray(data)
        changed[rng.integers(len(data))] = int(rng.integers(256))
        try:
            decode(bytes(changed))
        except UnreadableImage as error:
            assert str(error) == str(error).strip()


@pytest.mark.parametrize("data", [jpeg(), heic(), cv2.imencode(".avif", PIXELS)[1].tobytes()])
def test_an_image_that_is_named_like_a_video_gives_itself(tmp_path, data):
    (tmp_path / "v.mp4").write_bytes(data)
    assert list(frames_of_video(tmp_path / "v.mp4", "v", CFG, 2)) == list(frames_of_stills(still(data)))


def test_a_video_that_is_named_like_an_image_is_a_row_that_says_so(tmp_path):
    path = made.write_video(tmp_path / "v.mp4", made.person(1, 3))
    ((row, data),) = frames_of_stills(still(path.read_bytes()))
    assert row["status"] == "unreadable" and row["reason"].startswith("a video that is named like an image")
    assert not data


def test_an_animated_gif_is_a_video(tmp_path):
    first, *more = (Image.fromarray(np.full((48, 64, 3), 80 * n, np.uint8)) for n in range(4))
    first.save(tmp_path / "v.gif", save_all=True, append_images=more, duration=40)
    rows = [row for row, _ in frames_of_video(tmp_path / "v.gif", "v", CFG, 2)]
    assert [(row["frame"], row["status"]) for row in rows] == [(0, "ok"), (3, "ok")]


def test_an_empty_file_is_said_to_be_empty():
    ((row, _),) = frames_of_stills(still(b""))
    assert row["reason"] == "the file is empty"
