"""IDForge v1: names of its official list, labels by the type of forgery, sessions as groups."""

import pytest
from made.layout_rows import by_path, read, read_one, values

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL

NAMES = {  # from the official val.csv
    "pristine/id00/id00_03/id00_scene_0010-0.mp4":
        (REAL, "", "id00", "", "pristine_id00_03_id00_scene_0010-0"),
    "lip_tts_textgen/id00/id00_03/id00_scene_0010-0_fake.mp4":
        (FAKE, "wav2lip", "id00", "", "pristine_id00_03_id00_scene_0010-0"),
    "lip_rvc_textmismatch/id00/id00_03/id00_scene_0010-0.mp3.mp4":
        (FAKE, "wav2lip", "id00", "", "pristine_id00_03_id00_scene_0010-0"),
    "lip_audiomismatch_textmismatch/id00/id00_03/id00_scene_0010-0.mp4":
        (FAKE, "wav2lip", "id00", "", "pristine_id00_03_id00_scene_0010-0"),
    "face_audiomismatch_textmismatch/id00/id00_03/id00_scene_0015_0_infoswap.mp4":
        (FAKE, "infoswap", "", "id00", ""),
    "face_tts/id00/id00_03/id00_scene_0103_0_simswap.mp4": (FAKE, "simswap", "", "id00", ""),
    "rvc_textmismatch/id00/id00_03/id00_scene_0014.mp3.mp4":
        (REAL, "", "id00", "", "rvc_textmismatch_id00_03_id00_scene_0014.mp3"),
    "tts_textgen/id00/id00_03/id00_0010-0.mp4":
        (REAL, "", "id00", "", "tts_textgen_id00_03_id00_0010-0"),
}  # fmt: skip
AUDIO = ["real", "fake", "fake", "mismatched", "mismatched", "fake", "fake", "fake"]


def test_names_labels_and_groups():
    rows = by_path(read("idforge", list(NAMES)))
    assert {path: values(row)[1:6] for path, row in rows.items()} == NAMES
    assert {row.group for row in rows.values()} == {"id00_03"}
    assert len({row.name for row in rows.values()}) == len(NAMES)
    assert [rows[path].attributes["audio"] for path in NAMES] == AUDIO


def test_splits_go_by_the_whole_path():
    lip, real, *_ = paths = list(NAMES)[::-1]
    files = {"train.csv": f"{lip}\n\n", "val.csv": f"{real}\n{paths[2]}\n", "test.csv": f"{paths[2]}\n"}
    rows = by_path(read("idforge", [f"main/{path}" for path in paths], files))
    assert [rows[f"main/{path}"].split for path in paths[:4]] == ["train", "val", "", ""]
    assert rows[f"main/{paths[2]}"].problem == "two splits in the lists: test, val"
    with pytest.raises(UserError, match=r"val\.csv, line 1: expected pristine"):
        read("idforge", paths, {"val.csv": "path,label\n"})
    read("idforge", ["a/b.mp4"], {"val.csv": "path,label\n"})  # another corpus's list


@pytest.mark.parametrize(
    "path",
    [
        "pristine/id00/id01_03/id00_scene_0010-0.mp4", "pristine/id00/id00_03/id01_scene_0010-0.mp4",
        "unknown/id00/id00_03/id00_scene_0010-0.mp4", "face_tts/id00/id00_03/id00_scene_0103_0.mp4",
        "pristine/id00_scene_0010-0.mp4",
    ],
)  # fmt: skip
def test_other_names_do_not_fit(path):
    assert "name does not fit" in read_one("idforge", path).problem
