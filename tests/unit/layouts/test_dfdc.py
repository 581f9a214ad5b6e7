"""DFDC: the sample, the full set in parts, the Preview, the test labels, and invalid metadata."""

import json
import time
from collections import Counter

import pytest
from made.layout_rows import by_path, read, read_entries, values

from deepfake.layouts.entries import FAKE, REAL, Entry
from deepfake.layouts.registry import read_corpus

NO_LABEL_FILE = "no label: no metadata.json, dataset.json or labels.csv in its folder or above"


def dfdc(paths, metadata, folder="train", archive=""):
    content = metadata if isinstance(metadata, str) else json.dumps(metadata)
    place = f"{folder}/metadata.json" if folder else "metadata.json"
    return by_path(read("dfdc", paths, {place: content}, archive))


def fake(original="vudstovrck.mp4", **more):
    return {"label": "FAKE", "split": "train", "original": original, **more}


REAL_RECORD = {"label": "REAL", "split": "train", "original": None}


def test_dfdc_metadata_with_keys_that_end_in_mp4():
    rows = dfdc(["train/aagfhgtpmv.mp4", "train/vudstovrck.mp4"], {
        "aagfhgtpmv.mp4": fake(), "vudstovrck.mp4": {"label": "REAL", "split": "train"},
    })  # fmt: skip
    assert values(rows["train/aagfhgtpmv.mp4"]) == ("aagfhgtpmv", FAKE, "", "", "", *["vudstovrck"] * 2)
    assert values(rows["train/vudstovrck.mp4"]) == ("vudstovrck", REAL, "", "", "", *["vudstovrck"] * 2)
    assert {(row.split, row.problem) for row in rows.values()} == {("train", "")}


@pytest.mark.parametrize("key", ["a.b.mp4", "a.b", "a.b.MP4"])
@pytest.mark.parametrize("file", ["a.b.mp4", "a.b.MP4"])
def test_dfdc_matches_names_with_and_without_suffix(key, file):
    rows = dfdc([f"train/{file}"], {key: fake("x.y.mp4")})
    assert [(row.name, row.label, row.original, row.problem) for row in rows.values()] == [
        ("a.b", FAKE, "x.y", "")
    ]


def test_dfdc_matches_letters_that_macos_has_decomposed():
    rows = dfdc(["train/u\u0308 1.mp4"], {"\u00fc 1.mp4": REAL_RECORD})
    assert [(row.name, row.label) for row in rows.values()] == [("\u00fc 1", REAL)]


def test_dfdc_parts_in_many_archives_and_metadata_at_their_top():
    files = {
        Entry("0.zip", "dfdc_train_part_0/metadata.json"): json.dumps({"a.mp4": fake("c.mp4")}),
        Entry("1.zip", "metadata.json"): json.dumps({"b.mp4": fake(None), "c.mp4": REAL_RECORD}),
    }
    media = [Entry("0.zip", "dfdc_train_part_0/a.mp4"), Entry("1.zip", "b.mp4"), Entry("1.zip", "c.mp4")]
    rows = read_corpus("dfdc", [*files, *media], lambda entry: files[entry].encode())
    assert [(row.entry, row.label, row.group) for row in rows] == [
        (media[0], FAKE, "c"), (media[1], FAKE, "part:1"), (media[2], REAL, "c"),
    ]  # fmt: skip
    assert not any(row.problem for row in rows)


def test_dfdc_label_file_at_the_top_is_above_all_archives():
    files = {
        Entry("", "metadata.json"): json.dumps({"a.mp4": fake("c.mp4"), "p/b": REAL_RECORD, "z.mp4": fake()}),
        Entry("1.zip", "p/metadata.json"): json.dumps({"b.mp4": fake("c.mp4")}),
    }
    media = [Entry("0.zip", "deep/a.mp4"), Entry("1.zip", "p/b.mp4"), Entry("1.zip", "p/c.mp4")]
    rows = {row.entry: (row.label, row.problem) for row in read_entries("dfdc", media, files)}
    assert rows == {
        Entry("", "z.mp4"): (FAKE, "labelled, but the file is missing"),
        media[0]: (FAKE, ""),
        media[1]: (None, "two labels"),
        media[2]: (None, "no label"),
    }


