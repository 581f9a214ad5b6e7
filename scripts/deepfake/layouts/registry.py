"""The registry of layouts: how the files of each kind of corpus become rows of videos.

A layout is a module with a function `read(corpus: Corpus) -> list[Video]`; wilddeepfake.py is a short one. To
add a layout, write such a module, add it to LAYOUTS below, and add its name to the values of
`corpora.<corpus>.layout` in rules/config.schema.yaml.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter

from deepfake.layouts import (
    avdeepfake1m,
    celebdf,
    ciplab,
    communityforensics,
    csv_table,
    deeperforensics,
    deepfakebench,
    deepspeak,
    df40,
    dfd,
    dfdc,
    dfdm,
    dffd,
    faceforensics,
    fakeavceleb,
    ffiw,
    genimage,
    idforge,
    imagefolder,
    kodf,
    labels,
    lavdf,
    polyglotfake,
    talkingheadbench,
    uadfv,
    wilddeepfake,
)
from deepfake.layouts.entries import BY_PATH, FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.frame_folders import read_with_frames
from deepfake.layouts.shared import not_read, unusable

OF_A_LIST, OF_ONE_CORPUS, OF_TABLES, OF_FOLDERS = range(4)
"""How much a layout knows of its files: where several fit, `suggest` takes the one of the lowest rank."""


@dataclass(frozen=True)
class Layout:
    """How corpora of one layout are read.

    `read` returns a row for each of the corpus's media. Media are videos; still images too if `images`, and
    tars of them if `sequences`. Without `images`, a folder of stills may be the frames of a video (see
    frame_folders.py); with `frames`, `read` itself says which images are the frames of one. `family` ("" for
    none): corpora of one family use the same names for the same people, originals and groups. `classes`: the
    labels that every such corpus has. `labels`: for an error, which files give the labels, and where they
    lie. `from_tables`: the labels come from tables or lists, and may contradict the folders. `masks`: a
    corpus may have masks of what is manipulated. `segments`: of some fakes only parts are fake. `rank` and
    `sign` are for finding out which layout a corpus has (see corpora/fit.py):
    `sign` is found in the path of some file of every such corpus, where a layout would otherwise read corpora
    of others too.
    """

    read: Callable[[Corpus], list[Video]]
    images: bool = False
    frames: bool = False
    sequences: bool = False
    family: str = ""
    classes: tuple[int, ...] = (REAL, FAKE)
    labels: str = ""
    from_tables: bool = False
    masks: bool = False
    segments: bool = False
    rank: int = OF_ONE_CORPUS
    sign: re.Pattern | None = None


LAYOUTS = {
    "avdeepfake1m": Layout(avdeepfake1m.read, family="voxceleb2", labels=avdeepfake1m.LABELS, segments=True),
    "celebdf": Layout(celebdf.read, family="celebdf"),
    "ciplab": Layout(ciplab.read, images=True),
    "communityforensics": Layout(communityforensics.read, images=True, from_tables=True, classes=(FAKE,)),
    "csv": Layout(csv_table.read, images=True, from_tables=True, rank=OF_TABLES),
    "deeperforensics": Layout(deeperforensics.read, family="ffpp", classes=(FAKE,)),
    "deepfakebench": Layout(
        deepfakebench.read,
        images=True,
        frames=True,
        family="deepfakebench",
        from_tables=True,
        labels=deepfakebench.LABELS,
        rank=OF_A_LIST,
    ),
    "deepspeak": Layout(deepspeak.read, family="deepspeak", labels=deepspeak.LABELS, from_tables=True),
    "df40": Layout(df40.read, images=True, frames=True, family="df40", classes=(FAKE,)),
    "dfd": Layout(dfd.read, family="ffpp", masks=True),
    "dfdc": Layout(dfdc.read, family="dfdc", labels=dfdc.LABELS, from_tables=True),
    "dfdm": Layout(dfdm.read, family="celebdf", classes=(FAKE,)),
    "dffd": Layout(dffd.read, images=True, sign=dffd.SIGN),
    "faceforensics": Layout(faceforensics.read, family="ffpp", masks=True),
    "fakeavceleb": Layout(fakeavceleb.read, family="voxceleb2"),
    "ffiw": Layout(ffiw.read, family="ffiw", masks=True),
    "genimage": Layout(genimage.read, images=True, sign=genimage.SIGN),
    "idforge": Layout(idforge.read, family="idforge"),
    "imagefolder": Layout(imagefolder.read, images=True, rank=OF_FOLDERS),
    "kodf": Layout(kodf.read, family="kodf"),
    "labels": Layout(labels.read, images=True, from_tables=True, rank=OF_TABLES),
    "lavdf": Layout(lavdf.read, family="lavdf", labels=lavdf.LABELS, from_tables=True, segments=True),
    "polyglotfake": Layout(polyglotfake.read, family="polyglotfake"),
    "talkingheadbench": Layout(talkingheadbench.read, family="talkingheadbench", classes=(FAKE,)),
    "uadfv": Layout(uadfv.read, family="uadfv"),
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
    the content of a label file. `columns` are the settings `corpora.<corpus>.columns` of layouts csv and
    labels. A file that can't be used has a row with a `problem`. Hidden and service files have none. Raises
    UserError if a label file can't be understood.
    """
    files = frozenset(entries)
    found = sorted((entry for entry in files if is_media(entry, layout)), key=BY_PATH)
    rows = [unusable(entry, not_read(entry)) for entry in found if entry.is_unread]
    known, properties = [entry for entry in found if not entry.is_unread], LAYOUTS[layout]

    def read(media: list[Entry]) -> list[Video]:
        return properties.read(Corpus(media, files, read_bytes, columns))

    if properties.images:
        rows += read(known)
    else:
        videos, stills = ([e for e in known if e.is_image == is_still] for is_still in (False, True))
        rows += read_with_frames(read, videos, stills)
    return sorted(rows, key=attrgetter("entry.archive", "entry.path", "name"))


def is_media(entry: Entry, layout: str) -> bool:
    """Whether a file is a video or an image, or is named like a sequence in a layout that has those."""
    if entry.is_sequence:
        return LAYOUTS[layout].sequences and not entry.is_service
    return (entry.is_video or entry.is_image or entry.is_unread) and not entry.is_service
