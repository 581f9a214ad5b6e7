"""WildDeepfake: sequences of face crops, cut by its authors from 707 videos found on the internet.

    deepfake_in_the_wild/{real,fake}_{train,test}/<number>.tar.gz            real_train/12.tar.gz
    {real,fake}_{train,test}/[<folder>/]<number>/[<folder>/...]<image>       real_train/12/real/103/7.png

The folder gives label and official split. A tar holds the images of one video, sometimes in several
sequences; in an unpacked corpus the first folder with a number stands for the tar. Numbers start again in
each folder, and the corpus doesn't say which tars, if any, come from one source; so the group is folder and
number, packed or not.

Source: Zi et al., "WildDeepfake: A Challenging Real-World Dataset for Deepfake Detection", ACM MM 2020.
"""

import re

from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import folders, unexpected_path

FOLDER = re.compile(r"(real|fake)_(train|test)", re.IGNORECASE)
NUMBER = re.compile(r"[0-9]+")
TAR = re.compile(r"([0-9]+)\.(?:tar|tar\.gz|tgz)", re.IGNORECASE)
LABELS = {"real": REAL, "fake": FAKE}
EXPECTED = "{real,fake}_{train,test}/<number>.tar.gz or {real,fake}_{train,test}/<number>/<still>"


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the sequences, and of unpacked images; there are no label files."""
    return [_video(entry) for entry in corpus.media]


def _video(entry: Entry) -> Video:
    above = folders(entry)
    positions = [position for position, folder in enumerate(above) if FOLDER.fullmatch(folder)]
    if not positions:
        return unexpected_path(entry, EXPECTED)
    folder, inner = above[positions[-1]].lower(), above[positions[-1] + 1 :]
    label, split = folder.split("_")
    if entry.is_sequence:
        match = TAR.fullmatch(entry.name)
        number, name = (match[1], f"{folder}_{match[1]}") if match and not inner else ("", "")
    else:
        number = next((part for part in inner if NUMBER.fullmatch(part)), "") if entry.is_image else ""
        name = "_".join([folder, *inner, entry.stem])
    if not number:
        return unexpected_path(entry, EXPECTED)
    return Video(
        entry,
        name=name,
        label=LABELS[label],
        original=name if label == "real" else "",
        group=f"{folder}_{number}",
        split=split,
    )