def test_dfdc_metadata_above_the_videos():
    rows = dfdc(["part/a.mp4"], {"a.mp4": fake(None)}, folder="")
    assert [(row.label, row.group) for row in rows.values()] == [(FAKE, "part:part")]


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"split": "train"}, "metadata.json gives it no label"),
        ({"label": 1}, "label is 1, neither REAL nor FAKE"),
        ({"label": None}, "label is None, neither REAL nor FAKE"),
        ({"label": "MAYBE"}, "label is 'MAYBE', neither REAL nor FAKE"),
        ({"is_fake": 2}, "is_fake is 2, neither 0 nor 1"),
        ({"is_fake": True}, "is_fake is True, neither 0 nor 1"),
        ("FAKE", "metadata.json gives no object for it"),
        (["FAKE"], "metadata.json gives no object for it"),
        ({"label": "FAKE", "original": 5}, "original is 5, not the name of a video"),
    ],
)
def test_dfdc_reports_an_invalid_record(record, problem):
    (row,) = dfdc(["train/a.mp4"], {"a.mp4": record}).values()
    assert (row.label, row.problem) == (None, problem)


@pytest.mark.parametrize("record", [{"label": "fake"}, {"label": " Fake "}, {"is_fake": 1}])
def test_dfdc_labels_in_any_case(record):
    (row,) = dfdc(["train/a.mp4"], {"a.mp4": record}).values()
    assert (row.label, row.problem) == (FAKE, "")


@pytest.mark.parametrize("content", ["", "{", "[]", '[{"a.mp4": {}}]', "3", "[" * 100_000])
def test_dfdc_reports_invalid_metadata(content):
    with pytest.raises(ValueError, match=r"dfdc\.zip: train/metadata\.json: expected a JSON object"):
        dfdc(["train/a.mp4"], content, archive="dfdc.zip")


def test_dfdc_reports_metadata_that_is_no_text():
    with pytest.raises(ValueError, match=r"z\.zip: metadata\.json is not UTF-16 text"):
        read_corpus("dfdc", [Entry("z.zip", "metadata.json")], lambda entry: b"\xff\xfe{")


@pytest.mark.parametrize(
    ("content", "label", "problem"),
    [
        ('{"a.mp4": {"label": "REAL"}, "a.mp4": {"label": "FAKE"}}', None, "two labels"),
        ('{"a.mp4": {"label": "REAL"}, "a": {"label": "FAKE"}}', None, "two labels"),
        ('{"a.mp4": {"label": "REAL", "label": "FAKE"}}', None, "two labels"),
        ('{"a.mp4": {"label": "REAL"}, "a.mp4": {"label": "REAL"}}', REAL, ""),
        (
            '{"a.mp4": {"label": "FAKE", "original": "b.mp4"}, "a": {"label": "FAKE", "original": "c.mp4"}}',
            None,
            "two originals: b, c",
        ),
    ],
)
def test_dfdc_equal_keys(content, label, problem):
    (row,) = dfdc(["train/a.mp4"], content).values()
    assert (row.label, row.problem) == (label, problem)


def test_dfdc_label_files_that_disagree():
    files = {"metadata.json": '{"a.mp4": {"label": "REAL"}}', "t/labels.csv": "filename,label\na.mp4,1\n"}
    (row,) = read("dfdc", ["t/a.mp4"], files)
    assert row.problem == "two labels"


def test_dfdc_missing_files_and_missing_labels():
    metadata = {"gone.mp4": fake(), "notes.txt": REAL_RECORD, "twice.mp4": REAL_RECORD}
    paths = ["train/new.mp4", "train/notes.txt", "test_videos/t.mp4", "train/face.jpg", "train/._twice.mp4"]
    rows = dfdc(paths, metadata)
    assert {path: row.problem for path, row in rows.items()} == {
        "train/gone.mp4": "labelled, but the file is missing",
        "train/twice.mp4": "labelled, but the file is missing",
        "train/notes.txt": "labelled, but not a video",
        "train/new.mp4": "no label",
        "test_videos/t.mp4": NO_LABEL_FILE,
        "train/face.jpg": "still image, not a video",
    }
    assert (rows["train/gone.mp4"].label, rows["train/gone.mp4"].group) == (FAKE, "vudstovrck")


