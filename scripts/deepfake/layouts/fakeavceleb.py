"""FakeAVCeleb v1.2: 500 interviews of VoxCeleb2, and fakes of their picture, of their sound, or of both.

    RealVideo-RealAudio/<race>/<gender>/<person>/00109.mp4             <clip>
    RealVideo-FakeAudio/African/men/id00076/00109_fake.mp4             <clip>_fake
    FakeVideo-RealAudio/African/men/id00076/00109_1.mp4                <clip>_<number>: faceswap
    FakeVideo-RealAudio/.../00010_id01637_5VjcPZm8knM_faceswap.mp4     <clip>_<face>_<YouTube id>_faceswap
    FakeVideo-RealAudio/.../00109_id00173_UHoMXLSjlDo.mp4              <clip>_<face>_<YouTube id>: fsgan
    FakeVideo-RealAudio/.../00109_id00166_wavtolip.mp4                 <clip>_<voice>_wavtolip: wav2lip
    FakeVideo-FakeAudio/.../00109_id00173_UHoMXLSjlDo_id00475_wavtolip.mp4
    meta_data.csv                                                      the method of each file

In FakeVideo-FakeAudio a name of the third folder is followed by `_<voice>_wavtolip`, the person whose voice
moves the lips: faceswap-wav2lip, fsgan-wav2lip, or wav2lip alone. There the names of faceswap-wav2lip and of
wav2lip can be the same, and then the table says which it is. It lists 22 files twice, with either; these
count as wav2lip. Of its ten columns the last two are file name and folder, though the authors' header has
one name for both.

The label is that of the picture: the videos of RealVideo-FakeAudio are REAL. The attribute `audio` says what
the sound is.

`target` is the person in whose folder a video is, `source` the one whose face is swapped with theirs; the
table calls them source and target1. Whose voice is heard doesn't count, since that person isn't seen. A group
is all videos of one person's folders: each has one real interview, but 41 fakes bear the number of another
clip.

Sources: Khalid et al., "FakeAVCeleb: A Novel Audio-Video Multimodal Deepfake Dataset", NeurIPS Datasets and
Benchmarks 2021; the table, as kept in arnabk001/lipinc-pytorch (FakeAVCeleb_v1.2/meta_data.csv), whose 21,566
names all fit the above; builders/fakeavceleb.py in dfwb-research/deepfake-workbench.
"""

import re
from collections import defaultdict

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import FRAME_FOLDERS, folders, unexpected_path
from deepfake.text_files import read_cells

TABLE = "meta_data.csv"
HEADER = "source target1 target2 method category type race gender".split()
METHOD, NAME, FOLDER = 3, 8, 9  # columns; the last two have one name, or others
CLIP = re.compile(r"([0-9]+)")
FAKE_AUDIO = re.compile(r"([0-9]+)(?:_fake)?")
FAKE_VIDEO = re.compile(
    r"([0-9]+)(?:_(?P<face>id[0-9]{5})_[\w-]{11}(?P<faceswap>_faceswap)?|(?P<numbers>(?:_[0-9]+){1,2}))?"
    r"(?:_(?P<voice>id[0-9]{5})_wavtolip)?"
)
METHODS = {
    "FakeVideo-RealAudio": {"faceswap", "fsgan", "wav2lip"},
    "FakeVideo-FakeAudio": {"faceswap-wav2lip", "fsgan-wav2lip", "wav2lip"},
}
REALS = {"RealVideo-RealAudio": (CLIP, "<clip>"), "RealVideo-FakeAudio": (FAKE_AUDIO, "<clip>_fake")}
TYPES = {name.lower(): name for name in (*REALS, *METHODS)}
SEX = {"men": "male", "women": "female"}
PERSON = re.compile(r"id[0-9]{5}")
EXPECTED = "<type>/<race>/<men or women>/<person>/<clip>, with a type such as RealVideo-RealAudio"

Key = tuple[str, ...]
"""Type, race, gender and person, the folders of a video, and its name without its ending; in lower case."""


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if the table can't be understood."""
    methods = _read_methods(corpus)
    return [_video(entry, methods) for entry in corpus.media]


def _video(entry: Entry, methods: dict[Key, set[str]]) -> Video:
    above = folders(entry)
    if entry.is_frames and above and above[-1].lower() in FRAME_FOLDERS:
        above = above[:-1]
    if len(above) < 4 or above[-4].lower() not in TYPES:
        return unexpected_path(entry, EXPECTED)
    kind, race, gender, person = TYPES[above[-4].lower()], above[-3], above[-2].lower(), above[-1]
    if gender not in SEX or not PERSON.fullmatch(person):
        return unexpected_path(entry, EXPECTED)
    is_fake = kind in METHODS
    pattern, expected = REALS.get(kind, (FAKE_VIDEO, "<clip>_<face or number>_<voice>_wavtolip"))
    match = pattern.fullmatch(entry.stem)
    method = _method(match.groupdict()) if match and is_fake else ""
    if not match or (is_fake and method not in METHODS[kind]):
        return unexpected_path(entry, f"{kind}/.../{expected}")
    listed = methods.get(tuple(part.lower() for part in (*above[-4:], entry.stem)), set())
    if is_fake and len(listed & METHODS[kind]) == 1:
        (method,) = listed & METHODS[kind]
    name = f"{kind}_{person}_{entry.stem}"
    return Video(
        entry,
        name=name,
        label=FAKE if is_fake else REAL,
        method=method,
        target=person,
        source=(match["face"] or "") if is_fake else "",
        original=f"RealVideo-RealAudio_{person}_{match[1]}" if is_fake else name,
        group=person,
        attributes={
            "audio": "fake" if kind.endswith("FakeAudio") else "real",
            "race": race,
            "sex": SEX[gender],
        },
    )


def _method(parts: dict[str, str | None]) -> str:
    """Return the method that the parts of a fake's name say."""
    swap = "fsgan" if parts["face"] and not parts["faceswap"] else "faceswap"
    if not parts["voice"]:
        return swap
    return f"{swap}-wav2lip" if parts["face"] or parts["numbers"] else "wav2lip"


def _read_methods(corpus: Corpus) -> dict[Key, set[str]]:
    """Return the methods of each file that the corpus's tables list."""
    methods: dict[Key, set[str]] = defaultdict(set)
    for table in corpus.label_files(lambda entry: entry.name == TABLE):
        lines = read_cells(corpus.text(table), str(table), HEADER)
        _, header = next(lines, (0, []))
        if [cell.strip().lower() for cell in header[: len(HEADER)]] != HEADER:
            raise UserError(f"{table}: its first columns are not {', '.join(HEADER)}; fetch that file again")
        for number, cells in lines:
            if len(cells) <= FOLDER:
                raise UserError(
                    f"{table}, line {number}: {len(cells)} cells, where {FOLDER + 1} are expected: the last "
                    "two are a file's name and its folder"
                )
            stem = cells[NAME].strip().rpartition(".")[0]
            path = [part.lower() for part in cells[FOLDER].strip().strip("/").split("/")]
            methods[*path[-4:], stem.lower()].add(cells[METHOD].strip())
    return methods
