"""DFDM: face swaps of Celeb-DF's videos by autoencoders of one program, each at three qualities.

    DFDM_crf23/<any folders>/id28_id20_0008_4dfaker.mp4    <target>_<source>_<number>_<model>

<model> is a digit and a name: 2lightweight, 3iae, 4dfaker and 5dfl-h128, of the program Faceswap. The three
folders DFDM_crf0, DFDM_crf10 and DFDM_crf23 have the same videos at other qualities, an attribute.

`1original` is left out, since what it is isn't clear: the README counts five models and names Faceswap's own
as the first, but its authors answer in issue 1 of the repository that these videos are real.

All of it is fake. The people are Celeb-DF's, and a fake was made from its Celeb-real/<target>_<number>: the
plan joins them where both corpora are in a dataset.

Sources: Jia, Li and Lyu, "Model Attribution of Face-Swap Deepfake Videos", ICIP 2022; README and issues of
shanface33/Deepfake_Model_Attribution; builders/dfdm.py of dfwb-research/deepfake-workbench for whole names.
"""

import re

from deepfake.layouts.entries import FAKE, Corpus, Entry, Video
from deepfake.layouts.shared import folders, unexpected_path, unusable

NAME = re.compile(r"(id[0-9]+)_(id[0-9]+)_([0-9]+)_[0-9]_?([a-z0-9-]+)", re.IGNORECASE)
QUALITY = re.compile(r"(?:dfdm[_-]?)?crf(0|10|23)", re.IGNORECASE)
MODELS = {"lightweight": "Lightweight", "iae": "IAE", "dfaker": "Dfaker", "dfl-h128": "DFL-H128"}
UNCLEAR = "1original: the authors say both that these are real and that they are fakes by Faceswap"
EXPECTED = "DFDM_crf<0, 10 or 23>/<target>_<source>_<number>_<model>"


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos; there are no label files."""
    return [_video(entry) for entry in corpus.media]


def _video(entry: Entry) -> Video:
    match = NAME.fullmatch(entry.stem)
    qualities = [found[1] for name in folders(entry) if (found := QUALITY.fullmatch(name))]
    model = match[4].lower() if match else ""
    if model == "original" and qualities:
        return unusable(entry, UNCLEAR)
    if model not in MODELS or not qualities:
        return unexpected_path(entry, EXPECTED)
    target, source, number = (match[group].lower() for group in (1, 2, 3))
    original = f"Celeb-real_{target}_{number}"
    return Video(
        entry,
        name=f"crf{qualities[-1]}_{entry.stem}",
        label=FAKE,
        method=f"DFDM-{MODELS[model]}",
        target=target,
        source=source,
        original=original,
        group=original,
        attributes={"crf": qualities[-1]},
    )
