"""LAV-DF: labels by what was done to the picture, and the moments in which it is fake."""

import json

import pytest
from made.layout_rows import MISSING, by_path, read, values

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL

REAL_RECORD = {  # as in the release
    "file": "test/000000.mp4", "n_fakes": 0, "fake_periods": [], "duration": 4.672, "original": None,
    "modify_video": False, "modify_audio": False, "split": "test", "video_frames": 115,
}  # fmt: skip


def record(file: str, picture: bool, sound: bool, **more) -> dict:
    fake = {"fake_periods": [[3.2, 3.6], [1.1, 1.5]], "original": "test/000000.mp4"}
    return REAL_RECORD | fake | {"file": file, "modify_video": picture, "modify_audio": sound} | more


def rows_of(*records: dict, paths=None, name="metadata.min.json", archive=""):
    paths = [f"LAV-DF/{entry['file']}" for entry in records] if paths is None else paths
    return by_path(read("lavdf", paths, {f"LAV-DF/{name}": json.dumps(records)}, archive=archive))


@pytest.mark.parametrize("name", ["metadata.min.json", "metadata.json"])
@pytest.mark.parametrize("archive", ["", "LAV-DF.zip"])
def test_the_picture_decides_the_label(name, archive):
    rows = rows_of(
        REAL_RECORD,
        record("test/000001.mp4", True, True),
        record("test/000002.mp4", True, False, split="dev"),
        record("test/000003.mp4", False, True),
        name=name,
        archive=archive,
    )
    real, both, lips, sound = rows.values()
    assert values(real) == ("000000", REAL, "", "", "", "000000", "000000")
    assert values(both) == ("000001", FAKE, "LAV-DF", "", "", "000000", "000000")
    assert values(sound) == ("000003", REAL, "", "", "", "000003", "000000")
    assert both.segments == lips.segments == ((1.1, 1.5), (3.2, 3.6)) and not real.segments + sound.segments
    assert [row.attributes for row in rows.values()] == [
        {"audio": "real"}, {"audio": "fake", "partial": "yes"}, {"audio": "real", "partial": "yes"},
        {"audio": "fake"},
    ]  # fmt: skip
    assert [row.split for row in rows.values()] == ["test", "test", "val", "test"]


def test_the_small_file_is_read_where_both_are():
    small, large = json.dumps([REAL_RECORD]), "not JSON"
    files = {"LAV-DF/metadata.json": large, "LAV-DF/metadata.min.json": small}
    (row,) = read("lavdf", ["LAV-DF/test/000000.mp4"], files)
    assert row.label == REAL
    (row,) = read("lavdf", ["LAV-DF/test/000000.mp4"], {"metadata.min.json": small})  # under label_files
    assert row.label == REAL


def test_odd_files_and_records():
    rows = rows_of(
        REAL_RECORD,
        record("test/000001.mp4", True, True, fake_periods=[]),
        record("test/000002.mp4", True, True, fake_periods=[[2, 1]]),
        record("test/000003.mp4", None, True),
        record("test/000004.mp4", True, True), record("test/000004.mp4", False, True),
        record("test/000005.mp4", True, True),
        paths=[f"LAV-DF/test/00000{n}.mp4" for n in (0, 1, 2, 3, 4, 9)] + ["LAV-DF/test/5.mp4"],
    )  # fmt: skip
    assert [row.problem for row in rows.values()] == [
        "",
        "fake, but without fake_periods",
        "its fake_periods: the segment 2-1 ends before it starts",
        "no label: modify_video or modify_audio is missing",
        "two labels in the metadata",
        MISSING,
        "no label: no metadata.min.json lists it",
        "name does not fit {train,dev,test}/<six digits>",
    ]


@pytest.mark.parametrize("content", ["{}", "[1]", "[" * 100_000, "{"])
def test_other_json_is_refused_with_its_name(content):
    with pytest.raises(UserError, match=r"LAV-DF/metadata\.json: expected"):
        read("lavdf", ["LAV-DF/test/000000.mp4"], {"LAV-DF/metadata.json": content})
    read("lavdf", ["dfdc_train_part_0/abc.mp4"], {"dfdc_train_part_0/metadata.json": content})


def test_a_missing_video_stays_in_the_corpus_whatever_its_record_says():
    rows = rows_of(
        REAL_RECORD, record("../../train/000001.mp4", True, True), paths=["LAV-DF/test/000000.mp4"]
    )
    assert [(path, row.problem) for path, row in rows.items()] == [
        ("LAV-DF/test/000000.mp4", ""),
        ("LAV-DF/train/000001.mp4", MISSING),
    ]
