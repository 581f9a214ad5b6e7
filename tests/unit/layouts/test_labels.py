"""Label lists: a folder for each split and a list of it, in whatever folder."""

import pytest
from made.layout_rows import MISSING, read, read_entries, summarise

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Entry

STILL = "69a1d6e71f594437b0dd71b4d59fbd38.jpg"


def test_labels_of_three_splits():
    files = {
        "train_label.txt": f"{STILL} 1\nb.jpg 0\n",
        "validate_label.txt": f"{STILL} 0\n",
        "test_label.txt": "c.jpg 1",
    }
    paths = [f"train/{STILL}", "train/b.jpg", f"validate/{STILL}", "test/c.jpg"]
    rows = {row.entry.path: row for row in read("labels", paths, files)}
    assert {path: (row.label, row.split, row.name) for path, row in rows.items()} == {
        f"train/{STILL}": (FAKE, "train", f"train_{STILL[:-4]}"), "train/b.jpg": (REAL, "train", "train_b"),
        f"validate/{STILL}": (REAL, "val", f"val_{STILL[:-4]}"), "test/c.jpg": (FAKE, "test", "test_c"),
    }  # fmt: skip
    assert rows["train/b.jpg"].original == "train_b" and not rows["test/c.jpg"].original
    assert all(row.group == path and not row.problem for path, row in rows.items())


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("train_label.txt", "train/a.jpg"),
        ("set/train_label.txt", "set/train/a.jpg"),
        ("set/train/train_label.txt", "set/train/a.jpg"),
        ("set/train_label.txt", "set/a.jpg"),
        ("train_label.txt", "some/where/train/a.jpg"),
        ("lists/train_label.txt", "images/train/a.jpg"),
        ("Train_Labels.TXT", "TRAIN/a.jpg"),
        ("training_label.txt", "train/a.jpg"),
        ("train_label.txt", "Training/a.jpg"),
    ],
)
@pytest.mark.parametrize("archive", ["", "set.zip"])
def test_labels_lists_and_folders_in_other_places_and_spellings(place, path, archive):
    (row,) = read("labels", [path], {place: "a.jpg 1\n"}, archive)
    assert (row.entry.path, row.label, row.split, row.problem) == (path, FAKE, "train", "")


@pytest.mark.parametrize("inside", ["", "train/", "deep/train/"])
def test_labels_lists_outside_the_corpus_with_archives(inside):
    files = {Entry("", "train_label.txt"): "a.jpg 1\nb.jpg 0\n", Entry("", "test_label.txt"): "a.jpg 0\n"}
    media = [Entry("in/train.zip", f"{inside}a.jpg"), Entry("in/train.zip", f"{inside}b.jpg")]
    media.append(Entry("in/test.zip", "a.jpg"))
    rows = {row.entry: (row.label, row.split, row.problem) for row in read_entries("labels", media, files)}
    assert rows == dict(
        zip(media, [(FAKE, "train", ""), (REAL, "train", ""), (REAL, "test", "")], strict=True)
    )


def test_labels_lists_in_a_separate_archive():
    files = {Entry("lists.zip", "val_label.txt"): "a.jpg 1\n"}
    (row,) = read_entries("labels", [Entry("valid.zip", "a.jpg")], files)
    assert (row.label, row.split, row.problem) == (FAKE, "val", "")


def test_labels_several_sets_apply_to_their_own_folders():
    files = {"a/train_label.txt": "1.jpg 1\n2.jpg 1\n", "b/train_label.txt": "1.jpg 0\n"}
    rows = summarise(read("labels", ["a/train/1.jpg", "b/train/1.jpg", "b/train/2.jpg"], files))
    assert rows == [
        ("a/train/1.jpg", FAKE, ""), ("a/train/2.jpg", FAKE, MISSING), ("b/train/1.jpg", REAL, ""),
        ("b/train/2.jpg", None, "in no label list"),
    ]  # fmt: skip


def test_labels_unusual_names_and_lines():
    lines = "\ufeffa b  c.jpg 1\r\n\r\n\tu\u0308.jpg\t0\n\u00e9.jpg 1\nsub/d.JPG   0\ntrain/e.jpg 1"
    paths = ["train/a b  c.jpg", "train/\u00fc.jpg", "train/e\u0301.jpg", "train/sub/d.jpg", "train/e.jpg"]
    rows = {row.entry.path: row for row in read("labels", paths, {"train_label.txt": lines})}
    assert [rows[path].label for path in paths] == [FAKE, REAL, FAKE, REAL, FAKE]
    assert rows.keys() == set(paths) and not any(row.problem for row in rows.values())


