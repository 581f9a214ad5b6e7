"""Community Forensics: the columns of its Parquet files, by the table of their rows."""

import pytest
from made.layout_rows import read_entries
from made.parquet_files import png, write_parquet

from deepfake.corpora.corpus_source import open_corpus
from deepfake.corpora.index import index_corpus
from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Entry

LIMITS = {"members": 1000, "member_gb": 0.01, "total_gb": 0.05, "ratio": 200}
TABLE = Entry("manual/0.parquet", "rows.csv")
HEADER = "member,image_name,model_name,nsfw_flag,prompt,real_source,subset,split,label"


def rows_of(*lines, header=HEADER, media=("a.png",), archive=TABLE.archive):
    images = [Entry(archive, path) for path in media]
    table = Entry(archive, "rows.csv")
    return read_entries("communityforensics", images, {table: "\n".join([header, *lines, ""])})


def test_a_fake_and_a_real():
    fake, real = rows_of(
        'a.png,1.png,stabilityai/stable-diffusion-2,False,"a, b",LAION,Systematic,train,1',
        "b.png,2.png,FFHQ,False,,FFHQ,Manual,test,0",
        media=["a.png", "b.png"],
    )
    assert (fake.name, fake.label, fake.original) == ("0_a", FAKE, "")
    assert fake.method == "stabilityai/stable-diffusion-2"
    assert fake.attributes == {"real_source": "LAION", "subset": "Systematic"} and fake.split == "train"
    assert (real.name, real.label, real.method, real.original) == ("0_b", REAL, "", "0_b")
    assert real.split == "test" and {fake.group, real.group} == {"0.parquet:a.png", "0.parquet:b.png"}


def test_labels_that_are_odd_rows_without_image_and_images_without_row():
    rows = rows_of(
        "a.png,1.png,m,False,,LAION,Manual,train,2", "gone.png,1.png,m,False,,LAION,Manual,train,1",
        media=["a.png", "b.png"],
    )  # fmt: skip
    assert {row.entry.path: row.problem for row in rows} == {
        "a.png": "label is '2', neither 0 nor 1",
        "b.png": "not in rows.csv",
        "gone.png": "labelled, but the file is missing",
    }


def test_a_table_of_another_set_and_none_at_all():
    (row,) = rows_of("a.png,1", header="member,label")
    assert row.problem == "its rows.csv has no column model_name, real_source, subset"
    (row,) = read_entries("communityforensics", [Entry("x.parquet", "a.png")], {})
    assert row.problem == "not in rows.csv"


def test_a_line_that_is_cut_off():
    with pytest.raises(UserError, match=r"0\.parquet: rows\.csv, line 2: 3 cells below a header of 9"):
        rows_of("a.png,1.png,m")


def test_images_and_rows_of_two_files_are_told_apart(tmp_path):
    """As on the Hub: image_name starts again with each generator."""
    paths = []
    for number, (model, label) in enumerate([("x/one", 1), ("y/two", 1), ("real", 0)]):
        columns = {
            "image_name": ["00000162.png", "00000162.png"], "format": ["PNG"] * 2, "resolution": [[8, 8]] * 2,
            "mode": ["RGB"] * 2, "image_data": [png(2 * number), png(2 * number + 1)],
            "model_name": [model] * 2, "nsfw_flag": [False, True], "prompt": ["line\nline", None],
            "real_source": ["LAION"] * 2, "subset": ["Systematic"] * 2, "split": ["train"] * 2,
            "label": [label] * 2,
        }  # fmt: skip
        paths.append(write_parquet(tmp_path / f"data/{number}.parquet", columns))
    cfg = {"layout": "communityforensics", "columns": None, "seed": 1, "max_videos": None, "frames": None}
    with open_corpus([str(path) for path in paths], LIMITS) as source:
        rows = index_corpus(source.members(), source.read, cfg | {"shard_size": 64}, {})
    assert [(row["video"], row["label"], row["method"], row["reason"]) for row in rows] == [
        (f"{number}_row_000000{row}_00000162", label, model, "")
        for number, (model, label) in enumerate([("x/one", 1), ("y/two", 1), ("", 0)])
        for row in range(2)
    ]
