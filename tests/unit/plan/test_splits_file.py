"""splits.csv: what is written is read again, its digest is that of a standard tool, and tables of users."""

import subprocess

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake import tables
from deepfake.errors import UserError
from deepfake.plan.splits_file import COLUMNS, digest_of_lines, read_splits, splits_digest, splits_table

SHA = "0123456789abcdef" * 4
names = st.text(st.sampled_from("ab7_-é"), min_size=1, max_size=6)
videos = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b_c"]), names),
    st.tuples(
        st.sampled_from("01"),
        st.sampled_from(tables.SPLITS),
        st.dictionaries(st.integers(0, 10**6), st.integers(0, 9), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=6,
)


def plan_rows(made: dict) -> pd.DataFrame:
    rows = [
        {"corpus": c, "video": v, "label": label, "split": split, "frame": f, "sha256": SHA[n:] + SHA[:n]}
        for (c, v), (label, split, frames) in made.items()
        for f, n in frames.items()
    ]
    return pd.DataFrame(rows).reindex(columns=tables.PLAN).fillna("")


def index_of(made: dict) -> pd.DataFrame:
    rows = [{"corpus": c, "video": v, "member": f"/x/-{v}.mp4", "bytes": "9", "crc32": "0a"} for c, v in made]
    return pd.DataFrame(rows)


@settings(deadline=None, max_examples=30)
@given(made=videos, seed=st.integers(0, 99))
def test_what_is_written_is_read_again_in_any_order(tmp_path_factory, made, seed):
    path = tmp_path_factory.mktemp("splits") / "splits.csv"
    rows = plan_rows(made)
    table = splits_table(rows, index_of(made))
    assert list(table) == COLUMNS and table.equals(
        splits_table(rows.sample(frac=1, random_state=seed), index_of(made))
    )
    tables.write_rows(path, COLUMNS, table.sample(frac=1, random_state=seed).to_dict("records"))
    lines = {(line.corpus, line.video): line for line in read_splits(path)}
    assert lines.keys() == made.keys()
    for video, (label, split, frames) in made.items():
        line = lines[video]
        assert (line.label, line.split, line.frames) == (label, split, frozenset(frames))
        assert line.file == f"x/-{video[1]}.mp4"  # of the corpus: never an absolute path
    assert digest_of_lines(list(lines.values())) == splits_digest(table)


def test_the_digest_is_that_of_cut_and_sha256sum_and_depends_on_images_but_not_on_files(tmp_path):
    made = {("a", "v"): ("0", "train", {0: 1, 30: 2}), ("a", "w"): ("1", "val", {3: 3})}
    table = splits_table(plan_rows(made), index_of(made))
    tables.write_rows(tmp_path / "s.csv", COLUMNS, table.to_dict("records"))
    command = "cut -d, -f1-7 s.csv | sha256sum"
    said = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True).stdout
    assert said.split()[0] == splits_digest(table) == splits_digest(splits_table(plan_rows(made)))
    other = {**made, ("a", "w"): ("1", "val", {3: 4})}
    assert splits_digest(splits_table(plan_rows(other))) != splits_digest(table)


def test_masks_count_in_the_digest():
    rows = plan_rows({("a", "v"): ("1", "train", {0: 1})})
    masked = rows.assign(mask="v/0.png", mask_sha256=SHA)
    assert splits_table(rows)["sha256"][0] != splits_table(masked)["sha256"][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("video,split\na,train\nb,VALIDATION\n", [("a", "", "train"), ("b", "", "val")]),
        ("Split;Path\ntesting;x/a.mp4\n", [("", "x/a.mp4", "test")]),
        ("filename\tsplit\na b.mp4\tvalid\n\t\n", [("", "a b.mp4", "val")]),
    ],
)
def test_tables_of_users(tmp_path, text, expected):
    (tmp_path / "mine.csv").write_text(text)
    lines = read_splits(tmp_path / "mine.csv")
    assert [(line.video, line.file, line.split) for line in lines] == expected
    assert all(line.frames is None for line in lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its columns are none; write a first line"),
        (
            "a,train\nb,val\n",
            "its columns are a, train; write a first line with `video` (or `file`) and `split`",
        ),
        ("video,split\n", "has no rows"),
        ("video,split\na,dev\n", "line 2: 'dev' is no split; write train, val or test"),
        ("video,split\n,train\n", "line 2: it names no video and no file"),
        ("video,split\na,train,x\n", "line 2: 3 cells for 2 columns"),
        ("video,split,frames\na,train,1 2\nb,train,-1\n", "line 3: `frames` is '-1'"),
        ("video,split,frames\na,train,99999999999999\n", "line 2: `frames` is"),
        ("PK\3\4", "an Excel workbook or another zip"),
    ],
)
def test_what_can_not_be_understood_is_named_with_its_line(tmp_path, text, said):
    (tmp_path / "mine.csv").write_bytes(text.encode())
    with pytest.raises(UserError) as error:
        read_splits(tmp_path / "mine.csv")
    assert said in str(error.value) and str(tmp_path / "mine.csv") in str(error.value)
