"""What the files of a corpus are, where their names don't tell: by their first bytes."""

import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

from deepfake.corpora.archives import ZIP_ERRORS, MemberError
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


def content_of(path: str, read_head: Callable[[int], bytes]) -> str:
    """Return VIDEO, IMAGE or OTHER for a file whose name doesn't tell what it is; "" if the name does.

    `read_head(size)` returns the file's first bytes. A damaged GIF counts as an image, so that decoding it
    says what is wrong.
    """
    if kind_by_name(path):
        return ""
    head = read_head(HEAD)
    if is_gif(head):
        return kind_by_content(read_head(GIF_HEAD))
    return kind_by_content(head) or (IMAGE if ending_of(path) == ".gif" else OTHER)


def kind_of_file(path: str | Path) -> str:
    """Return VIDEO, IMAGE, UNREAD, OTHER or "" for a file, by its content or else its name.

    Raises OSError if the file can't be read.
    """
    head = head_of_file(path, HEAD)
    kind = kind_by_content(head_of_file(path, GIF_HEAD) if is_gif(head) else head)
    return kind or kind_by_name(str(path)) or (IMAGE if ending_of(str(path)) == ".gif" else "")


def head_of_file(path: str | Path, size: int) -> bytes:
    """Return the first bytes of a file. Raises OSError, also for a pipe or a device; those are not opened."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(0, "not a file", str(path))
    with open(path, "rb") as file:
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
