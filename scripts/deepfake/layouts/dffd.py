"""The Diverse Fake Face Dataset (DFFD): real images, and fake ones of many methods.

    <split>/{Real,Fake,Mask}/[<Method>/]<image>    train/Fake/stargan/00012.png
    <collection>/<split>/<image>                   stargan/train/00012.png, as its authors zip it

A collection is a method, or a source of real faces such as `ffhq`. Masks show which part of a face was
changed, and are left out. The method is the first folder below Fake, else the collection, else the collection
that the image's name begins with (`stargan_00012.png`). Folders may be zips; case doesn't matter.

Group: the `<video>` of a frame's name `<video>_frame003`; else a folder below that of the method; else the
image itself. The corpus doesn't say whose faces the images show.

Source: Dang et al., "On the Detection of Digital Face Manipulation", CVPR 2020.
"""

import re

from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import (
    SPLITS,
    TWO_LABELS,
    folders,
    unexpected_path,
    unique_path,
    unusable,
    video_of_frame,
)

CLASSES = {"real": REAL, "fake": FAKE}
COLLECTIONS = {
    **dict.fromkeys(("ffhq", "celeba", "celeba-hq", "celebamask-hq", "youtube"), REAL),
    **dict.fromkeys(("faceapp", "stargan", "pggan_v1", "pggan_v2", "stylegan_celeba", "stylegan_ffhq"), FAKE),
    **dict.fromkeys(("deepfakes", "faceswap", "face2face", "neuraltextures"), FAKE),
}
MASKS = re.compile(r"(?:.*_)?masks?", re.IGNORECASE)  # Mask, train_mask
PREFIX = re.compile(rf"({'|'.join(COLLECTIONS)})[_-].+", re.IGNORECASE)
SIGN = re.compile(
    r"(?:^|/)(?:faceapp|stargan|pggan_v[12]|stylegan_\w+|ffhq|(?:\w+_)?mask)(?:/|\.zip)", re.IGNORECASE
)
"""Real and Fake alone may be anybody's, and Deepfakes or youtube are those of FaceForensics++."""
EXPECTED = "<split>/{Real,Fake}/<still> or <collection>/<split>/<still>"


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the images; there are no label files."""
    return [_video(entry) for entry in corpus.media]


def _video(entry: Entry) -> Video:
    above = folders(entry)
    lower = [folder.lower() for folder in above]
    if any(MASKS.fullmatch(folder) for folder in lower):
        return unusable(entry, "mask of a manipulation, not a face")
    if entry.is_video:
        return unusable(entry, "video, not a still image")
    classes = [i for i, folder in enumerate(lower) if folder in CLASSES]
    collections = [i for i, folder in enumerate(lower) if folder in COLLECTIONS]
    # A folder below Fake may be named like a collection of reals, so Real and Fake take precedence.
    labels = {CLASSES[lower[i]] for i in classes} or {COLLECTIONS[lower[i]] for i in collections}
    if not labels:
        return unexpected_path(entry, EXPECTED)
    if len(labels) > 1:
        return unusable(entry, f"{TWO_LABELS}: it lies in folders of both classes")
    label, at = labels.pop(), (classes or collections)[-1]
    splits = [i for i, folder in enumerate(lower) if _split(folder)]
    start = min([at, *splits])
    inner = [folder for i, folder in enumerate(above) if i > at and i not in (*splits, *classes)]
    methods = [above[i] for i in reversed(collections) if COLLECTIONS[lower[i]] == FAKE]
    name = "_".join([*above[start:], entry.stem])
    return Video(
        entry,
        name=name,
        label=label,
        method=_method(entry, [*inner, *methods] if classes else methods) if label == FAKE else "",
        original=name if label == REAL else "",
        group=video_of_frame(entry) or unique_path(entry.folder if len(inner) > bool(classes) else entry),
        split=_split(lower[splits[-1]]) if splits else "",
    )


def _split(folder: str) -> str:
    """Return the split that a folder is named after, alone or with a number (test1); "" for other folders."""
    return SPLITS.get(folder.rstrip("0123456789"), "")


def _method(entry: Entry, folder_names: list[str]) -> str:
    if folder_names:
        return folder_names[0]
    match = PREFIX.fullmatch(entry.stem)
    return match[1] if match else ""
