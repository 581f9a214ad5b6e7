"""What the files of a corpus are, where their names don't tell: by their first bytes."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from deepfake.corpora.archives import ZIP_ERRORS, MemberError
from deepfake.files import open_regular
from deepfake.layouts.media_types import (
    GIF_HEAD,
    HEAD,
    IMAGE,
    OTHER,
    ending_of,
    is_gif,
    kind_by_content,
    kind_by_name,
)

EMPTY = "the file is empty"
NO_ENDING = "without an ending"


def content_of(path: str, read_head: Callable[[int], bytes], believe_name: bool = True) -> str:
    """Return VIDEO, IMAGE or OTHER for a file whose name doesn't tell what it is; "" if the name counts.

    `read_head(size)` returns the file's first bytes. A damaged GIF counts as an image, so that decoding it
    says what is wrong. Unless `believe_name`, the ending of an image or a video counts only where the first
    bytes are those of neither.
    """
    named = kind_by_name(path)
    if named == OTHER or (named and believe_name):
        return ""
    head = read_head(HEAD)
    found = kind_by_content(read_head(GIF_HEAD) if is_gif(head) else head)
    return found or ("" if named else IMAGE if ending_of(path) == ".gif" else OTHER)


def head_of_file(path: str | Path, size: int) -> bytes:
    """Return the first bytes of a file. Raises OSError, also for a pipe or a device; those are not opened."""
    with open_regular(path) as file:
        return file.read(size)


def head_of_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> bytes:
    """Return the first bytes of a member of a zip. Raises MemberError if it is damaged."""
    try:
        with archive.open(info) as file:
            return file.read(size)
    except ZIP_ERRORS as error:
        raise MemberError(f"damaged in the archive: {error}") from error


def why_unreadable(path: str | Path, error: OSError) -> str:
    """Return why a file can't be read, for people: a link that leads nowhere is named as such."""
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        return f"can't be read: a broken link to {os.readlink(path)}"
    return f"can't be read: {error.strerror}"
