"""AV-Deepfake1M and AV-Deepfake1M++: speakers in whose videos a few words were replaced.

    train/id00012/21Uxsk56VDQ/00001/<name>.mp4               speaker, YouTube video and utterance of VoxCeleb2
    train/vox_celeb_2/id00012/21Uxsk56VDQ/00001/<name>.mp4   the same in AV-Deepfake1M++
    train/lrs3/ukgnU2aXM2c/00004/<name>.mp4                  YouTube video and utterance of LRS3
    train/silent_videos/subject_1_<…>/<name>.mp4             a subject who doesn't speak
    {train,val}_metadata.json                                a list of records such as
        {"file": "id00012/21Uxsk56VDQ/00001/fake_video_fake_audio.mp4", "split": "train",
         "original": "id00012/21Uxsk56VDQ/00001/real.mp4", "modify_type": "both_modified",
         "visual_fake_segments": [[1.2, 1.8]], "audio_fake_segments": [[1.2, 1.8]], …}
    {train,val}_metadata/…/<name>.json                       one such record for each video (AV-Deepfake1M)
    train/…/<name>.json                                      the same, beside the video (AV-Deepfake1M++)

<name> is `real`, `fake_video_fake_audio`, `fake_video_real_audio` or `real_video_fake_audio`, in ++ also with
`_p1` and the like, or a name that says nothing. The records of videos that no list has, or whose list is too
large to be read, are taken from the files of one record. The test set has no labels.

`modify_type` is `real`, `audio_modified`, `visual_modified` or `both_modified`. Only the picture counts:
audio_modified is real, with `audio: fake` in its attributes, even where the release has visual_fake_segments
of it, a known mistake. The picture of the others is fake in visual_fake_segments, in seconds.

The group is the YouTube video, of silent videos the subject, joined with the group of the original.

Sources: Cai et al., "AV-Deepfake1M: A Large-Scale LLM-Driven Audio-Visual Deepfake Dataset", ACM MM 2024, and
"AV-Deepfake1M++", arXiv:2507.20579, 2025; ControlNet/AV-Deepfake1M (README.md, avdeepfake1m/loader.py);
dfwb-research/deepfake-workbench (builders/avdeepfake1mpp.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from deepfake.errors import UserError
from deepfake.groups import connected_components
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.json_files import Record, read_json, read_records, text_of
from deepfake.layouts.segments import segments_of_fake
from deepfake.layouts.shared import NO_LABEL, SPLITS, TWO_LABELS, unexpected_path, unusable

LISTS = re.compile(r"(train|val)_metadata\.json")
EXPECTED = '[{"file": "id00012/21Uxsk56VDQ/00001/real.mp4", "modify_type": "real"}]'
KEYS = ("file", "original", "split", "modify_type", "video_model", "visual_fake_segments")
PLACES = (
    re.compile(
        r"(?:.*/)?(?P<person>id[0-9]{4,5})/(?P<video>[A-Za-z0-9_-]{11})/(?P<take>[0-9]{5})/(?P<name>[^/]+)"
    ),
    re.compile(r"(?:.*/)?lrs3/(?P<video>[A-Za-z0-9_-]{11})/(?P<take>[0-9]{5})/(?P<name>[^/]+)"),
    re.compile(r"(?:.*/)?silent_videos/(?P<take>(?P<person>subject_[0-9]+)_[^/]+)/(?P<name>[^/]+)"),
)
NAME = re.compile(r"(real|(?:real|fake)_video_(?:real|fake)_audio)(?:_p[0-9]+)?")
PLACE = "<speaker>/<YouTube video>/<utterance>/<name>, lrs3/… or silent_videos/…"
TYPES = {  # by modify_type: the states of picture and sound
    "real": ("real", "real"),
    "audio_modified": ("real", "fake"),
    "visual_modified": ("fake", "real"),
    "both_modified": ("fake", "fake"),
}
METHOD = "AV-Deepfake1M"
LABELS = "AV-Deepfake1M's are in train_metadata.json and val_metadata.json, beside train and val"


@dataclass(frozen=True)
class Place:
    """Where a video stands in the release: the `key` of its path, its `group` and its `person`."""

    key: str
    group: str
    person: str


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if the metadata can't be understood."""
    places = {entry: place_of(_path(entry)) for entry in corpus.media}
    records = _read_metadata(corpus, {place.key for place in places.values() if place})
    rows, joined = [], []
    for entry, place in places.items():
        if not place:
            rows.append(unexpected_path(entry, PLACE))
            continue
        found = records.get(place.key, [])
        origin = place_of(_stem(text_of(found[0], "original"))) if found else None
        rows.append(_video(entry, place, found, origin))
        joined.append((place.group, origin.group if origin else place.group))
    groups = connected_components(joined)
    return [replace(row, group=groups[row.group]) if row.group else row for row in rows]


