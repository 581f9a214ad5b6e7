"""WildDeepfake: sequences of faces, cut by its authors from 707 videos found on the internet.

    deepfake_in_the_wild/{real,fake}_{train,test}/<number>.tar.gz            real_train/12.tar.gz
    {real,fake}_{train,test}/[<folder>/]<number>/[<folder>/...]<still>       real_train/12/real/103/7.png

The folder gives label and official split. A tar holds the stills of one video, at times in several
sequences; unpacked, the first folder with a number is what was the tar. Numbers begin anew in each folder,
and nobody says which tars, if any, come from one source; so group is folder and number, packed or not.

Source: Zi et al., "WildDeepfake: A Challenging Real-World Dataset for Deepfake Detection", ACM MM 2020.
"""

import re
from collections.abc import Callable

from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.shared import folders, in_order, misfit, sift

FOLDER = re.compile(r"(real|fake)_(train|test)", re.IGNORECASE)
NUMBER = re.compile(r"[0-9]+")
TAR = re.compile(r"([0-9]+)\.(?:tar|tar\.gz|tgz)", re.IGNORECASE)
LABELS = {"real": REAL, "fake": FAKE}
GRAMMAR = "{real,fake}_{train,test}/<number>.tar.gz or {real,fake}_{train,test}/<number>/<still>"


def read(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> list[Video]:
    """The sequences of a WildDeepfake corpus, and its unpacked stills; it has no small files to read."""
    media, refused = sift(entries, stills=True, sequences=True)
    return in_order([*refused, *map(_row, media)])


def _row(entry: Entry) -> Video:
    above = folders(entry)
    places = [at for at, folder in enumerate(above) if FOLDER.fullmatch(folder)]
    if not places:
        return misfit(entry, GRAMMAR)
    folder, inner = above[places[-1]].lower(), above[places[-1] + 1 :]
    label, split = folder.split("_")
    if entry.is_sequence:
        found = TAR.fullmatch(entry.name)
        number, name = (found[1], f"{folder}_{found[1]}") if found and not inner else ("", "")
    else:
        number = next((part for part in inner if NUMBER.fullmatch(part)), "") if entry.is_image else ""
        name = "_".join([folder, *inner, entry.stem])
    if not number:
        return misfit(entry, GRAMMAR)
    return Video(
        entry,
        name=name,
        label=LABELS[label],
        original=name if label == "real" else "",
        group=f"{folder}_{number}",
        split=split,
    )
