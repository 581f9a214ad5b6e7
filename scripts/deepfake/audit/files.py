"""A dataset's files as they are on disk: read again, whatever its metadata says."""

import hashlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from deepfake.extraction.images import UnreadableImage, perceptual_hash
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.files import open_regular, read_regular

MAX_IMAGE_BYTES = 256_000_000
"""A larger file is no image of a face or frame, and is not decoded."""


class StoredFile(NamedTuple):
    """A file's size in bytes and SHA-256; for an image its perceptual hash, or the problem with it."""

    bytes: int
    sha256: str
    phash: str = ""
    problem: str = ""


def read_files(folder: Path, names: Iterable[str], images: Collection[str]) -> dict[str, StoredFile]:
    """Return each of the files `names`, read whole, one at a time; those in `images` are decoded too."""
    return {
        name: read_image(folder / name, MEDIA_LIMITS)[0] if name in images else read_file(folder / name)
        for name in names
    }


def read_file(path: Path) -> StoredFile:
    """Return a file that is not decoded, whatever it is."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            return StoredFile(size, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        return StoredFile(0, "", problem=f"can't be read: {error.strerror}")


def read_image(path: Path, limits: dict) -> tuple[StoredFile, bytes]:
    """Return an image, and its bytes: none if it can't be decoded within the `limits` on media."""
    try:
        size = path.stat().st_size
        if size > MAX_IMAGE_BYTES:
            return read_file(path)._replace(problem=f"{size} bytes are too many for an image"), b""
        data = read_regular(path)
    except OSError as error:
        return StoredFile(0, "", problem=f"can't be read: {error.strerror}"), b""
    digest = hashlib.sha256(data).hexdigest()
    try:
        return StoredFile(len(data), digest, perceptual_hash(data, limits)), data
    except UnreadableImage as error:
        return StoredFile(len(data), digest, problem=str(error)), b""
