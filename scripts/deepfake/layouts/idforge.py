"""IDForge v1: shots of 54 celebrities, with their faces, lips or voices forged.

    <type>/<person>/<session>/<shot>.mp4     pristine/id00/id00_03/id00_scene_0010-0.mp4
                                             lip_tts_textgen/id00/id00_03/id00_scene_0010-0_fake.mp4
                                             face_tts/id03/id03_04/id03_scene_0103_0_simswap.mp4
    {train,val,test}.csv                     a path of this kind on each line, without a header

<session> is one video from the internet, and <shot> a part of it; some of the endings above, and `.mp3`, are
added to the name of a forged shot. The types of forgery:

- `face_…`: the face of <person> was put on a stand-in, whom the release doesn't name: the source is the
  person, and the name says by which program.
- `lip_…`: Wav2Lip moved the lips. The original is the pristine shot of the same session and name, which the
  official val.csv has for 97 % of them.
- `rvc_textmismatch`, `tts_textgen` and `tts_textmismatch`: the sound alone was forged. The picture is real,
  so the label is real here, with `audio: fake` in the attributes.

The group is the session. IDForge v2 has arrays in place of videos, and is not read.

Sources: Xu et al., "Identity-Driven Multimedia Forgery Detection via Reference Assistance", ACM MM 2024;
xyyandxyy/IDForge (README.md, IDForge_v1/val.csv); dfwb-research/deepfake-workbench (builders/idforge.py).
"""

import re
from collections import defaultdict
from dataclasses import replace

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import unexpected_path, unusable

PRISTINE = "pristine"
FACE = ("face_audiomismatch_textmismatch", "face_rvc_textmismatch", "face_tts", "face_tts_textgen")
LIP = ("lip_audiomismatch_textmismatch", "lip_rvc_textmismatch", "lip_tts_textgen")
SOUND = ("rvc_textmismatch", "tts_textgen", "tts_textmismatch")
TYPES = (PRISTINE, *FACE, *LIP, *SOUND)
PATH = re.compile(
    rf"(?:.*/)?(?P<type>{'|'.join(TYPES)})/(?P<person>id[0-9]+)/(?P<session>(?P=person)_[0-9]+)/"
    r"(?P<shot>(?P=person)_[A-Za-z0-9_-]+?)"
    r"(?P<end>_fake|_(?P<program>roop|simswap|infoswap)|\.mp3)?"
)
EXPECTED = "<type>/<person>/<session>/<person>_<shot>"
LISTS = {"train.csv": "train", "val.csv": "val", "test.csv": "test"}


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if a split list can't be understood."""
    matches = {entry: _match(entry.path if entry.is_frames else _stem(entry.path)) for entry in corpus.media}
    splits = _read_splits(corpus) if any(matches.values()) else {}
    rows = []
    for entry, match in matches.items():
        if not match:
            rows.append(unexpected_path(entry, EXPECTED))
        elif match["type"] in FACE and not match["program"]:
            rows.append(unexpected_path(entry, f"{EXPECTED}_{{roop,simswap,infoswap}}"))
        else:
            rows.append(_video(entry, match, splits.get(_key(match), set())))
    return rows


def _match(path: str) -> re.Match | None:
    return PATH.fullmatch(path)


def _stem(path: str) -> str:
    stem, dot, suffix = path.rpartition(".")
    return stem if dot and "/" not in suffix else path


def _key(match: re.Match) -> str:
    return match[0][match.start("type") :]


def _read_splits(corpus: Corpus) -> dict[str, set[str]]:
    """Return the splits of each listed path without its ending."""
    splits = defaultdict(set)
    for entry in corpus.label_files(lambda entry: entry.name in LISTS):
        for number, line in enumerate(corpus.text(entry).splitlines(), start=1):
            match = _match(_stem(line.strip()))
            if line.strip() and not match:
                raise UserError(
                    f"{entry}, line {number}: expected pristine/id00/id00_03/id00_scene_0010-0.mp4, got "
                    f"{line[:100]!r}"
                )
            if match:
                splits[_key(match)].add(LISTS[entry.name])
    return splits


def _video(entry: Entry, match: re.Match, splits: set[str]) -> Video:
    kind, person, session, shot = match.group("type", "person", "session", "shot")
    if len(splits) > 1:
        return unusable(entry, f"two splits in the lists: {', '.join(sorted(splits))}")
    name = f"{kind}_{session}_{shot}{match['end'] or ''}"
    row = Video(entry, name, REAL, original=name, group=session, split="".join(splits))
    if kind in FACE:
        attributes = {"forgery": kind, "audio": _audio(kind)}
        return replace(
            row, label=FAKE, method=match["program"], source=person, original="", attributes=attributes
        )
    row = replace(row, target=person, attributes={"audio": "real"})
    if kind == PRISTINE:
        return row
    row = replace(row, attributes={"forgery": kind, "audio": _audio(kind)})
    if kind in SOUND:
        return row
    return replace(row, label=FAKE, method="wav2lip", original=f"{PRISTINE}_{session}_{shot}")


def _audio(kind: str) -> str:
    """Return the state of the sound: another person's, unchanged, is mismatched."""
    return "mismatched" if "audiomismatch" in kind else "fake"
