"""DeeperForensics-1.0: the faces of 100 paid actors in the videos of FaceForensics++.

    manipulated_videos/<variant>/<target>_<source>.mp4    manipulated_videos/end_to_end/000_M101.mp4
    lists/splits/{train,val,test}.txt                     lines `000_M101.mp4`

<target> is an id of FaceForensics++, <source> an actor: M or W, for a man or a woman, and three digits. The
eleven variants, such as `end_to_end_level_3`, are the same swap, rendered or distorted in another way; so
there is one method, and the variant is an attribute. Actors were put only into videos of their own sex.

All of it is fake. `source_videos` show the actors, but the authors say that these are not the real class;
that is FaceForensics++ at c23, so `original` is the name that the target's video has there. The group is the
target's id: the plan joins it with all videos of that target in FaceForensics++.

Source: Jiang et al., "DeeperForensics-1.0: A Large-Scale Dataset for Real-World Face Forgery Detection",
CVPR 2020, and the README of its data.
"""

import re
from io import StringIO

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, Corpus, Entry, Video
from deepfake.layouts.shared import FRAME_FOLDERS, folders, unexpected_path, unusable

NAME = re.compile(r"([0-9]{3})_([MW][0-9]{3})")
LINE = re.compile(r"(?:.*/)?([0-9]{3}_[MW][0-9]{3})(?:\.mp4)?")
VARIANTS = {
    "end_to_end", "reenact_postprocess", "end_to_end_random_level",
    *(f"end_to_end_level_{level}" for level in range(1, 6)),
    *(f"end_to_end_mix_{count}_distortions" for count in range(2, 5)),
}  # fmt: skip
SEX = {"M": "male", "W": "female"}
SPLIT_FILES = {"train.txt": "train", "val.txt": "val", "test.txt": "test"}
EXPECTED = "manipulated_videos/<variant>/<target>_<source>"
NOT_REAL = "a source video: the authors say not to take these for the real class"


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if a split list can't be understood."""
    splits = _read_splits(corpus)
    return [_video(entry, splits) for entry in corpus.media]


def _video(entry: Entry, splits: dict[str, str]) -> Video:
    above = [folder.lower() for folder in folders(entry)]
    if "source_videos" in above:
        return unusable(entry, NOT_REAL)
    match = NAME.fullmatch(entry.stem)
    if entry.is_frames and above and above[-1] in FRAME_FOLDERS:
        above.pop()
    if not match or not above or above[-1] not in VARIANTS:
        return unexpected_path(entry, EXPECTED)
    target, source = match.groups()
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


def _read_splits(corpus: Corpus) -> dict[str, str]:
    """Return the official split of each listed name, without its suffix; a name stands for all variants."""
    splits: dict[str, str] = {}
    for entry in corpus.label_files(lambda entry: entry.name in SPLIT_FILES):
        split = SPLIT_FILES[entry.name]
        for number, line in enumerate(StringIO(corpus.text(entry)), start=1):
            line = line.strip()
            match = LINE.fullmatch(line)
            if line and not match:
                raise UserError(f"{entry}, line {number}: expected `000_M101.mp4`, got {line!r}")
            if match and splits.setdefault(match[1], split) != split:
                other = f"{splits[match[1]]}.txt"
                raise UserError(f"{entry}, line {number}: {match[1]} is in {other} too; remove one.")
    return splits
