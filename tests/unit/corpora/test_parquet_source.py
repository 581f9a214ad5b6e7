"""A corpus in Parquet files: its images, their names and its table of rows; damage, limits and lies."""

import csv
import io
import random
import zlib

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.parquet_files import STRUCT, png, structs, write_parquet

from deepfake.corpora.archives import MemberError, SourceError
from deepfake.corpora.corpus_source import open_corpus

LIMITS = {"members": 1000, "member_gb": 0.01, "total_gb": 0.05, "ratio": 200}
BOTH = {"image": structs(["a.png", "b.png"]), "label": [0, 1]}


def read_all(*paths, limits=LIMITS):
    """Return the members by archive and path, and the bytes of those that aren't refused."""
    with open_corpus([str(path) for path in paths], limits) as source:
        members = source.members()
        data = {(m.archive, m.path): source.read(m.archive, m.path) for m in members if not m.reason}
    assert len(members) == len({(m.archive, m.path) for m in members})
    return {(m.archive, m.path): m for m in members}, data


def names_of(path):
    return [name for _, name in read_all(path)[0] if name != "rows.csv"]


def rows_of(path):
    text = read_all(path)[1][path.name, "rows.csv"].decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def test_images_of_several_files_by_their_names_in_them(tmp_path):
    first = write_parquet(tmp_path / "data/0.parquet", {"image": structs(["b.png", "x/a.png"])})
    second = write_parquet(tmp_path / "more/0.PARQUET", {"label": [1], "image_data": [png(0)]})
    members, data = read_all(first, second)
    images = {key: m for key, m in members.items() if key[1] != "rows.csv"}
    assert sorted(images) == [
        ("data/0.parquet", "b.png"), ("data/0.parquet", "x/a.png"), ("more/0.PARQUET", "row_0000000"),
    ]  # fmt: skip
    assert [data[key] for key in sorted(images)] == [png(0), png(1), png(0)]
    assert all(m.crc32 == zlib.crc32(data[key]) and m.bytes == len(data[key]) for key, m in images.items())
    assert all(m.entry.is_image for m in images.values())


def test_names_that_are_unsafe_or_not_unique_have_the_number_of_their_row(tmp_path):
    given_names = ["A.png", "a.png", "../up.png", "/top.png", "", "._fork.png", "b/c.png", "rows.csv"]
    given_names += [
        "C:\\x.png",
        "d\\e.png",
        "row_0000000/A.png",
        "new\nline.png",
        "f//g.png",
        "__MACOSX/h.png",
    ]
    path = write_parquet(tmp_path / "x.parquet", {"image": structs([None] * 14), "image_name": given_names})
    assert names_of(path) == [
        "b/c.png", "d/e.png",
        *("row_0000000/A.png", "row_0000001/a.png", "row_0000002/up.png", "row_0000003/top.png"),
        *("row_0000004", "row_0000005", "row_0000007/rows.csv", "row_0000008/x.png", "row_0000010/A.png"),
        *("row_0000011", "row_0000012/g.png", "row_0000013/h.png"),
    ]  # fmt: skip


def test_table_of_rows_has_names_of_classes_text_and_numbers(tmp_path):
    columns = {
        "image": structs(["a.png", "b.png", "c.png"]),
        "label": [0, 1, None],
        "member": ["Kim", "a,b", 'say "x"\nagain'],
        "score": [0.5, None, 1.0],
        "flag": [True, False, None],
        "size": [[8, 8], [8, 8], [8, 8]],
        "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
        "prompt": ["z" * 1000, "", None],
    }
    path = write_parquet(tmp_path / "x.parquet", columns, {"label": ["Fake", "Real"], "other": ["z"]})
    assert rows_of(path) == [
        ["member", "label", "member_of_image", "score", "flag", "kind", "prompt"],
        ["a.png", "Fake", "Kim", "0.5", "True", "x", "z" * 256],
        ["b.png", "Real", "a,b", "", "False", "y", ""],
        ["c.png", "", 'say "x" again', "1.0", "", "x", ""],
    ]


def test_text_that_is_no_utf_8_and_a_row_without_an_image(tmp_path):
    bad = pa.array([b"\xff\xfe", b"ok"]).view(pa.string())
    images = pa.array(
        [{"bytes": None, "path": "/home/x/elsewhere.png"}, {"bytes": b"no image", "path": None}]
    )
    path = write_parquet(tmp_path / "x.parquet", {"image": images.cast(STRUCT), "model": bad})
    members, data = read_all(path)
    gone = members["x.parquet", "row_0000000/elsewhere.png"]
    assert (gone.reason, gone.bytes) == ("the row has no image", 0)
    assert (
        members["x.parquet", "row_0000001"].entry.is_image and data["x.parquet", "row_0000001"] == b"no image"
    )
    assert rows_of(path)[1:] == [["row_0000000/elsewhere.png", "\ufffd\ufffd"], ["row_0000001", "ok"]]
    with open_corpus([str(path)], LIMITS) as source:
        with pytest.raises(MemberError, match="the row has no image"):
            source.read("x.parquet", "row_0000000/elsewhere.png")
        with pytest.raises(MemberError, match="not in the archive any more"):
            source.read("x.parquet", "gone.png")
        with pytest.raises(MemberError, match=r"the archive y\.parquet is not there any more"):
            source.read("y.parquet", "a.png")


