"""LAV-DF, Localized Audio Visual DeepFake: interviews in which a few words were replaced.

    LAV-DF/{train,dev,test}/000123.mp4          six digits, unique in the release
    LAV-DF/metadata.min.json, metadata.json     a list of records such as
        {"file": "test/000002.mp4", "original": "test/000001.mp4", "split": "test", "modify_video": true,
         "modify_audio": true, "n_fakes": 1, "fake_periods": [[1.2, 1.8]], …}

Picture, sound or both were manipulated in `fake_periods`, in seconds; the rest is the real clip. A video of
which only the sound was manipulated is real here, since its picture is; `audio` is then `fake` in its
attributes. Of the two files, metadata.min.json is read if it is there, since the other one adds transcripts.
A file that it doesn't list has no label. Nobody is named, so the group is the original.

Sources: Cai et al., "Do You Really Mean That? Content Driven Audio-Visual Deepfake Dataset and Multimodal
Method for Temporal Forgery Localization", DICTA 2022; ControlNet/LAV-DF (README.md, dataset/lavdf.py);
dfwb-research/deepfake-workbench (builders/lavdf.py).
"""

import re
from collections import defaultdict
from dataclasses import replace

from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.json_files import Record, read_records, text_of
from deepfake.layouts.segments import segments_of_fake
from deepfake.layouts.shared import MISSING, NO_LABEL, SPLITS, TWO_LABELS, unexpected_path, unusable

LABEL_FILES = ("metadata.min.json", "metadata.json")
EXPECTED = '[{"file": "test/000002.mp4", "modify_video": true, "fake_periods": [[1.2, 1.8]]}]'
KEYS = ("file", "original", "split", "modify_video", "modify_audio", "fake_periods")
VIDEO = re.compile(r"(?:.*/)?(train|dev|test)/([0-9]{6})")
LABELS = "LAV-DF's are in metadata.min.json, beside train, dev and test"
METHOD = "LAV-DF"


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if the metadata can't be understood."""
    keys = {entry: _key(entry) for entry in corpus.media}
    records = _read_metadata(corpus, {entry for entry, key in keys.items() if key})
    rows = []
    for entry, key in keys.items():
        if not key:
            rows.append(unexpected_path(entry, "{train,dev,test}/<six digits>"))
        else:
            rows.append(_video(entry, [record for _, record in records.get(key, [])]))
    for key in records.keys() - set(keys.values()):
        found = records[key]
        rows.append(replace(_video(found[0][0], [record for _, record in found]), problem=MISSING))
    return rows


def _key(entry: Entry) -> str:
    """Return "test/000002" for a file that is named like a video of the release; "" for others."""
    path = entry.path if entry.is_frames else f"{entry.path[: -len(entry.name)]}{entry.stem}"
    match = VIDEO.fullmatch(path)
    return f"{match[1]}/{match[2]}" if match else ""


def _read_metadata(corpus: Corpus, videos: set[Entry]) -> dict[str, list[tuple[Entry, Record]]]:
    """Return the records of each key, with the file that each one means.

    The metadata are above the folders of the videos, or at the top of the corpus.
    """
    roots = {video.folder.folder for video in videos} | ({Entry("", "")} if videos else set())
    files = corpus.label_files(lambda entry: entry.name in LABEL_FILES and entry.folder in roots)
    first = {
        entry.folder: entry for entry in reversed(sorted(files, key=lambda e: LABEL_FILES.index(e.name)))
    }
    records = defaultdict(list)
    for folder, entry in first.items():
        for record in read_records(corpus, entry, EXPECTED, KEYS):
            if key := _key(Entry("", text_of(record, "file"))):
                file = Entry(folder.archive, f"{folder.path}/{key}.mp4".lstrip("/"))
                records[key].append((file, record))
    return records


def _video(entry: Entry, records: list[Record]) -> Video:
    if not records:
        return unusable(entry, f"{NO_LABEL}: no {LABEL_FILES[0]} lists it")
    record, name = records[0], entry.stem
    split = SPLITS.get(text_of(record, "split").replace("dev", "val"), "")
    if any(other != record for other in records):
        return replace(unusable(entry, f"{TWO_LABELS} in the metadata"), split=split)
    video, audio = record.get("modify_video"), record.get("modify_audio")
    if not isinstance(video, bool) or not isinstance(audio, bool):
        return replace(unusable(entry, f"{NO_LABEL}: modify_video or modify_audio is missing"), split=split)
    attributes = {"audio": "fake" if audio else "real"}
    original = text_of(record, "original").rpartition("/")[2].partition(".")[0]
    if not video:
        return Video(
            entry, name, REAL, original=name, group=original or name, split=split, attributes=attributes
        )
    try:
        segments = segments_of_fake(record, "fake_periods")
    except ValueError as error:
        return replace(unusable(entry, str(error)), split=split)
    return Video(
        entry,
        name,
        FAKE,
        METHOD,
        original=original,
        group=original or name,
        split=split,
        attributes=attributes | {"partial": "yes"},
        segments=segments,
    )
