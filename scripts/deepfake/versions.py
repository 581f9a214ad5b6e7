"""The versions of what an image depends on: Python, the decoders and the libraries."""

import platform
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version

PACKAGES = {
    "av": ("av",),
    "dlib": ("dlib-bin", "dlib"),
    "numpy": ("numpy",),
    "onnxruntime": ("onnxruntime",),
    "opencv": ("opencv-python-headless", "opencv-python", "py-opencv", "opencv"),
    "pandas": ("pandas",),
    "pillow": ("pillow",),
    "pillow-heif": ("pillow-heif",),
    "scipy": ("scipy",),
}
"""What decodes, detects, crops, encodes and plans, by the names that package indexes give it."""


def versions() -> dict[str, str]:
    """Return the version of Python, of each of PACKAGES that is installed, and of FFmpeg's libraries."""
    import av  # takes a tenth of a second, and few programs ask

    found = {"python": platform.python_version()}
    found |= {name: number for name, names in PACKAGES.items() if (number := _version(names))}
    for name, numbers in av.library_versions.items():
        found[name] = ".".join(map(str, numbers))
    return dict(sorted(found.items()))


def _version(names: Collection[str]) -> str:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ""
