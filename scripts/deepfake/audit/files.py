"""A dataset's files as they are on disk: read again, whatever its metadata says."""

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from deepfake.extraction.images import UnreadableImage, perceptual_hash
from deepfake.extraction.limits import MEDIA_LIMITS

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
    return {name: _read(folder / name, name in images) for name in names}


def _read(path: Path, is_image: bool) -> StoredFile:
    try:
        size = path.stat().st_size
        if not is_image or size > MAX_IMAGE_BYTES:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            return StoredFile(
                size, digest, problem=f"{size} bytes are too many for an image" if is_image else ""
            )
        data = path.read_bytes()
    except OSError as error:
        return StoredFile(0, "", problem=f"can't be read: {error.strerror}")
    digest = hashlib.sha256(data).hexdigest()
    try:
        return StoredFile(len(data), digest, perceptual_hash(data, MEDIA_LIMITS))
    except UnreadableImage as error:
        return StoredFile(len(data), digest, problem=str(error))