def test_labels_unusable_files_have_a_problem():
    lines = "gone.jpg 1\ntwice.jpg 0\ntwice.jpg 0\nboth.jpg 0\nboth.jpg 1\nnotes.txt 1\n"
    paths = [f"train/{name}" for name in ("twice.jpg", "both.jpg", "new.jpg", "notes.txt", "._twice.jpg")]
    rows = summarise(read("labels", [*paths, "new.png"], {"train_label.txt": lines, "._test_label.txt": "?"}))
    assert rows == [
        ("new.png", None, "in no label list"),
        ("train/both.jpg", None, "two labels in train_label.txt"),
        ("train/gone.jpg", FAKE, MISSING),
        ("train/new.jpg", None, "in no label list"),
        ("train/notes.txt", FAKE, "labelled, but neither video nor still"),
        ("train/twice.jpg", REAL, ""),
        ("train/twice.jpg", None, "listed again in train_label.txt, 2 times in all; its first row is used"),
    ]


def test_labels_missing_files_of_a_list_in_their_folder_have_the_expected_path():
    rows = summarise(
        read("labels", ["train/notes.txt"], {"train/train_label.txt": "gone.jpg 1\nnotes.txt 0\n"})
    )
    assert rows == [
        ("train/gone.jpg", FAKE, MISSING),
        ("train/notes.txt", REAL, "labelled, but neither video nor still"),
    ]


def test_labels_an_image_in_lists_of_two_splits():
    (row,) = read("labels", ["a.jpg"], {"train_label.txt": "a.jpg 1\n", "test_label.txt": "a.jpg 1\n"})
    assert (row.label, row.split) == (None, "")
    assert row.problem == "two splits in test_label.txt and train_label.txt: test, train"


def test_labels_a_name_that_several_files_match():
    media = [Entry("a.zip", "train/1.jpg"), Entry("b.zip", "train/1.jpg")]
    rows = read_entries("labels", media, {Entry("", "train_label.txt"): "1.jpg 1\n"})
    assert [row.problem for row in rows] == [
        "labelled, but 2 files fit: a.zip: train/1.jpg, b.zip: train/1.jpg",
        "in no label list", "in no label list",
    ]  # fmt: skip


def test_labels_frames_of_one_video_in_one_folder_are_one_group():
    lines = "v_frame1.jpg 1\nv_frame_2.jpg 1\nsub/v_f1.jpg 1\n"
    paths = ["train/v_frame1.jpg", "train/v_frame_2.jpg", "train/sub/v_f1.jpg"]
    groups = {row.entry.path: row.group for row in read("labels", paths, {"train_label.txt": lines})}
    assert [groups[path] for path in paths] == ["train/v", "train/v", "train/sub/v"]


@pytest.mark.parametrize(
    "line", ["a.jpg", "1", "a.jpg 2", "a.jpg,1", "a.jpg REAL", "a.jpg 1.0", "a.jpg -1", "a 1 b"]
)
def test_labels_reports_an_invalid_line(line):
    with pytest.raises(
        ValueError, match=r"l\.zip: x/test_label\.txt, line 3: expected `name\.jpg 1` with 1 for fake"
    ):
        read("labels", [], {"x/test_label.txt": f"b.jpg 0\n\n{line}\n"}, archive="l.zip")


def test_labels_other_text_files_are_no_lists():
    files = {"label.txt": "?", "my_train_label.txt": "?", "train_label.txt.bak": "?", "readme.txt": "?"}
    assert summarise(read("labels", ["train/a.jpg"], files)) == [("train/a.jpg", None, "in no label list")]


def test_labels_of_other_values_by_the_config():
    files = {"train_label.txt": "a.jpg 1\nb c.jpg FAKE\n"}
    columns = {"real": [1, "genuine"], "fake": ["fake"]}
    rows = read("labels", ["train/a.jpg", "train/b c.jpg"], files, columns=columns)
    assert [(row.entry.name, row.label) for row in rows] == [("a.jpg", REAL), ("b c.jpg", FAKE)]
    with pytest.raises(
        UserError, match=r"expected `name.jpg fake` with fake for fake or 1, genuine for real"
    ):
        read("labels", ["train/a.jpg"], {"train_label.txt": "a.jpg 0\n"}, columns=columns)


def test_a_list_with_the_label_first_is_told_from_others():
    with pytest.raises(UserError, match=r"line 1: .*layout celebdf reads lists with the label first"):
        read("labels", ["train/a.jpg"], {"train_label.txt": "1 YouTube-real/00170.mp4\n"})