def place_of(path: str) -> Place | None:
    """Return the place of a video by its path without its ending; None for other paths."""
    for pattern in PLACES:
        if match := pattern.fullmatch(path):
            parts = match.groupdict()
            person, video = parts.get("person", ""), parts.get("video", "")
            group = "_".join(filter(None, (person, video)))
            key = "_".join(filter(None, (person, video, parts["take"], parts["name"])))
            return Place(key, group, person)
    return None


def _path(entry: Entry) -> str:
    return entry.path if entry.is_frames else _stem(entry.path)


def _stem(path: str) -> str:
    stem, dot, suffix = path.rpartition(".")
    return stem if dot and "/" not in suffix else path


def _read_metadata(corpus: Corpus, wanted: set[str]) -> dict[str, list[Record]]:
    """Return the records of the videos with the keys `wanted`."""
    records: dict[str, list[Record]] = {}
    failed: UserError | None = None
    for entry in corpus.label_files(lambda entry: bool(LISTS.fullmatch(entry.name))) if wanted else []:
        try:
            found = read_records(corpus, entry, EXPECTED, KEYS)
        except UserError as error:  # perhaps too large
            failed = error
            continue
        for record in found:
            _add(records, wanted, text_of(record, "file"), record)
    left = wanted - records.keys()
    for entry, key in _single_records(corpus, left):
        records.setdefault(key, []).append(read_json(corpus, entry, dict, EXPECTED[1:-1], KEYS))
    if failed and not left & records.keys():
        raise failed
    return records


def _add(records: dict[str, list[Record]], wanted: set[str], file: str, record: Record) -> None:
    place = place_of(_stem(file))
    if place and place.key in wanted:
        records.setdefault(place.key, []).append(record)


def _single_records(corpus: Corpus, wanted: set[str]) -> Iterator[tuple[Entry, str]]:
    """Yield the files of one record, and the key of each."""
    for entry in corpus.label_files(lambda entry: entry.suffix == ".json") if wanted else []:
        place = place_of(_stem(entry.path))
        if place and place.key in wanted:
            yield entry, place.key


def _video(entry: Entry, place: Place, records: list[Record], origin: Place | None) -> Video:
    name = NAME.fullmatch(entry.stem)
    by_name = _states_of_name(name[1]) if name else None
    if not records:
        if not by_name or by_name[0] == "fake":
            return unusable(entry, f"{NO_LABEL}: train_metadata.json and val_metadata.json don't have it")
        return _real(entry, place, by_name[1], _split_of_folder(entry))
    record = records[0]
    split = SPLITS.get(text_of(record, "split"), "") or _split_of_folder(entry)
    kind = text_of(record, "modify_type").replace("-", "_")
    if kind not in TYPES:
        return replace(unusable(entry, f"{NO_LABEL}: its modify_type is {kind!r:.50}"), split=split)
    picture, audio = TYPES[kind]
    if by_name and by_name != (picture, audio):
        problem = f"{TWO_LABELS}: its name says {name[1]}, its modify_type {kind}"
        return replace(unusable(entry, problem), split=split)
    if any(other.get("modify_type") != record.get("modify_type") for other in records):
        return replace(unusable(entry, f"{TWO_LABELS} in the metadata"), split=split)
    if picture == "real":
        return _real(entry, place, audio, split)
    try:
        segments = segments_of_fake(record, "visual_fake_segments")
    except ValueError as error:
        return replace(unusable(entry, str(error)), split=split)
    return Video(
        entry,
        place.key,
        FAKE,
        text_of(record, "video_model") or METHOD,
        target=place.person,
        original=origin.key if origin else "",
        group=place.group,
        split=split,
        attributes={"audio": audio, "partial": "yes"},
        segments=segments,
    )


def _real(entry: Entry, place: Place, audio: str, split: str) -> Video:
    return Video(
        entry,
        place.key,
        REAL,
        target=place.person,
        original=place.key,
        group=place.group,
        split=split,
        attributes={"audio": audio},
    )


def _states_of_name(name: str) -> tuple[str, str]:
    """Return the states of picture and sound by a name such as `real_video_fake_audio`."""
    if name == "real":
        return "real", "real"
    picture, _, audio, _ = name.split("_")
    return picture, audio


def _split_of_folder(entry: Entry) -> str:
    return next((SPLITS[part] for part in entry.parts[-2::-1] if part in ("train", "val", "test")), "")
