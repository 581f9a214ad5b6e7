"""PolyGlotFake: clips in seven languages, dubbed into the others, with the lips moved to fit.

    real/<language>/<language>_<number>.mp4                              real/es/es_1.mp4
    fake/to_<language>/<language>_<number>_to_<language>_<speech>.mp4    fake/to_ru/es_1_to_ru_Xtts.mp4
    json_file/real_json_file/all_real_video.json
        {"videos": [{"filename": "es_1.mp4", "source": "<URL>", "characters": [{"age": 30, "sex": "male"}]}]}
    json_file/fake_Json_file/all_fake_video.json
        {"video": [{"filename": "es_1_to_ru_Xtts.mp4", "tts_technique": "Xtts", "sync_tech": "Wav2Lip"}]}

The first language and number of a fake are those of the clip that it was made from. Picture and sound of
every fake are forged; the method is the program that moved the lips, which only the JSON says. The languages
are ar, en, es, fr, ja, ru and zh.

The group is the original, joined with other clips of the same `source`, the video they were cut from. Nobody
is named; sex and age are attributes where one person is seen.

Sources: Hou et al., "PolyGlotFake: A Novel Multilingual and Multimodal DeepFake Dataset",
arXiv:2405.08838, 2024; tobuta/PolyGlotFake (README.md); dfwb-research/deepfake-workbench
(builders/polyglotfake.py, and its test); the release's scripts that read the two JSON files.
"""

import re

from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.json_files import Record, read_json, text_of
from deepfake.layouts.shared import unexpected_path

LANGUAGE = "ar|en|es|fr|ja|ru|zh"
REAL_PATH = re.compile(rf"(?:.*/)?real/({LANGUAGE})/(\1_[0-9]+)")
FAKE_PATH = re.compile(rf"(?:.*/)?fake/to_({LANGUAGE})/(((?:{LANGUAGE})_[0-9]+)_to_\1(?:_([^/]+))?)")
EXPECTED = "real/<language>/<language>_<number> or fake/to_<language>/<original>_to_<language>_<speech>"
LABEL_FILES = {"all_real_video.json": "videos", "all_fake_video.json": "video"}


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if a JSON file can't be understood."""
    paths = {entry: _path(entry) for entry in corpus.media}
    fits = any(REAL_PATH.fullmatch(path) or FAKE_PATH.fullmatch(path) for path in paths.values())
    records = _read_records(corpus) if fits else {}
    return [_video(entry, path, records) for entry, path in paths.items()]


def _path(entry: Entry) -> str:
    return entry.path if entry.is_frames else f"{entry.path[: -len(entry.name)]}{entry.stem}"


def _read_records(corpus: Corpus) -> dict[str, Record]:
    """Return the record of each file name without its ending."""
    records: dict[str, Record] = {}
    for entry in corpus.label_files(lambda entry: entry.name in LABEL_FILES):
        key = LABEL_FILES[entry.name]
        content = read_json(corpus, entry, dict, f'{{"{key}": [{{"filename": "es_1.mp4"}}]}}')
        videos = content.get(key)
        for record in videos if isinstance(videos, list) else []:
            if isinstance(record, dict) and (name := text_of(record, "filename")):
                records.setdefault(name.rpartition(".")[0] or name, record)
    return records


def _video(entry: Entry, path: str, records: dict[str, Record]) -> Video:
    if match := REAL_PATH.fullmatch(path):
        language, name = match.groups()
        attributes = {"language": language, "audio": "real"} | _person(records.get(name, {}))
        return Video(entry, name, REAL, original=name, group=_group(name, records), attributes=attributes)
    if not (match := FAKE_PATH.fullmatch(path)):
        return unexpected_path(entry, EXPECTED)
    language, name, original, speech = match.groups(default="")
    record = records.get(name, {})
    speech = text_of(record, "tts_technique") or speech
    attributes = {"language": language, "audio": "fake", "speech": speech}
    return Video(
        entry,
        name,
        FAKE,
        text_of(record, "sync_tech") or "lip sync",
        original=original,
        group=_group(original, records),
        attributes=attributes | _person(records.get(original, {})),
    )


def _group(original: str, records: dict[str, Record]) -> str:
    return text_of(records.get(original, {}), "source") or original


def _person(record: Record) -> dict[str, str]:
    """Return sex and age, where a record has one person."""
    people = record.get("characters")
    if not isinstance(people, list) or len(people) != 1 or not isinstance(people[0], dict):
        return {}
    age = people[0].get("age")
    found = {"sex": text_of(people[0], "sex"), "age": str(age) if isinstance(age, int) else ""}
    return {key: value for key, value in found.items() if value}
