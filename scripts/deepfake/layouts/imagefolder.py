"""Images or videos sorted into folders by class, as for image classification:

    [<split>/]{real,fake}/<image>                   train/real/00001.jpg
    [<split>/]{real,fake}/<video>/<image>           fake/abc/12.png
    [<split>/]{real,fake}/<Method>/<video>/<image>  val/fake/FaceSwap/000_003/12.png

The split may also be the folder just below the class; there may be further folders anywhere. Classes and
splits may have their usual synonyms, in upper or lower case.

Method: below the class, the innermost folder of an image is its video, and the outermost folder above that is
the method; so an image needs two folders there to have a method. A video needs one, being its own video.

Group: the `<video>` of a frame's name `<video>_frame003`, `<video>_frame_03` or `<video>_f003`, in whatever
folder, since frames of one video in two splits are a leak; else the innermost folder below the class, by its
whole path, because numbered folders start again in each split; else the image itself.
"""

from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import (
    SPLITS,
    archive_stem,
    unexpected_path,
    unique_path,
    unusable,
    video_of_frame,
)

CLASSES = {
    **dict.fromkeys(("real", "reals", "original", "originals", "0_real"), REAL),
    **dict.fromkeys(("fake", "fakes", "deepfake", "deepfakes", "ai", "synthetic", "1_fake"), FAKE),
}


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the images and videos; there are no label files."""
    return [_video(entry) for entry in corpus.media]


def _video(entry: Entry) -> Video:
    above = entry.parts[:-1]
    folders = [folder.lower() for folder in above]
    splits = [i for i, folder in enumerate(folders) if folder in SPLITS]
    classes = [i for i, folder in enumerate(folders) if folder in CLASSES]
    # Above a split, the name of a class is only part of the collection's name: deepfake/train/real.
    classes = [i for i in classes if splits and i > splits[0]] or classes
    labels = {CLASSES[folders[i]] for i in classes} or {CLASSES.get(archive_stem(entry).lower())}
    if labels == {None}:
        return unexpected_path(entry, "{real,fake}/<still> or <split>/{real,fake}/<still>")
    if len(labels) > 1:
        return unusable(entry, "two labels: it lies in folders of both classes")
    at = classes[0] if classes else -1  # -1: the archive is the folder of the class
    while classes and folders[at + 1 : at + 2] == folders[at : at + 1]:
        at += 1  # zips of a folder unpack to real/real: the second folder is no video
    before, after = [i for i in splits if i < at], [i for i in splits if i == at + 1]
    split = next(iter(before[-1:] or after), None)
    inner = [folder for i, folder in enumerate(above) if i > at and i != split]
    methods = inner[:-1] if entry.is_image else inner
    label = labels.pop()
    start = max(0, at if split is None else min(at, split))
    name = "_".join([*above[start:], entry.stem])
    return Video(
        entry,
        name=name,
        label=label,
        method=methods[0] if label == FAKE and methods else "",
        original=name if label == REAL else "",
        group=video_of_frame(entry) or unique_path(entry.folder if entry.is_image and inner else entry),
        split="" if split is None else SPLITS[folders[split]],
    )
