"""Real and Fake Face Detection, of Yonsei University's CIPLAB: photos, and faces composed in Photoshop.

    training_real/real_00001.jpg
    training_fake/easy_1_1110.jpg     <difficulty>_<number>_<left eye, right eye, nose, mouth>

The four digits say which parts of a face come from another one (1). A few names have three digits; which
parts they mean is unknown. The authors call the difficulty (easy, mid, hard) subjective, and no category: it
is an attribute, and the method is Photoshop for all. Copies have the same names in folders `real` and `fake`,
some in folders of splits. Kaggle's zip holds everything twice.

A group is one image. Nobody is named, and whose parts a face was composed of isn't known.

Sources: kaggle.com/datasets/ciplab/real-and-fake-face-detection; the order of the digits as RFFaceDataset
reads it, a loader for PyTorch that several projects share; a copy with 480 fakes, all of whose names fit.
"""

import re

from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import SPLITS, TWO_LABELS, folders, unexpected_path, unique_path, unusable

CLASSES = {"training_real": REAL, "real": REAL, "training_fake": FAKE, "fake": FAKE}
REAL_NAME = re.compile(r"real_[0-9]{5}")
FAKE_NAME = re.compile(r"(?P<difficulty>easy|mid|hard)_[0-9]+_(?P<parts>[01]{3,4})")
PARTS = ("left_eye", "right_eye", "nose", "mouth")
EXPECTED = "training_real/real_<number> or training_fake/<difficulty>_<number>_<four digits>"


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the images; there are no label files."""
    return [_video(entry) for entry in corpus.media]


def _video(entry: Entry) -> Video:
    above = [folder.lower() for folder in folders(entry)]
    label = CLASSES.get(above[-1]) if above else None
    fake = FAKE_NAME.fullmatch(entry.stem)
    named = FAKE if fake else REAL if REAL_NAME.fullmatch(entry.stem) else None
    if label is None or named is None or not entry.is_image:
        return unexpected_path(entry, EXPECTED)
    if named != label:
        return unusable(entry, f"{TWO_LABELS}: its folder says {above[-1]}, its name the other class")
    splits = [SPLITS[folder] for folder in above if folder in SPLITS]
    row = {"group": unique_path(entry), "split": splits[-1] if splits else ""}
    if not fake:
        return Video(entry, entry.stem, REAL, original=entry.stem, **row)
    attributes = {"difficulty": fake["difficulty"]}
    if len(fake["parts"]) == len(PARTS):
        parts = [part for part, digit in zip(PARTS, fake["parts"], strict=True) if digit == "1"]
        attributes["replaced"] = " ".join(parts)
    return Video(entry, entry.stem, FAKE, "Photoshop", attributes=attributes, **row)
