"""Stills, or videos, sorted into folders by class, as image classification takes them:

    [<split>/]{real,fake}/<still>                   train/real/00001.jpg
    [<split>/]{real,fake}/<video>/<still>           fake/abc/12.png
    [<split>/]{real,fake}/<Method>/<video>/<still>  val/fake/FaceSwap/000_003/12.png

The split may also lie just below the class; further folders may lie anywhere. The class's and the split's
names are taken in the usual synonyms and in any case.

Method: below the class, a still's innermost folder is taken for its video, and the first folder above that
for the method; so a still needs two folders there to have one. A video needs one, being its own video.

Group: what a frame name such as `<video>_frame003`, `<video>_frame_03` or `<video>_f003` calls its video,
wherever it lies, for a frame of one video in two splits is a leak; else the innermost folder below the class,
by its whole path, as numbered folders begin anew in each split; else the still itself.
"""

from collections.abc import Callable

from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.shared import SPLITS, archive_stem, frame_of, in_order, misfit, place, refuse, sift

CLASSES = {
    **dict.fromkeys(("real", "reals", "original", "originals", "0_real"), REAL),
    **dict.fromkeys(("fake", "fakes", "deepfake", "deepfakes", "ai", "synthetic", "1_fake"), FAKE),
}


def read(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> list[Video]:
    """The stills and videos of an image corpus; it has no small files to read."""
    media, refused = sift(entries, stills=True)
    return in_order([*refused, *map(_row, media)])


def _row(entry: Entry) -> Video:
    above = entry.parts[:-1]
    folders = [folder.lower() for folder in above]
    splits = [at for at, folder in enumerate(folders) if folder in SPLITS]
    classes = [at for at, folder in enumerate(folders) if folder in CLASSES]
    # Above a split, the name of a class is but part of the collection's name: deepfake/train/real.
    classes = [at for at in classes if splits and at > splits[0]] or classes
    labels = {CLASSES[folders[at]] for at in classes} or {CLASSES.get(archive_stem(entry).lower())}
    if labels == {None}:
        return misfit(entry, "{real,fake}/<still> or <split>/{real,fake}/<still>")
    if len(labels) > 1:
        return refuse(entry, "two labels: it lies in folders of both classes")
    at = classes[0] if classes else -1  # -1: the archive is the folder of the class
    while classes and folders[at + 1 : at + 2] == folders[at : at + 1]:
        at += 1  # real/real, as zips of a folder unpack: the second is no video
    before, after = [i for i in splits if i < at], [i for i in splits if i == at + 1]
    split = next(iter(before[-1:] or after), None)
    inner = [folder for i, folder in enumerate(above) if i > at and i != split]
    is_still, stem = entry.is_image, entry.stem
    methods = inner[:-1] if is_still else inner
    label = labels.pop()
    start = max(0, at if split is None else min(at, split))
    name = "_".join([*above[start:], stem])
    return Video(
        entry,
        name=name,
        label=label,
        method=methods[0] if label == FAKE and methods else "",
        original=name if label == REAL else "",
        group=frame_of(entry) or place(entry.folder if is_still and inner else entry),
        split="" if split is None else SPLITS[folders[split]],
    )
