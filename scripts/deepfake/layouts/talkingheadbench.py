"""TalkingHeadBench: portraits of FFHQ that talking-head generators move as people of CelebV-HQ move.

    fake/<generator>/{train,val,test}/<portrait>--<driver>--<generator>.mp4    198--abcDEF_0--LivePortrait.mp4
    fake/additional_dataset/{MAGI-1,Hallo3}/<portrait>-<driver>.mp4 or <portrait>.mp4

<portrait> is the number of an image, and <driver> the clip whose motion, and for some generators sound, was
taken. The generators are LivePortrait, AniPortraitAudio, AniPortraitVideo, Hallo, Hallo2 and EmoPortrait; the
two of additional_dataset are for testing only.

All of it is fake. The release has a list of the reals, videos of FaceForensics++ and CelebV-HQ, and not
these: use FaceForensics++, or CelebV-HQ as a corpus of its own. The portrait is the target, the clip the
source. The group is the portrait. Whether the numbers of additional_dataset are those of the same portraits
isn't said: they are groups and people of their own.

Sources: Xiong et al., "TalkingHeadBench: A Multi-Modal Benchmark & Analysis of Talking-Head DeepFake
Detection", WACV 2026; the card of luchaoqi/TalkingHeadBench; dfwb-research/deepfake-workbench
(builders/talkingheadbench.py).
"""

import re

from deepfake.layouts.entries import FAKE, Corpus, Entry, Video
from deepfake.layouts.shared import unexpected_path

GENERATORS = ("LivePortrait", "AniPortraitAudio", "AniPortraitVideo", "Hallo", "Hallo2", "EmoPortrait")
ADDITIONAL = ("MAGI-1", "Hallo3")
PATH = re.compile(
    rf"(?:.*/)?fake/({'|'.join(GENERATORS)})/(train|val|test)/(([0-9]+)--(.+)--[A-Za-z0-9_]+)", re.IGNORECASE
)
ADDITIONAL_PATH = re.compile(
    rf"(?:.*/)?fake/additional_dataset/({'|'.join(ADDITIONAL)})/(([0-9]+)(?:-(.+))?)", re.IGNORECASE
)
NAMES = {name.lower(): name for name in (*GENERATORS, *ADDITIONAL)}
EXPECTED = "fake/<generator>/{train,val,test}/<portrait>--<driver>--<generator>"


def read(corpus: Corpus) -> list[Video]:
    """Return a row for each video."""
    return [_video(entry) for entry in corpus.media]


def _video(entry: Entry) -> Video:
    path = entry.path if entry.is_frames else f"{entry.path[: -len(entry.name)]}{entry.stem}"
    if match := PATH.fullmatch(path):
        generator, split, _, portrait, driver = match.groups()
    elif match := ADDITIONAL_PATH.fullmatch(path):
        generator, _, portrait, driver = match.groups()
        split, portrait = "test", f"additional_{portrait}"
    else:
        return unexpected_path(entry, EXPECTED)
    method = NAMES[generator.lower()]
    return Video(
        entry,
        name=f"{method}_{entry.stem}",
        label=FAKE,
        method=method,
        target=portrait,
        source=driver or "",
        group=portrait,
        split=split.lower(),
    )
