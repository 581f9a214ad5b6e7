"""Frames become BGR by the arithmetic of FFmpeg's conversion to bgr24, which OpenCV uses as well."""

import av
import numpy as np
import pytest

from deepfake.extraction.bgr import PLANAR, BgrConverter

SIDE = 4096  # of a frame that has each of the 256 x 256 x 256 colours once


@pytest.mark.parametrize("format", PLANAR)
@pytest.mark.parametrize("colorspace", [1, 5])  # FFmpeg's numbers of BT.709 and BT.601
def test_every_colour_is_that_of_bgr24(format, colorspace):
    colours = np.arange(SIDE * SIDE, dtype=np.uint32).reshape(SIDE, SIDE)
    planes = np.stack([colours >> 16, colours >> 8 & 255, colours & 255]).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(planes, format=format)
    frame.colorspace = colorspace
    expected = frame.to_ndarray(format="bgr24", interpolation="BICUBIC")
    assert np.array_equal(BgrConverter().convert(frame, SIDE, SIDE), expected)


@pytest.mark.parametrize("format", [*PLANAR, "yuv420p", "yuv422p10le", "gray", "bgr24"])
def test_one_converter_takes_frames_of_any_size(format):
    converter = BgrConverter()
    for width, height in ((96, 64), (98, 62), (96, 64), (34, 100)):
        noise = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
        frame = av.VideoFrame.from_ndarray(noise, format="bgr24").reformat(format=format)
        for size in ((width, height), (width + 30, height)):
            expected = frame.to_ndarray(
                format="bgr24", width=size[0], height=size[1], interpolation="BICUBIC"
            )
            assert np.array_equal(converter.convert(frame, *size), expected)
