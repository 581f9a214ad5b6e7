"""DeeperForensics-1.0: the faces of 100 paid actors in the clips of FaceForensics++.

    manipulated_videos/<variant>/<target>_<source>.mp4    manipulated_videos/end_to_end/000_M101.mp4
    lists/splits/{train,val,test}.txt                     lines `000_M101.mp4`

<target> is an id of FaceForensics++, <source> an actor: M or W, for a man or a woman, and three digits. The
eleven variants, such as `end_to_end_level_3`, are one swap each time, rendered or distorted in another way;
so there is one method, and the variant is an attribute. Actors were put only into clips of their own sex.

All of it is fake. `source_videos` show the actors, but its authors say that these are not the real class;
that is FaceForensics++ at c23, so `original` is the name that a clip has there. group is the target's id: so
the plan joins it with all that shows this target, whatever FaceForensics++ names the target's group there.

Source: Jiang et al., "DeeperForensics-1.0: A Large-Scale Dataset for Real-World Face Forgery Detection",
CVPR 2020, and the README of its data.
"""

import re
from collections.abc import Callable
from io import StringIO

from deepfake.layouts.entries import FAKE, Entry, Video
from deepfake.layouts.shared import folders, in_order, misfit, refuse, sift, text, where

NAME = re.compile(r"([0-9]{3})_([MW][0-9]{3})")
LINE = re.compile(r"(?:.*/)?([0-9]{3}_[MW][0-9]{3})(?:\.mp4)?")
VARIANTS = {
    "end_to_end", "reenact_postprocess", "end_to_end_random_level",
    *(f"end_to_end_level_{level}" for level in range(1, 6)),
    *(f"end_to_end_mix_{count}_distortions" for count in range(2, 5)),
}  # fmt: skip
SEX = {"M": "male", "W": "female"}
SPLIT_FILES = {"train.txt": "train", "val.txt": "val", "test.txt": "test"}
GRAMMAR = "manipulated_videos/<variant>/<target>_<source>"
NOT_REAL = "a source video: the authors say not to take these for the real class"


def read(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> list[Video]:
    """The videos of a DeeperForensics corpus. ValueError where a split list can't be understood."""
    clips, refused = sift(entries)
    splits = _splits(entries, read_bytes)
    return in_order([*refused, *(_row(entry, splits) for entry in clips)])


def _row(entry: Entry, splits: dict[str, str]) -> Video:
    above = [folder.lower() for folder in folders(entry)]
    if "source_videos" in above:
        return refuse(entry, NOT_REAL)
    found = NAME.fullmatch(entry.stem)
    if not found or not above or above[-1] not in VARIANTS:
        return misfit(entry, GRAMMAR)
    target, source = found.groups()
    return Video(
        entry,
        name=f"{above[-1]}_{entry.stem}",
        label=FAKE,
        method="DeeperForensics",
        target=target,
        source=source,
        original=f"youtube_c23_{target}",
        group=target,
        split=splits.get(entry.stem, ""),
        attributes={"sex": SEX[source[0]], "variant": above[-1]},
    )


def _splits(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> dict[str, str]:
    """Each listed name, without its ending, with its official split; a name speaks for all variants."""
    splits: dict[str, str] = {}
    files = {e for e in entries if e.name in SPLIT_FILES and not e.is_fork}
    for entry in sorted(files, key=lambda e: (e.archive, e.path)):
        split = SPLIT_FILES[entry.name]
        for number, line in enumerate(StringIO(text(entry, read_bytes)), start=1):
            place, line = f"{where(entry)}, line {number}", line.strip()
            found = LINE.fullmatch(line)
            if line and not found:
                raise ValueError(f"{place}: expected `000_M101.mp4`, got {line!r}")
            if found and splits.setdefault(found[1], split) != split:
                raise ValueError(f"{place}: {found[1]} stands in {splits[found[1]]}.txt too; keep one.")
    return splits