def test_dfdc_rejects_a_fake_made_from_a_fake():
    rows = dfdc(["train/a.mp4", "train/b.mp4"], {"a.mp4": fake("b.mp4"), "b.mp4": fake("c.mp4")})
    assert rows["train/a.mp4"].problem == "its original b is labelled FAKE"
    assert not rows["train/b.mp4"].problem


def test_dfdc_official_test_labels():
    labels = "\ufefffilename,label\r\na.mp4,1\r\nb.mp4,0\r\nc.mp4,fake\r\nd.mp4\r\n\r\ne.mp4,1\r\n"
    paths = ["test/videos/a.mp4", "test/videos/b.mp4", "test/videos/c.mp4", "test/videos/d.mp4"]
    rows = by_path(
        read("dfdc", paths, {"test/labels.csv": labels, "sample_submission.csv": "filename,label\n"})
    )
    assert {path: (row.label, row.split, row.problem) for path, row in rows.items()} == {
        "test/videos/a.mp4": (FAKE, "test", ""),
        "test/videos/b.mp4": (REAL, "test", ""),
        "test/videos/c.mp4": (None, "test", "label is 'fake', neither 0 nor 1"),
        "test/videos/d.mp4": (None, "test", "label is '', neither 0 nor 1"),
        "test/e.mp4": (FAKE, "test", "labelled, but the file is missing"),
    }


def test_dfdc_train_parts_validation_and_test_in_one_corpus():
    """As the authors have the full set; names mean nothing, and those of the test set start anew."""
    files = {
        "train/dfdc_train_part_7/metadata.json": json.dumps({"a.mp4": fake("b.mp4"), "b.mp4": REAL_RECORD}),
        "validation/labels.csv": "filename,label\na.mp4,0\nc.mp4,1\n",
        "test/metadata.json": json.dumps({"a.mp4": {"is_fake": 1}, "c.mp4": {"is_fake": 0}}),
    }
    paths = ["train/dfdc_train_part_7/a.mp4", "train/dfdc_train_part_7/b.mp4"]
    paths += [f"{split}/{name}.mp4" for split in ("validation", "test") for name in "ac"]
    rows = by_path(read("dfdc", [*paths, "test_videos/a.mp4"], files))
    assert {path: (row.label, row.group, row.split) for path, row in rows.items() if not row.problem} == {
        "train/dfdc_train_part_7/a.mp4": (FAKE, "b", "train"),
        "train/dfdc_train_part_7/b.mp4": (REAL, "b", "train"),
        "validation/a.mp4": (REAL, "a", "val"), "validation/c.mp4": (FAKE, "part:validation", "val"),
        "test/a.mp4": (FAKE, "part:test", "test"), "test/c.mp4": (REAL, "c", "test"),
    }  # fmt: skip
    assert rows["test_videos/a.mp4"].problem == NO_LABEL_FILE


@pytest.mark.parametrize(
    ("folder", "split"),
    [("", "test"), ("test_videos", "test"), ("Validation", "val"), ("test", "test"), ("train", "train")],
)
def test_dfdc_is_fake_and_label_tables_have_the_split_of_their_folder(folder, split):
    path = f"{folder}/a.mp4".lstrip("/")
    table = {f"{folder}/labels.csv".lstrip("/"): "filename,label\na.mp4,1\n"}
    (by_table,) = read("dfdc", [path], table)
    (by_json,) = dfdc([path], {"a.mp4": {"is_fake": 1}}, folder=folder).values()
    (of_json,) = dfdc([path], {"a.mp4": {"is_fake": 1, "split": "train"}}, folder=folder).values()
    assert (by_table.split, by_json.split, of_json.split) == (split, split, "train")


@pytest.mark.parametrize("content", ["", "a.mp4,1\n", "name,label\na.mp4,1\n"])
def test_dfdc_reports_an_invalid_label_table(content):
    with pytest.raises(ValueError, match=r"test/labels\.csv: expected the columns filename,label"):
        read("dfdc", [], {"test/labels.csv": content})


