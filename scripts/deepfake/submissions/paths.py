"""Where what a competition lists lies: for each name the medium, or the reason why there is none."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from deepfake.detection.media import MediaFile, find_media
from deepfake.submissions.names import unsafe

MISSING = "missing"
SHOWN = 3  # files named where a name may mean several


def in_folder(names: Iterable[str], folder: str | Path, limits: dict) -> list[MediaFile | str]:
    """The file at each name below `folder`; nothing else there is looked at. ValueError where it is none."""
    if not os.path.isdir(folder):
        raise ValueError(f"{folder}: there is no such folder")
    return [unsafe(name) or _file(os.path.join(folder, name), limits) for name in names]


def among(names: Iterable[str], paths: Sequence[str | Path], limits: dict) -> list[MediaFile | str]:
    """The file in the folders and zips at `paths` whose own path is, or ends with, each name.

    ValueError where one of `paths` can't be used: else all that it should hold would count as missing.
    """
    by_name = defaultdict(list)
    given = set(map(str, paths))
    for medium in find_media(paths, limits):
        if medium.name in given and medium.reason:
            raise ValueError(f"{medium.name} can't be used: {medium.reason}")
        by_name[medium.name.rpartition("/")[2]].append(medium)
    return [unsafe(name) or _only(name, by_name[name.rpartition("/")[2]]) for name in names]


def _file(path: str, limits: dict) -> MediaFile | str:
    if os.path.isdir(path):
        return "a folder, not a file"
    if not os.path.exists(path):
        return MISSING
    found = find_media([path], limits)
    return found[0] if len(found) == 1 else f"an archive of {len(found)} files, not one"


def _only(name: str, near: list[MediaFile]) -> MediaFile | str:
    fitting = [medium for medium in near if f"/{medium.name}".endswith(f"/{name}")]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        return MISSING
    shown = ", ".join(medium.name for medium in fitting[:SHOWN])
    return f"{len(fitting)} files fit: {shown}{' and more' if len(fitting) > SHOWN else ''}"
