"""The Diverse Fake Face Dataset (DFFD): stills, real ones and those of many ways to make a face.

    <split>/{Real,Fake,Mask}/[<Method>/]<still>    train/Fake/stargan/00012.png
    <collection>/<split>/<still>                   stargan/train/00012.png, as its authors zip it

A collection is a method, or a source of real faces such as `ffhq`. Masks, which show what part of a face was
changed, are no faces. The method is the first folder below Fake, else the collection, else a collection's
name with which the still's own begins (`stargan_00012.png`). Folders may be zips, and in any case.

Group: what a frame name such as `<video>_frame003` calls its video; else a folder below that of the method;
else the still itself. Nobody says whose faces the stills show.

Source: Dang et al., "On the Detection of Digital Face Manipulation", CVPR 2020.
"""

import re
from collections.abc import Callable

from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.shared import (
    SPLITS,
    TWO_LABELS,
    folders,
    frame_of,
    in_order,
    misfit,
    place,
    refuse,
    sift,
)

CLASSES = {"real": REAL, "fake": FAKE}
COLLECTIONS = {
    **dict.fromkeys(("ffhq", "celeba", "celeba-hq", "celebamask-hq", "youtube"), REAL),
    **dict.fromkeys(("faceapp", "stargan", "pggan_v1", "pggan_v2", "stylegan_celeba", "stylegan_ffhq"), FAKE),
    **dict.fromkeys(("deepfakes", "faceswap", "face2face", "neuraltextures"), FAKE),
}
MASKS = re.compile(r"(?:.*_)?masks?", re.IGNORECASE)  # Mask, train_mask
PREFIX = re.compile(rf"({'|'.join(COLLECTIONS)})[_-].+", re.IGNORECASE)
GRAMMAR = "<split>/{Real,Fake}/<still> or <collection>/<split>/<still>"


def read(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> list[Video]:
    """The stills of a DFFD corpus; it has no small files to read."""
    media, refused = sift(entries, stills=True)
    return in_order([*refused, *map(_row, media)])


def _row(entry: Entry) -> Video:
    above = folders(entry)
    lower = [folder.lower() for folder in above]
    if any(MASKS.fullmatch(folder) for folder in lower):
        return refuse(entry, "mask of a manipulation, not a face")
    if entry.is_video:
        return refuse(entry, "video, not a still image")
    classes = [at for at, folder in enumerate(lower) if folder in CLASSES]
    collections = [at for at, folder in enumerate(lower) if folder in COLLECTIONS]
    # Below Fake any folder may be named like a collection; Real and Fake themselves say it first.
    labels = {CLASSES[lower[at]] for at in classes} or {COLLECTIONS[lower[at]] for at in collections}
    if not labels:
        return misfit(entry, GRAMMAR)
    if len(labels) > 1:
        return refuse(entry, f"{TWO_LABELS}: it lies in folders of both classes")
    label, at = labels.pop(), (classes or collections)[-1]
    splits = [at for at, folder in enumerate(lower) if _split(folder)]
    start = min([at, *splits])
    inner = [folder for i, folder in enumerate(above) if i > at and i not in (*splits, *classes)]
    made = [above[i] for i in reversed(collections) if COLLECTIONS[lower[i]] == FAKE]
    name = "_".join([*above[start:], entry.stem])
    return Video(
        entry,
        name=name,
        label=label,
        method=_method(entry, [*inner, *made] if classes else made) if label == FAKE else "",
        original=name if label == REAL else "",
        group=frame_of(entry) or place(entry.folder if len(inner) > bool(classes) else entry),
        split=_split(lower[splits[-1]]) if splits else "",
    )


def _split(folder: str) -> str:
    """The split that a folder names, also as one of several parts (test1); "" for other folders."""
    return SPLITS.get(folder.rstrip("0123456789"), "")


def _method(entry: Entry, named: list[str]) -> str:
    if named:
        return named[0]
    found = PREFIX.fullmatch(entry.stem)
    return found[1] if found else ""
