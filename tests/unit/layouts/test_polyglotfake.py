"""PolyGlotFake: names, what its two JSON files add, and groups of clips of one video."""

import json

import pytest
from made.layout_rows import by_path, read, read_one, values

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL

PATHS = ["real/es/es_1.mp4", "real/es/es_2.mp4", "fake/to_ru/es_1_to_ru_Xtts.mp4"]
ONE = [{"age": 30, "sex": "male"}]


def test_names_alone():
    rows = by_path(read("polyglotfake", [f"PolyGlotFake/{path}" for path in PATHS]))
    real, _, fake = (rows[f"PolyGlotFake/{path}"] for path in PATHS)
    assert values(real) == ("es_1", REAL, "", "", "", "es_1", "es_1")
    assert values(fake) == ("es_1_to_ru_Xtts", FAKE, "lip sync", "", "", "es_1", "es_1")
    assert fake.attributes == {"language": "ru", "audio": "fake", "speech": "Xtts"}


def test_the_json_files_add_methods_people_and_sources():
    clips = [{"filename": f"es_{n}.mp4", "source": "URL:x", "characters": ONE * n} for n in (1, 2)]
    dubbed = [{"filename": "es_1_to_ru_Xtts.mp4", "tts_technique": "Xtts", "sync_tech": "Wav2Lip"}]
    files = {
        "json_file/all_real_video.json": json.dumps({"videos": [*clips, 3, {"filename": 5}]}),
        "json_file/all_fake_video.json": json.dumps({"video": dubbed}),
    }
    rows = by_path(read("polyglotfake", PATHS, files))
    real, two, fake = (rows[path] for path in PATHS)
    assert {row.group for row in rows.values()} == {"URL:x"} and fake.method == "Wav2Lip"
    assert (real.attributes["sex"], fake.attributes["age"]) == ("male", "30")
    assert two.attributes == {"language": "es", "audio": "real"}  # of two people, none is meant
    with pytest.raises(UserError, match=r"all_real_video\.json: expected JSON"):
        read("polyglotfake", PATHS, {"all_real_video.json": "[]"})
    read("polyglotfake", ["a/b.mp4"], {"all_real_video.json": "[]"})


@pytest.mark.parametrize(
    "path", ["real/es/en_1.mp4", "real/es_1.mp4", "fake/to_ru/es_1_to_fr_Xtts.mp4", "fake/es_1_to_ru_X.mp4"]
)
def test_other_names_do_not_fit(path):
    assert read_one("polyglotfake", path).problem.startswith("name does not fit")
