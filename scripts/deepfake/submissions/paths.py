"""The media file of each name that a competition lists, or the reason why there is none."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from deepfake.detection.media import MediaFile, find_media
from deepfake.errors import UserError
from deepfake.submissions.names import unsafe

MISSING = "missing"
SHOWN = 3  # files named in the reason where several match


def files_in_folder(names: Iterable[str], folder: str | Path, limits: dict) -> list[MediaFile | str]:
    """Return for each name the file at that path below `folder`, or the reason why there is none.

    Raises UserError if `folder` is no folder.
    """
    if not os.path.isdir(folder):
        raise UserError(f"{folder}: there is no such folder")
    return [unsafe(name) or _file(os.path.join(folder, name), limits) for name in names]


def files_anywhere(names: Iterable[str], paths: Sequence[str | Path], limits: dict) -> list[MediaFile | str]:
    """Return for each name the file in the folders and zips `paths` with a path that ends with the name.

    Where there is no such file, or more than one, the reason. Raises UserError if one of `paths` can't
    be read: all files that it should contain would count as missing.
    """
    by_name = defaultdict(list)
    given = set(map(str, paths))
    for file in find_media(paths, limits):
        if file.name in given and file.reason:
            raise UserError(f"{file.name} can't be used: {file.reason}")
        by_name[file.name.rpartition("/")[2]].append(file)
    return [unsafe(name) or _match(name, by_name[name.rpartition("/")[2]]) for name in names]


def _file(path: str, limits: dict) -> MediaFile | str:
    if os.path.isdir(path):
        return "a folder, not a file"
    if not os.path.exists(path):
        return MISSING
    found = find_media([path], limits)
    return found[0] if len(found) == 1 else f"an archive of {len(found)} files, not one"


def _match(name: str, candidates: list[MediaFile]) -> MediaFile | str:
    matches = [file for file in candidates if f"/{file.name}".endswith(f"/{name}")]
    if len(matches) == 1:
        return matches[0]
    if not matches:
        return MISSING
    shown = ", ".join(file.name for file in matches[:SHOWN])
    return f"{len(matches)} files match: {shown}{' and more' if len(matches) > SHOWN else ''}"
