"""KoDF: clips of 403 Korean actors, and fakes made of them by six models in five folders.

    original_videos/<actor>/<actor>_<number>.mp4                             a real
    synthesized_videos/dfl/<date>/<target>/<target>_<source>_1_0090.mp4      <target>_<source>_<code>_<number>
    원본1/<actor>/<actor>_<number>.mp4, dfl/<target>/<same name>.mp4     as AI-Hub has them
    원본영상_training_메타데이터.csv, 변조영상_validation_메타데이터.csv     its tables of reals and of fakes

An actor is 20 hexadecimal digits, or six decimal ones. What counts is a file's name, its actor's folder for a
real, and a folder or a zip for a fake that is named after a method, as in `train_dffs1_data`: dfl
(DeepFaceLab), dffs (FaceSwap), fsgan, fo (First Order Motion Model) and audio-driven (ATFHP and Wav2Lip). The
folder `audio-driven` doesn't say which of its two. Without such a folder the code says the method, 1 to 5 in
this order.

A table adds sex, the official split and, for a fake, its original; it also gives the actors of a file whose
name doesn't fit. Without tables a fake's original isn't known. A group is all reals and fakes of one target,
so that it holds the original anyway. Clips with adversarial noise are left out.

Sources: Kwon et al., "KoDF: A Large-scale Korean DeepFake Detection Dataset", ICCV 2021; builders/kodf.py of
dfwb-research/deepfake-workbench for names and codes; preprocess/kodf of HanMoonSub/DeepGuard for the tables.
"""

import re
import unicodedata
from dataclasses import dataclass

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import FRAME_FOLDERS, TWO_LABELS, folders, unexpected_path, unusable
from deepfake.text_files import find_column, read_cells

ACTOR = r"(?:[0-9a-f]{20}|[0-9]{6})"
REAL_NAME = re.compile(rf"({ACTOR})_[0-9]+")
FAKE_NAME = re.compile(rf"({ACTOR})_({ACTOR})_([0-9]+)_[0-9]+")
METHODS = {"1": "dfl", "2": "dffs", "3": "fsgan", "4": "fo", "5": "audio-driven"}  # by their codes
FOLDER = re.compile(r"(?<![a-z])(dfl|dffs|fsgan|fo|audio[-_ ]driven)(?![a-z])")
ADVERSARIAL = re.compile(r"(?<![a-z])adv(?:ersarial)?(?![a-z])")
NOISE = "adversarial noise: neither a plain real nor a plain fake"
TABLE = re.compile(r"(원본|변조)영상_(training|validation|test)_메타데이터\.csv")
SPLITS = {"training": "train", "validation": "val", "test": "test"}
VIDEO, UUID, TARGET, SOURCE = "영상ID", "UUID", "타겟UUID", "소스UUID"
ORIGINAL, METHOD, SEX = "타겟영상", "변조모델", "인물성별"
SEXES = {"남": "male", "여": "female"}  # how a value begins
EXPECTED = "<actor>/<actor>_<number> or <method>/.../<target>_<source>_<code>_<number>"


@dataclass(frozen=True)
class Line:
    """What a table or a name says of a video, "" for what it doesn't; a real's actor is the target."""

    label: int
    target: str
    source: str = ""
    method: str = ""
    original: str = ""
    split: str = ""
    sex: str = ""


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if a table can't be understood."""
    listed = _read_tables(corpus)
    return [_video(entry, listed) for entry in corpus.media]


def _video(entry: Entry, listed: dict[str, list[Line]]) -> Video:
    above = [unicodedata.normalize("NFC", name).lower() for name in folders(entry)]
    if entry.is_frames and above and above[-1] in FRAME_FOLDERS:
        above.pop()
    if any(ADVERSARIAL.search(name) for name in above):
        return unusable(entry, NOISE)
    by_name, lines = _by_name(entry, above), listed.get(entry.stem.lower(), [])
    said = [*([by_name] if by_name else []), *lines]
    if not said or not said[0].target:
        return unexpected_path(entry, EXPECTED)
    if len({line.label for line in said}) > 1:
        return unusable(entry, f"{TWO_LABELS}: {'its name and a table' if by_name else 'in the tables'}")
    first, table = said[0], said[-1]
    is_fake = first.label == FAKE
    original = table.original if _actor(table.original, listed) == first.target else ""
    return Video(
        entry,
        name=entry.stem,
        label=first.label,
        method=(table.method or first.method) if is_fake else "",
        target=first.target,
        source=first.source,
        original=original if is_fake else entry.stem,
        group=first.target,
        split=table.split,
        attributes={"sex": table.sex} if table.sex else {},
    )


def _actor(video: str, listed: dict[str, list[Line]]) -> str:
    """Return who is in a real video, by its name or else by the tables; "" if that isn't known."""
    if match := REAL_NAME.fullmatch(video.lower()):
        return match[1]
    return next((line.target for line in listed.get(video.lower(), []) if line.label == REAL), "")


def _by_name(entry: Entry, above: list[str]) -> Line | None:
    """Return what the name of a video and the folders above it say; None if they don't fit."""
    stem = entry.stem.lower()
    if (match := REAL_NAME.fullmatch(stem)) and match[1] in above[-1:]:
        return Line(REAL, match[1])
    if not (match := FAKE_NAME.fullmatch(stem)):
        return None
    found = [folder[1] for name in above if (folder := FOLDER.search(name))]
    method = _method(found[-1]) if found else METHODS.get(match[3])
    return Line(FAKE, match[1], match[2], method) if method else None


def _method(name: str) -> str:
    return re.sub("[_ ]", "-", name.lower())


def _read_tables(corpus: Corpus) -> dict[str, list[Line]]:
    """Return what the tables say of each video, by its name without its ending, in lower case."""
    found: dict[str, list[Line]] = {}
    for table in corpus.label_files(lambda entry: bool(_table(entry))):
        kind, part = _table(table).groups()
        lines = read_cells(corpus.text(table), str(table), [VIDEO, SEX])
        _, header = next(lines, (0, []))
        places = {
            name: find_column(header, name) for name in (VIDEO, UUID, TARGET, SOURCE, ORIGINAL, METHOD, SEX)
        }
        if places[VIDEO] is None:
            raise UserError(f"{table} has no column {VIDEO}, the videos' names; fetch that file again")
        for _, cells in lines:
            value = {name: _cell(cells, at) for name, at in places.items()}
            line = Line(
                label=REAL if kind == "원본" else FAKE,
                target=value[UUID if kind == "원본" else TARGET].lower(),
                source=value[SOURCE].lower(),
                method=_method(value[METHOD]),
                original=_stem(value[ORIGINAL]),
                split=SPLITS[part],
                sex=next((sex for start, sex in SEXES.items() if value[SEX].startswith(start)), ""),
            )
            found.setdefault(_stem(value[VIDEO]).lower(), []).append(line)
    return found


def _table(entry: Entry) -> re.Match | None:
    return TABLE.fullmatch(unicodedata.normalize("NFC", entry.name))


def _cell(cells: list[str], at: int | None) -> str:
    return unicodedata.normalize("NFC", cells[at]).strip() if at is not None and at < len(cells) else ""


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name
