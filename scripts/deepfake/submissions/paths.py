"""The media file of each name that a competition lists, or the reason why there is none."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from deepfake.detection.media import MediaFile, find_media
from deepfake.errors import UserError
from deepfake.layouts.media_types import ending_of
from deepfake.layouts.service_files import service_part
from deepfake.submissions.names import unsafe

MISSING = "missing"
SHOWN = 3  # files named in the reason where several match


def files_in_folder(names: Iterable[str], folder: str | Path, limits: dict) -> list[MediaFile | str]:
    """Return for each name the file at that path below `folder`, or the reason why there is none.

    A name without an ending means the only file that it names but for its ending. Raises UserError if
    `folder` is no folder.
    """
    if not os.path.isdir(folder):
        raise UserError(f"{folder}: there is no such folder")
    by_stem = cache(_by_stem)
    return [unsafe(name) or _file(os.path.join(folder, name), limits, by_stem) for name in names]


def files_anywhere(names: Iterable[str], paths: Sequence[str | Path], limits: dict) -> list[MediaFile | str]:
    """Return for each name the file in the folders and zips `paths` with a path that ends with the name.

    A name may lack its ending. Where there is no such file, or more than one, the reason. Raises UserError if
    one of `paths` can't be read: all files that it should contain would count as missing.
    """
    by_name, by_stem = defaultdict(list), defaultdict(list)
    given = set(map(str, paths))
    for file in find_media(paths, limits):
        if file.name in given and file.reason:
            raise UserError(f"{file.name} can't be used: {file.reason}")
        base = file.name.rpartition("/")[2]
        by_name[base].append(file)
        by_stem[_stem(base)].append(file)
    return [
        unsafe(name) or _match(name, by_name.get(base := name.rpartition("/")[2], []), by_stem.get(base, []))
        for name in names
    ]


def _stem(name: str) -> str:
    return name[: len(name) - len(ending_of(name))]


def _by_stem(folder: str) -> dict[str, list[str]]:
    """Return the names of the files in a folder by their names without endings, hidden ones left out."""
    files = defaultdict(list)
    with suppress(OSError):
        for name in sorted(os.listdir(folder)):
            if not service_part(name) and os.path.isfile(os.path.join(folder, name)):
                files[_stem(name)].append(name)
    return files


def _file(path: str, limits: dict, by_stem: Callable[[str], dict[str, list[str]]]) -> MediaFile | str:
    if not os.path.isfile(path) and "\0" not in path:
        folder, name = os.path.split(path)
        others = by_stem(folder).get(name, [])
        if len(others) > 1:
            return f"{len(others)} files match: {_shown(others)}"
        if others:
            path = os.path.join(folder, others[0])
    if os.path.isdir(path):
        return "a folder, not a file"
    if not os.path.exists(path):
        return MISSING
    found = find_media([path], limits)
    return found[0] if len(found) == 1 else f"an archive of {len(found)} files, not one"


def _match(name: str, named: list[MediaFile], with_ending: list[MediaFile]) -> MediaFile | str:
    matches = [file for file in named if f"/{file.name}".endswith(f"/{name}")]
    matches = matches or [file for file in with_ending if f"/{_stem(file.name)}".endswith(f"/{name}")]
    if len(matches) == 1:
        return matches[0]
    if not matches:
        return MISSING
    return f"{len(matches)} files match: {_shown([file.name for file in matches])}"


def _shown(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (" and more" if len(names) > SHOWN else "")