@settings(deadline=None, max_examples=20)
@given(
    sizes=st.lists(st.integers(0, 300), min_size=1, max_size=12),
    group=st.integers(1, 5),
    codec=st.sampled_from(["snappy", "zstd", "none", "gzip"]),
    dictionary=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_images_in_any_order_whatever_the_row_groups(
    tmp_path_factory, sizes, group, codec, dictionary, order
):
    images = [random.Random(n).randbytes(size) for n, size in enumerate(sizes)]
    path = tmp_path_factory.mktemp("x") / "x.parquet"
    write_parquet(path, {"image": images}, row_group_size=group, compression=codec, use_dictionary=dictionary)
    names = [f"row_{n:07d}" for n in range(len(sizes))]
    with open_corpus([str(path)], LIMITS) as source:
        members = {m.path: m for m in source.members() if m.path != "rows.csv"}
        assert {name: members[name].bytes for name in names} == dict(zip(names, sizes, strict=True))
        blocks = [members[name].block for name in names]
        assert blocks == [f"x.parquet:{n // group}" for n in range(len(sizes))]
        rows = list(enumerate(names))
        order.shuffle(rows)
        assert all(source.read("x.parquet", name) == images[n] for n, name in rows)


def test_images_are_not_read_where_no_checksum_is_needed(tmp_path):
    path = write_parquet(tmp_path / "x.parquet", {"image": structs(["a.png", "b.png"])})
    data = bytearray(path.read_bytes())
    at = data.index(png(0))
    data[at : at + 20] = bytes(20)
    path.write_bytes(data)
    with open_corpus([str(path)], LIMITS) as source:
        found = [m for m in source.members(lambda entry: False) if m.path != "rows.csv"]
    assert [(m.path, m.crc32, m.reason) for m in found] == [("a.png", 0, ""), ("b.png", 0, "")]
    assert all(m.bytes > 50 for m in found)


def test_an_image_is_written_to_a_file(tmp_path):
    path = write_parquet(tmp_path / "x.parquet", BOTH)
    with open_corpus([str(path)], LIMITS) as source:
        assert source.extract("x.parquet", "b.png", tmp_path / "b.png") == zlib.crc32(png(1))
        assert [m.path for m in source.frames("x.parquet", "")] == ["a.png", "b.png"]
    assert (tmp_path / "b.png").read_bytes() == png(1)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"label": [1]}, r"no column of images \(columns: label\); expected `image`"),
        ({"image": ["text"]}, "no column of images"),
        ({"image": [[b"list"]]}, "no column of images"),
        ({"a": [b"1"], "b": [b"2"]}, "several columns of bytes: a, b"),
    ],
)
def test_columns_of_other_types_are_no_images(tmp_path, columns, problem):
    path = write_parquet(tmp_path / "x.parquet", columns)
    with pytest.raises(SourceError, match=problem):
        read_all(path)


def test_limits_on_rows_sizes_and_ratio(tmp_path):
    path = write_parquet(tmp_path / "x.parquet", BOTH)
    for key, value in (("members", 1), ("total_gb", 1e-9)):
        with pytest.raises(SourceError, match=rf"more than limits\.{key} = "):
            read_all(path, limits=LIMITS | {key: value})
    bomb = write_parquet(tmp_path / "bomb.parquet", {"image": [bytes(1 << 20)]}, compression="zstd")
    with pytest.raises(SourceError, match=r"unpacks to more than limits\.ratio = 200 times"):
        read_all(bomb)


def test_parquet_files_and_zips_are_not_mixed(tmp_path):
    path = write_parquet(tmp_path / "x.parquet", BOTH)
    with pytest.raises(SourceError, match=r"y\.zip: not a Parquet file like .*; make a corpus of each kind"):
        read_all(path, tmp_path / "y.zip")


def test_files_that_are_no_parquet_or_are_cut_off(tmp_path):
    whole = write_parquet(tmp_path / "x.parquet", BOTH).read_bytes()
    cases = {
        b"": "not a Parquet file", b"PK\3\4" + bytes(99): "not a Parquet file", b"PAR1": "cut off",
        whole[:-20]: "cut off", whole[:-4] + b"PARE": "cut off, or encrypted",
        whole[:-8] + b"\xff\xff\xff\x7fPAR1": "a footer of 2147483647 bytes",
        whole[:-8] + b"\x08\0\0\0PAR1": "download it again",
    }  # fmt: skip
    for data, problem in cases.items():
        path = tmp_path / "y.parquet"
        path.write_bytes(data)
        with pytest.raises(SourceError, match=problem):
            read_all(path)
    path.unlink()
    with pytest.raises(SourceError, match="y.parquet"):
        read_all(path)


def test_damage_never_gives_other_errors_or_wrong_names(tmp_path):
    """Bytes of a small file are changed, wherever: either it is refused, or rows, or it is still read."""
    columns = {"image": structs([f"{n}.png" for n in range(6)]), "label": [0, 1] * 3, "model": ["m"] * 6}
    whole = write_parquet(
        tmp_path / "x.parquet", columns, {"label": ["a", "b"]}, row_group_size=3
    ).read_bytes()
    path, choose, outcomes = tmp_path / "y.parquet", random.Random(0), set()
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(choose.choice([1, 1, 4])):
            data[choose.randrange(len(data))] = choose.randrange(256)
        path.write_bytes(data)
        try:
            members, _ = read_all(path)
        except (SourceError, MemberError) as error:
            outcomes.add(type(error))
            continue
        outcomes |= {bool(m.reason) for m in members.values()}
        assert not any(".." in name.split("/") or name.startswith("/") for _, name in members)
    assert outcomes == {SourceError, MemberError, True, False}
