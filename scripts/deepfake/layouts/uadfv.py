"""UADFV: 49 videos from YouTube, and a face swap of each.

    real/0000.mp4              <number>
    fake/0000_fake.mp4         <number>_fake, made from real/<number>
    real/frames/0000/*.png     a video's frames, as DeepfakeBench stores them, in either folder

Numbers have four digits. Nothing says who is seen. There are no splits: where the folders are within train,
val or test the corpus is another one, and layout `imagefolder` reads it.

Sources: Yang, Li and Lyu, "Exposing Deep Fakes Using Inconsistent Head Poses", ICASSP 2019; rearrange.py of
SCLBD/DeepfakeBench and builders/uadfv.py of dfwb-research/deepfake-workbench for the folders and names.
"""

import re

from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import FRAME_FOLDERS, SPLITS, folders, unexpected_path, unusable

NAME = re.compile(r"([0-9]{4})(_fake)?")
LABELS = {"real": REAL, "fake": FAKE}
BETWEEN = ("videos", *FRAME_FOLDERS)
EXPECTED = "real/<number> or fake/<number>_fake, with four digits"


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos; there are no label files."""
    return [_video(entry) for entry in corpus.media]


def _video(entry: Entry) -> Video:
    above = [name.lower() for name in folders(entry) if name.lower() not in BETWEEN]
    match = NAME.fullmatch(entry.stem)
    if not match or not above or above[-1] not in LABELS or SPLITS.keys() & set(above):
        return unexpected_path(entry, EXPECTED)
    is_fake = LABELS[above[-1]] == FAKE
    if is_fake != bool(match[2]):
        folder, name = ("fake", "real") if is_fake else ("real", "fake")
        return unusable(entry, f"two labels: its folder says {folder}, its name {name}")
    return Video(
        entry,
        name=entry.stem,
        label=FAKE if is_fake else REAL,
        method="FakeApp" if is_fake else "",
        original=match[1],
        group=match[1],
    )
