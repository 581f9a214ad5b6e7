"""The versions that a recipe names: of what is installed here, decoders included."""

import platform
from importlib.metadata import version

import av

from deepfake.versions import PACKAGES, versions


def test_decoders_libraries_and_python_are_named_in_order():
    found = versions()
    assert list(found) == sorted(found) and found.keys() >= {*PACKAGES, "python"}
    assert (found["python"], found["av"]) == (platform.python_version(), av.__version__)
    assert found["dlib"] == version("dlib-bin")
    assert found["libavcodec"] == ".".join(map(str, av.library_versions["libavcodec"]))
