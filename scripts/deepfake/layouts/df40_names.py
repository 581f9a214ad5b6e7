"""The names of DF40: which method made a file, from whose video, and where it lies.

    <method>/{ff,cdf}/frames/<video>/<frame>              face swapping and reenactment: frames of a video
    <method>/frames/<video>/<frame>                       the same in DF40_train, always from FaceForensics++
    <method>/ff/<id>/<still>                              synthesis and editing: stills
    <method>/<id>/<still>                                 the same in DF40_train
    <method>/cdf/[Fake_from_]{Celeb-real,YouTube-real}/<video>/<still>
    <method>/{real,fake}/[frames/]<video>/<frame>         deepfacelab, heygen: videos with reals of their own
    <method>/{real,fake}/[<folder>/]<still>               stills with reals of their own

A folder may be repeated (`stargan/fake/fake`), and archives add folders above. In `ff` a <video> is `<id>` or
`<id>_<id>` of FaceForensics++, in `cdf` `<person>_<number>`, `<person>_<person>_<number>` or `<number>` of
Celeb-DF, perhaps with more behind. The first id is taken for the target, whose video it was, as in those
corpora. A folder of images that were generated as a whole only says in whose place they stand.
"""

import re
from dataclasses import replace

from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.shared import folders, unexpected_path

SWAP, REENACTMENT = "face swapping", "face reenactment"
SYNTHESIS, EDITING = "entire face synthesis", "face editing"
TYPES = {
    SWAP: "fsgan faceswap simswap inswap blendface uniface mobileswap e4s facedancer deepfacelab",
    REENACTMENT: (
        "fomm facevid2vid wav2lip MRAA one_shot_free pirender tpsm lia danet sadtalker mcnet hyperreenact"
        " heygen"
    ),
    SYNTHESIS: (
        "VQGAN StyleGAN2 StyleGAN3 StyleGANXL sd2.1 ddim RDDM pixart DiT SiT MidJourney whichfaceisreal"
    ),
    EDITING: "CollabDiff e4e stargan starganv2 styleclip",
}
"""By type, the methods."""

ALIASES = {"whichisreal": "whichfaceisreal", "heygen_new": "heygen"}
METHODS = {name.lower(): (name, kind) for kind, names in TYPES.items() for name in names.split()}
METHODS |= {alias: METHODS[name] for alias, name in ALIASES.items()}
WITH_REALS = {"deepfacelab", "heygen", "CollabDiff", "MidJourney", "whichfaceisreal"}
WITH_REALS |= {"stargan", "starganv2", "styleclip"}
CLASSES = {"real": REAL, "fake": FAKE}
BUCKET = re.compile(r"(?:fake_from_)?(?:celeb|youtube)-real", re.IGNORECASE)
FF = re.compile(r"([0-9]{3})(?:_([0-9]{3}))?(?![0-9]).*")
CELEB = re.compile(r"(id[0-9]+)(?:_(id[0-9]+))?_([0-9]{4})(?![0-9]).*")
YOUTUBE = re.compile(r"([0-9]{5})(?![0-9]).*")
EXPECTED = "<method>/{ff,cdf}/[frames/]<video>/<frame> or <method>/{real,fake}/…, with a method of DF40"


def is_video_method(entry: Entry) -> bool:
    """Whether a file or folder lies below a method that makes videos, so that folders hold their frames."""
    found, _ = _method_and_tail(entry)
    return bool(found) and METHODS[found][1] in (SWAP, REENACTMENT)


def df40_video(entry: Entry) -> Video:
    """Return the row of a folder of frames or of a still, by its path; of FaceForensics++ without group."""
    found, tail = _method_and_tail(entry)
    if not found:
        return unexpected_path(entry, EXPECTED)
    method, kind = METHODS[found]
    parts = [part for part in tail if part.lower() not in ("frames", "inversions")]
    if entry.is_frames:
        parts.append(entry.name)
    first = parts[0].lower() if parts else ""
    if first in CLASSES and method in WITH_REALS:
        return _with_reals(entry, method, kind, CLASSES[first], parts[1:])
    in_train = "df40_train" in map(str.lower, folders(entry)) or first not in ("ff", "cdf")
    subset, inner = (first, parts[1:]) if first in ("ff", "cdf") else ("ff", parts)
    if subset == "cdf":
        inner = inner[1:] if inner and BUCKET.fullmatch(inner[0]) else inner
    inner = inner or ([] if entry.is_frames else [entry.stem])  # e4e's stills are named after their videos
    if len(inner) != 1 or method in WITH_REALS:
        return unexpected_path(entry, EXPECTED)
    row = _from_corpus(entry, method, kind, subset, inner[0])
    return row if row.problem else replace(row, split="train" if in_train else "test")


def _method_and_tail(entry: Entry) -> tuple[str, list[str]]:
    """Return the last folder that is named after a method, in lower case, and the folders below it."""
    above = list(folders(entry))
    at = max((number for number, part in enumerate(above) if part.lower() in METHODS), default=-1)
    return (above[at].lower(), above[at + 1 :]) if at >= 0 else ("", [])


def _with_reals(entry: Entry, method: str, kind: str, label: int, inner: list[str]) -> Video:
    """Return the row of a file of a method that has its own reals; nobody is named there.

    An image and what was made of it have the same name, so these are a group.
    """
    inner = [part for part in inner if part.lower() not in CLASSES]
    own = inner if entry.is_frames else [*inner, entry.stem]
    if not own or len(own) > 2:
        return unexpected_path(entry, EXPECTED)
    name = "_".join([method, "fake" if label == FAKE else "real", *own])
    return Video(
        entry,
        name=name,
        label=label,
        method=method if label == FAKE else "",
        original="" if label == FAKE else name,
        group=f"{method}/{own[0]}",
        split="test",
        attributes={"type": kind} if label == FAKE else {},
    )


def _from_corpus(entry: Entry, method: str, kind: str, subset: str, video: str) -> Video:
    """Return the row of a fake that was made from a video of FaceForensics++ or Celeb-DF."""
    name = "_".join(
        [method, subset, video, *([] if entry.is_frames or video == entry.stem else [entry.stem])]
    )
    if subset == "ff":
        match, family = FF.fullmatch(video), "ffpp"
        target, source = match.groups(default="") if match else ("", "")
        original, group = f"youtube_c23_{target}", target
    elif match := CELEB.fullmatch(video):
        target, source = match[1], match[2] or ""
        original, family = f"Celeb-real_{target}_{match[3]}", "celebdf"
        group = original
    else:
        match, target, source, family = YOUTUBE.fullmatch(video), "", "", "celebdf"
        group = original = f"YouTube-real_{match[1]}" if match else ""
    if not match:
        return unexpected_path(entry, f"{method}/{subset}/<video>, with a video's name of that corpus")
    is_generated = kind == SYNTHESIS
    return Video(
        entry,
        name=name,
        label=FAKE,
        method=method,
        target="" if is_generated else target,
        source="" if is_generated else source,
        original="" if is_generated else original,
        group=group,
        attributes={"type": kind},
        family=family,
    )
