"""What is given to `suggest`: folders, archives and label files."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from deepfake.corpora.archive_advice import advice, is_archive_name
from deepfake.corpora.sources import is_parquet
from deepfake.errors import UserError
from deepfake.files import open_regular
from deepfake.layouts.media_types import IMAGE, VIDEO, kind_by_name

ZIP = b"PK"


@dataclass
class Arguments:
    """Absolute paths of `folders`, `archives` and `labels`; `foreign` has other archives, and why."""

    folders: list[str] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    foreign: dict[str, str] = field(default_factory=dict)


def sort_arguments(paths: Sequence[str]) -> Arguments:
    """Return what the paths are. Raises UserError for one that can't be read, and for one video or still."""
    found = Arguments()
    for path in dict.fromkeys(os.path.abspath(os.path.expanduser(path)) for path in paths):
        if os.path.isdir(path):
            found.folders.append(path)
        elif kind_by_name(path) in (IMAGE, VIDEO):
            raise UserError(f"{path} is one video or image; give the folder of the corpus that it is in")
        elif is_parquet(path) or (_start(path) == ZIP and path.lower().endswith(".zip")):
            found.archives.append(path)
        elif is_archive_name(os.path.basename(path)):
            found.foreign[path] = why_not_read(path)
        else:
            found.labels.append(path)
    return found


def why_not_read(path: str) -> str:
    """Return what an archive is that isn't read, and what to do."""
    try:
        with open_regular(path) as file:
            return advice(path, file)
    except OSError as error:
        return f"can't be read: {error.strerror}"


def _start(path: str) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(len(ZIP))
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}; put the path right") from None
