"""The registry of layouts: how the files of each kind of corpus become rows of videos.

A layout is a module with a function `read(corpus: Corpus) -> list[Video]`; wilddeepfake.py is a short one. To
add a layout, write such a module, add it to LAYOUTS below, and add its name to the values of
`corpora.<corpus>.layout` in rules/config.schema.yaml.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter

from deepfake.layouts import (
    celebdf,
    csv_table,
    deeperforensics,
    dfd,
    dfdc,
    dffd,
    faceforensics,
    imagefolder,
    labels,
    wilddeepfake,
)
from deepfake.layouts.entries import BY_PATH, FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import FORK, unusable


@dataclass(frozen=True)
class Layout:
    """How corpora of one layout are read.

    `read` returns a row for each of the corpus's media. Media are videos; still images too if `images`, and
    tars of them if `sequences`. `family` ("" for none): corpora of one family use the same names for the same
    people, originals and groups. `classes`: the labels that every such corpus has. `labels`: for an error,
    which files give the labels, and where they lie.
    """

    read: Callable[[Corpus], list[Video]]
    images: bool = False
    sequences: bool = False
    family: str = ""
    classes: tuple[int, ...] = (REAL, FAKE)
    labels: str = ""


LAYOUTS = {
    "celebdf": Layout(celebdf.read, family="celebdf"),
    "csv": Layout(csv_table.read, images=True),
    "deeperforensics": Layout(deeperforensics.read, family="ffpp", classes=(FAKE,)),
    "dfd": Layout(dfd.read, family="ffpp"),
    "dfdc": Layout(dfdc.read, family="dfdc", labels=dfdc.LABELS),
    "dffd": Layout(dffd.read, images=True),
    "faceforensics": Layout(faceforensics.read, family="ffpp"),
    "imagefolder": Layout(imagefolder.read, images=True),
    "labels": Layout(labels.read, images=True),
    "wilddeepfake": Layout(wilddeepfake.read, images=True, sequences=True),
}


def read_corpus(
    layout: str,
    entries: Iterable[Entry],
    read_bytes: Callable[[Entry], bytes],
    columns: dict | None = None,
) -> list[Video]:
    """Return a row for each video of a corpus, and for each image and sequence, sorted by archive and path.

    `layout` is a name in LAYOUTS, `entries` are all files of the corpus, in any order. `read_bytes` returns
    the content of a label file. `columns` are the settings `corpora.<corpus>.columns` of layout csv. A file
    that can't be used has a row with a `problem`. Raises UserError if a label file can't be understood.
    """
    files = frozenset(entries)
    media, rows = [], []
    for entry in sorted(files, key=BY_PATH):
        if not is_media(entry, layout):
            continue
        if entry.is_fork:
            rows.append(unusable(entry, FORK))
        elif entry.is_image and not LAYOUTS[layout].images:
            rows.append(unusable(entry, "still image, not a video"))
        else:
            media.append(entry)
    rows += LAYOUTS[layout].read(Corpus(media, files, read_bytes, columns))
    return sorted(rows, key=attrgetter("entry.archive", "entry.path", "name"))


def is_media(entry: Entry, layout: str) -> bool:
    """Whether a file is named like a video or an image, or like a sequence in a layout that has those."""
    return entry.is_video or entry.is_image or (entry.is_sequence and LAYOUTS[layout].sequences)
