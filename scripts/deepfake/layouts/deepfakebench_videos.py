"""What DeepfakeBench's lists say of a video, by its label and by the names of the corpus that it is from.

    FF-real, FF-DF, FF-F2F, FF-FS, FF-NT, FF-FH, FF-SH    FaceForensics++ (FH and SH: FaceShifter)
    DFD_real, DFD_fake                                    DFD
    CelebDFv1_real, CelebDFv2_fake, …                     Celeb-DF
    DFDC_Real, DFDCP_FakeA, …                             DFDC, and its Preview
    DF_real, DF_fake                                      DeeperForensics
    UADFV_Real, UADFV_Fake                                UADFV
    simswap_Fake, roop_Real, …                            others, DF40's methods among them

A folder that shows the corpus counts more than the label: DF40's lists have videos of FaceForensics++ and
Celeb-DF under labels of their own.
"""

import re
from typing import NamedTuple

from deepfake.layouts.deepfakebench_json import Listed
from deepfake.layouts.dfdc import preview_video
from deepfake.layouts.dfdc_labels import Record
from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.faceforensics_tree import TREE
from deepfake.layouts.media_types import FRAMES
from deepfake.layouts.shared import unexpected_path, unique_path

FF_FOLDERS = {
    "FF-real": "original_sequences/youtube",
    "DFD_real": "original_sequences/actors",
    "FF-DF": "manipulated_sequences/Deepfakes",
    "FF-F2F": "manipulated_sequences/Face2Face",
    "FF-FS": "manipulated_sequences/FaceSwap",
    "FF-NT": "manipulated_sequences/NeuralTextures",
    "FF-FH": "manipulated_sequences/FaceShifter",
    "FF-SH": "manipulated_sequences/FaceShifter",
    "DFD_fake": "manipulated_sequences/DeepFakeDetection",
}
"""By label, the folder in the tree of FaceForensics++."""

CELEB_FOLDERS = ("Celeb-real", "YouTube-real", "Celeb-synthesis")
WORDS = re.compile(r"[^A-Za-z]+")
FAKE_WORD = re.compile(r"fake[a-z]?", re.IGNORECASE)  # FakeA and FakeB of DFDCP too
METHOD = re.compile(r"(.+)[_-]fake", re.IGNORECASE)
PREVIEW = re.compile(r"(?:([0-9]+)_)?([0-9]+)_([^_]+)_([0-9]+)")


class Kind(NamedTuple):
    """Which layout knows a video's names, "" if none does, and the path that it has there."""

    layout: str
    path: str


def label_of(label: str) -> int | None:
    """Return the label that a name of DeepfakeBench stands for, None if it says neither.

    The last word that says so counts: what comes before is the name of a corpus or of a method.
    """
    if label in FF_FOLDERS:
        return REAL if label.lower().endswith("real") else FAKE
    words = [word.lower() for word in WORDS.split(label)]
    found = [word for word in words if word == "real" or FAKE_WORD.fullmatch(word)]
    return None if not found else REAL if found[-1] == "real" else FAKE


def kind_of(listed: Listed, path: str) -> Kind:
    """Return the kind of a listed video; `path` is that of its folder, or of its only frame."""
    parts, video, label = path.split("/"), listed.video, listed.label
    if {"DF40", "DF40_train"} & set(parts):
        return Kind("df40", path)
    if TREE.search(path):
        return Kind("faceforensics", path)
    if folder := FF_FOLDERS.get(label):
        return Kind("faceforensics", f"{folder}/{listed.compression or 'c23'}/frames/{video}")
    if folders := [part for part in parts if part in CELEB_FOLDERS]:
        return Kind("celebdf", f"{folders[-1]}/{video}")
    if label.startswith("CelebDF"):
        real = "Celeb-real" if video.startswith("id") else "YouTube-real"
        return Kind("celebdf", f"{real if label_of(label) == REAL else 'Celeb-synthesis'}/{video}")
    if "source_videos" in parts or label == "DF_real":
        return Kind("deeperforensics", f"source_videos/{video}")
    if label == "DF_fake":
        at = parts.index("manipulated_videos") + 1 if "manipulated_videos" in parts[:-1] else 0
        return Kind("deeperforensics", f"manipulated_videos/{parts[at] if at else 'end_to_end'}/{video}")
    if label.startswith("UADFV_"):
        return Kind("uadfv", f"{'real' if label_of(label) == REAL else 'fake'}/{video}")
    if label.startswith("DFDCP_"):
        return Kind("preview", path)
    return Kind("dfdc" if label.startswith("DFDC_") else "", path)


def preview_row(entry: Entry, listed: Listed) -> Video:
    """Return the row of a video of DFDC's Preview, whose name says who is in it."""
    match, label = PREVIEW.fullmatch(listed.video), label_of(listed.label)
    if not match or bool(match[1]) != (label == FAKE):
        return unexpected_path(entry, "<target>_<take>_<part> or <source>_<target>_<take>_<part>")
    _, target, take, _ = match.groups()
    folder = f"original_videos/{target}"
    if label == FAKE:
        folder = f"method_{listed.label[-1]}/{target}/{target}_{take}"
    return preview_video(entry, Record(f"{folder}/{listed.video}", label, is_preview=True))


def dfdc_row(entry: Entry, listed: Listed, path: str) -> Video:
    """Return the row of a video of DFDC, whose original isn't known: its group is its part."""
    label, folders = label_of(listed.label), path.split("/")[:-1]
    part = next((folder for folder in reversed(folders) if folder.lower() != "frames"), "")
    original = listed.video if label == REAL else ""
    return Video(entry, listed.video, label, original=original, group=f"part:{part}")


def other_row(entry: Entry, listed: Listed) -> Video:
    """Return the row of a video of a corpus that no layout knows; its group is itself."""
    label = label_of(listed.label)
    own = entry.stem if entry.content != FRAMES and entry.stem != listed.video else ""
    name = "_".join(part for part in (listed.label, listed.video, own) if part)
    match = METHOD.fullmatch(listed.label.removeprefix(f"{listed.corpus}_")) if label == FAKE else None
    return Video(
        entry,
        name=name,
        label=label,
        method=match[1] if match else "",
        original=name if label == REAL else "",
        group=unique_path(entry),
    )