def test_dfdc_preview():
    real, fake_a = (
        "original_videos/1795659/1795659_B_001.mp4",
        "method_A/1795659/1795659_B/2059066_1795659_B_001.mp4",
    )
    fake_b, odd = fake_a.replace("_A", "_B", 1), "method_A/1795659/1795659_B/99.mp4"
    wrong = "original_videos/1795659/1795659_C_001.mp4"
    records = {
        real: {"label": "real", "set": "train", "augmentations": []},
        fake_a: {"label": "fake", "set": "train", "augmentations": ["fps_15"]},
        fake_b: {"label": "fake", "set": "test"},
        odd: {"label": "fake", "set": "test"},
        wrong: {"label": "fake", "set": "test"},
    }
    top = "dfdc_preview_set"
    files = {f"{top}/dataset.json": json.dumps(records)}
    rows = by_path(read("dfdc", [f"{top}/{path}" for path in records if path != fake_b], files))
    assert values(rows[f"{top}/{real}"]) == (
        "1795659_B_001",
        REAL,
        "",
        "1795659",
        "",
        "1795659_B_001",
        "1795659_B",
    )
    assert values(rows[f"{top}/{fake_a}"]) == (
        "method_A_2059066_1795659_B_001", FAKE, "method_A", "1795659", "2059066",
        "1795659_B_001", "1795659_B",
    )  # fmt: skip
    assert rows[f"{top}/{fake_a}"].split == "train"
    lost = rows[f"{top}/{fake_b}"]
    assert (lost.method, lost.split, lost.problem) == (
        "method_B",
        "test",
        "labelled, but the file is missing",
    )
    assert rows[f"{top}/{odd}"].problem.startswith("name does not fit original_videos/")
    assert rows[f"{top}/{wrong}"].problem == "two labels: its folder says real, dataset.json fake"


def test_dfdc_sample_at_full_size():
    reals = [f"real{n:05d}.mp4" for n in range(77)]
    metadata = {name: REAL_RECORD for name in reals}
    metadata |= {f"fake{n:05d}.mp4": fake(f"real{n % 200:05d}.mp4") for n in range(323)}
    start = time.perf_counter()
    rows = dfdc([f"train_sample_videos/{name}" for name in metadata], metadata, folder="train_sample_videos")
    assert time.perf_counter() - start < 1
    assert Counter(row.label for row in rows.values()) == {REAL: 77, FAKE: 323}
    assert not any(row.problem for row in rows.values())


def test_dfdc_divided_among_zips_by_google_drive():
    """Two zips of one folder; metadata.json is in the first, and labels the videos of both."""
    files = {
        Entry("x-001.zip", "part_0/metadata.json"): json.dumps(
            {"a.mp4": fake("b.mp4"), "b.mp4": REAL_RECORD, "gone.mp4": fake()}
        )
    }
    media = [
        Entry("x-001.zip", "part_0/a.mp4"), Entry("x-002.zip", "part_0/b.mp4"),
        Entry("x-002.zip", "part_0/new.mp4"), Entry("x-002.zip", "part_1/a.mp4"),
    ]  # fmt: skip
    rows = {row.entry: row for row in read_entries("dfdc", media, files)}
    assert {(entry.path, row.label, row.problem) for entry, row in rows.items()} == {
        ("part_0/a.mp4", FAKE, ""), ("part_0/b.mp4", REAL, ""), ("part_0/new.mp4", None, "no label"),
        ("part_1/a.mp4", None, NO_LABEL_FILE),
        ("part_0/gone.mp4", FAKE, "labelled, but the file is missing"),
    }  # fmt: skip


def test_dfdc_zips_with_their_own_metadata_are_not_labelled_by_others():
    files = {
        Entry("0.zip", "metadata.json"): json.dumps({"a.mp4": fake("z.mp4"), "b.mp4": fake("z.mp4")}),
        Entry("1.zip", "metadata.json"): json.dumps({"a.mp4": REAL_RECORD}),
    }
    media = [Entry("0.zip", "a.mp4"), Entry("1.zip", "a.mp4"), Entry("2.zip", "a.mp4")]
    rows = read_entries("dfdc", media, files)
    assert [(row.entry.archive, row.label, row.problem) for row in rows if row.entry in media] == [
        ("0.zip", FAKE, ""), ("1.zip", REAL, ""), ("2.zip", None, "two labels"),
    ]  # fmt: skip


def test_dfdc_without_any_metadata_says_what_is_missing():
    rows = read("dfdc", ["train/a.mp4", "b.mp4"])
    assert {row.problem for row in rows} == {NO_LABEL_FILE}
