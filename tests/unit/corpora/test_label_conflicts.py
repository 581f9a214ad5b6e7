"""Labels that contradict the folders of their files, in tables of every dialect."""

import json

import index as index_program
import pytest
from unit.corpora.test_index import LIMITS, SECTION, index, member

from deepfake.corpora.label_conflicts import label_warning
from deepfake.layouts.entries import FAKE, REAL
from deepfake.plan.gather import read_warning

COLUMNS = {
    "table": "info.csv", "path": "path", "label": "label", "attributes": [],
    "real": [0, "real", "original"], "fake": [1, "fake", "deepfake"],
}  # fmt: skip


def rows_of(labels, archive=""):
    return [
        {"archive": archive, "member": path, "label": label, "reason": ""} for path, label in labels.items()
    ]


def warning(labels, layout="csv", columns=COLUMNS):
    return label_warning("mine", layout, columns, rows_of(labels))


@pytest.mark.parametrize(
    "real, fake",
    [
        ("real", "fake"),
        ("Real", "FAKE"),
        ("original", "manipulated"),
        ("original_sequences/youtube/c23/videos", "manipulated_sequences/Deepfakes/c23/videos"),
        ("YouTube-real", "Celeb-synthesis"),
        ("training_real", "training_fake"),
        ("RealVideos", "FakeVideos"),
        ("0_real", "1_fake"),
        ("set/original", "set/FaceSwap"),
        ("deepfake/train/real", "deepfake/train/fake"),
        ("authentic", "ai-generated"),
        ("real/people/x", "fake/people/x"),
    ],
)
def test_all_labels_contradict_the_folders(real, fake):
    labels = {f"{real}/1.png": FAKE, f"{real}/2.png": FAKE, f"{fake}/3.png": REAL, "x/4.png": REAL}
    text = warning(labels)
    assert text.startswith("mine: 3 of 3 labels contradict the folders of their files, such as ")
    assert f"{real}/1.png is labelled fake" in text
    assert text.endswith("write under corpora.mine.columns:\n    real: [1]\n    fake: [0]")
    assert warning({path: 1 - label for path, label in labels.items()}) == ""


def test_names_of_files_count_where_no_folder_says_anything():
    assert warning({"a/real_1.png": FAKE, "a/fake_1.png": REAL, "b/fake_2.png": REAL})
    assert not warning({"real/fake_1.png": REAL, "fake/real_1.png": FAKE})


@pytest.mark.parametrize(
    "labels",
    [
        {"deepfake-detection/a.mp4": REAL, "deepfake-detection/b.mp4": FAKE},  # the folder of all files
        {"fake/a.mp4": REAL, "fake/b.mp4": REAL, "x/c.mp4": FAKE},  # one class only
        {"real_vs_fake/a.png": REAL, "real_and_fake/b.png": FAKE},  # both at once
        {"real/a.png": REAL, "fake/b.png": FAKE, "fake/c.png": REAL, "real/d.png": FAKE},  # half of them
        {"a/1.png": REAL, "b/2.png": FAKE},
        {"not_real/1.png": FAKE, "non-fake/2.png": REAL},
        {"airport/1.png": REAL, "surreal/2.png": FAKE},
        {},
    ],
)
def test_nothing_is_said_without_a_contradiction(labels):
    assert warning(labels) == ""


def test_archives_count_as_folders():
    rows = [*rows_of({"1.png": FAKE, "2.png": FAKE}, "real.zip"), *rows_of({"1.png": REAL}, "fake.zip")]
    assert "3 of 3 labels" in label_warning("mine", "csv", COLUMNS, rows)
    assert label_warning("mine", "csv", COLUMNS, rows[:2]) == ""


def test_the_lines_to_write_are_the_tables_own_values():
    labels = {"real/1.png": FAKE, "fake/3.png": REAL}
    columns = COLUMNS | {"real": ["N", False], "fake": ["Y", True]}
    assert warning(labels, columns=columns).endswith('real: ["Y", true]\n    fake: ["N", false]')
    words = COLUMNS | {"real": ["real"], "fake": ["fake"]}
    assert warning(labels, columns=words).endswith('real: ["fake"]\n    fake: ["real"]')
    assert warning(labels, "labels", None).endswith("real: [1]\n    fake: [0]")
    assert "correct the label file" in warning(labels, "dfdc", None)


def test_the_lines_that_are_written_end_the_contradiction():
    paths = ["train/real/1.png", "train/real/2.png", "train/fake/3.png"]
    members = [member("", path, b"%d" % n) for n, path in enumerate(paths)]
    for layout, table, text in (
        ("csv", "info.csv", "path,label\ntrain/real/1.png,1\ntrain/real/2.png,1\ntrain/fake/3.png,0\n"),
        ("labels", "train_label.txt", "real/1.png 1\nreal/2.png 1\nfake/3.png 0\n"),
    ):
        files = {("", table): text.encode()}
        default = COLUMNS if layout == "csv" else None
        for columns, expected in ((default, True), (COLUMNS | {"real": [1], "fake": [0]}, False)):
            rows = index([*members, member("", table)], layout, files, columns=columns)
            assert sum(not row["reason"] for row in rows) == 3
            assert bool(label_warning("mine", layout, columns, rows)) == expected


def test_the_index_shows_the_warning_and_keeps_it_for_the_plan(tmp_path, capsys):
    folder = tmp_path / "in"
    for path in ("real/1.png", "fake/2.png"):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(path)
    (folder / "info.csv").write_text("path,label\nreal/1.png,1\nfake/2.png,0\n")
    cfg = SECTION | {"layout": "csv", "limits": LIMITS, "columns": COLUMNS}
    output = tmp_path / "results/index/mine"
    index_program.main(
        ["--corpus", "mine", "--config", json.dumps(cfg), "--sources", str(folder), "--output", str(output)]
    )
    shown = capsys.readouterr().out
    assert "WARNING: mine: 2 of 2 labels contradict" in shown and "real: [1]" in shown
    assert read_warning(output) in shown
    assert read_warning(tmp_path) == ""
