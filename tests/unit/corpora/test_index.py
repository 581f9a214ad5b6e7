"""The index of a corpus: a row for each video, unique names, copies, max_videos, classes, frame counts."""

import csv
import json
import random
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake import tables
from deepfake.corpora.archives import Member
from deepfake.corpora.index import (
    boost_factor,
    check_classes,
    index_corpus,
    label_entries,
    rows_of_shards,
)
from deepfake.corpora.index_report import left_out, summary
from deepfake.errors import UserError
from deepfake.layouts.entries import Video
from deepfake.layouts.registry import LAYOUTS, Layout
from deepfake.names import visible
from deepfake.plan.gather import gather

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
LIMITS = {"members": 1000, "member_gb": 0.01, "total_gb": 0.05, "ratio": 200}
NOISE = random.Random(0).randbytes(5_000)
SECTION = {"seed": 42, "max_videos": None, "shard_size": 64, "columns": None}
SECTION |= {"frames": {"count": 10, "boost": 8}}


def member(archive, path, content=b"x", reason=""):
    return Member(archive, path, len(content), zlib.crc32(content), reason)


def index(members, layout="imagefolder", files=None, labels=(), **changes):
    cfg = SECTION | {"layout": layout, **changes}
    return index_corpus(members, lambda archive, path: files[archive, path], cfg, label_entries(labels))


def dfdc(labels, extra=(), **changes):
    """Return the index of a DFDC corpus with these labels; all videos differ in content."""
    records = {name: {"label": "FAKE" if label else "REAL"} for name, label in labels.items()}
    members = [member("a.zip", f"t/{name}", name.encode()) for name in labels]
    files = {("a.zip", "t/metadata.json"): json.dumps(records).encode()}
    return index([member("a.zip", "t/metadata.json"), *members, *extra], "dfdc", files, **changes)


def test_one_row_for_each_video_and_the_summary():
    labels = {f"{n:03d}.mp4": n % 4 > 0 for n in range(40)}
    extra = [
        member("a.zip", "t/new.mp4"), member("a.zip", "t/link.mp4", reason="a link or a device, not a file"),
        member("a.zip", "t/readme.txt"), member("a.zip", "t/face.png"),
    ]  # fmt: skip
    rows = dfdc(labels, extra, shard_size=16)
    assert all(set(row) <= set(tables.INDEX) for row in rows)
    assert {r["member"]: r["reason"] for r in rows if r["reason"]} == {
        "t/new.mp4": "no label",
        "t/link.mp4": "a link or a device, not a file",
        "t/face.png": "still image, not a video",
    }
    shards = {row["shard"] for row in rows} - {""}
    assert all(bool(row["shard"]) != bool(row["reason"]) for row in rows)
    expected = f"dfdc: 43 videos, 10 real, 30 fake, 1 unlabelled, 2 left out, {len(shards)} shards"
    assert summary("dfdc", rows) == expected
    assert (
        summary("x", dfdc({"a.mp4": 0, "b.mp4": 1})) == "x: 2 videos, 1 real, 1 fake, 0 unlabelled, 1 shards"
    )


def test_a_label_without_a_file_and_a_refused_label_file_are_named_in_the_log():
    files = {("", "metadata.json"): json.dumps({"gone.mp4": {"label": "REAL"}}).encode()}
    members = [
        member("", "metadata.json"),
        member("", "b/metadata.json", reason="encrypted"),
        member("", "c.7z"),
    ]
    rows = index(members, "dfdc", files)
    assert [(row["member"], row["shard"]) for row in rows] == [("gone.mp4", "")]
    assert left_out(rows, members) == [
        "1 left out, an archive inside the corpus; unpack it, or list zips under `archives`: c.7z",
        "1 left out, labelled, but the file is missing: gone.mp4",
        "1 left out, not read, encrypted: b/metadata.json",
    ]


def test_only_some_of_many_left_out_files_are_named():
    members = [member("", f"real/{n:02d}.png", reason="encrypted") for n in range(25)]
    (line,) = left_out(index(members), members)
    assert line.startswith("25 left out, encrypted: real/00.png, ") and line.endswith(
        "real/19.png and 5 more"
    )


def test_copies_in_two_archives_count_once():
    paths = [("1.zip", "real/a.mp4", b"a"), ("0.zip", "real/a.mp4", b"a"), ("2.zip", "real/a.mp4", b"b")]
    paths += [("3.zip", "real/a.mp4", b"b"), ("4.zip", "fake/b.mp4", b"c")]
    rows = index([member(*p) for p in paths])
    assert {row["archive"]: row["reason"] for row in rows} == {
        "0.zip": "", "1.zip": "a copy of 0.zip/real/a.mp4", "2.zip": "",
        "3.zip": "a copy of 2.zip/real/a.mp4", "4.zip": "",
    }  # fmt: skip
    assert len({row["video"] for row in rows}) == 5


def test_a_copy_beside_its_original_leaves_the_original_its_name():
    alone = index([member("a.zip", "real/a.mp4")])
    both = index([member("a.zip", "real/a.mp4"), member("b.zip", "real/a.mp4")])
    assert [r["video"] for r in both if not r["reason"]] == [r["video"] for r in alone] == ["real_a"]


def test_a_file_labelled_real_and_fake_is_left_out():
    records = [{"a.mp4": {"label": label}} for label in ("REAL", "FAKE")]
    files = {(f"{n}.zip", "metadata.json"): json.dumps(records[n]).encode() for n in (0, 1)}
    members = [member(f"{n}.zip", name) for n in (0, 1) for name in ("metadata.json", "a.mp4")]
    assert {row["archive"]: row["reason"] for row in index(members, "dfdc", files)} == {
        "0.zip": "two labels, here and as a copy: 1.zip/a.mp4",
        "1.zip": "two labels, here and as a copy: 0.zip/a.mp4",
    }


@pytest.mark.parametrize("other", ["real/a.mp4", "real/A.mp4", "real/a.mov"])
def test_two_videos_of_one_name_get_different_names(other):
    rows = index([member("0.zip", "real/a.mp4", b"a"), member("1.zip", other, b"b")])
    assert all(not row["reason"] and row["video"].lower().startswith("real_a-") for row in rows)
    assert len({row["video"].casefold() for row in rows}) == 2
    again = index([member("1.zip", other, b"b"), member("0.zip", "real/a.mp4", b"a")])
    assert again == rows


def test_a_file_named_like_another_with_its_hash():
    members = [member("0.zip", "real/a.mp4", b"a"), member("1.zip", "real/a.mp4", b"b")]
    name_with_hash = index(members)[0]["video"].removeprefix("real_")
    rows = index([*members, member("2.zip", f"real/{name_with_hash}.mp4", b"c")])
    assert len(rows) == len({row["video"] for row in rows}) == 3
    assert not any(row["reason"] for row in rows)


def test_any_name_becomes_a_valid_file_name():
    stems = [
        "한국어 영상",
        "\u1112\u1161\u11ab",
        "\ud55c",
        "x" * 990,
        "x" * 991,
        "a b",
        "a?b",
        "a..",
        "🎬",
        "\udcff",
    ]
    rows = index([member("", f"real/{stem}.mp4", stem.encode("utf-8", "replace")) for stem in stems])
    names = {row["video"] for row in rows}
    assert len(names) == len(stems)
    assert all(len(name.encode()) < 200 and "/" not in name and not name.startswith(".") for name in names)


def test_max_videos_limits_each_class_at_random():
    labels = {f"{n:03d}.mp4": n % 3 > 0 for n in range(60)}

    def kept(limit, labels=labels):
        return {row["video"]: row["label"] for row in dfdc(labels, max_videos=limit) if not row["reason"]}

    assert sorted(kept(5).values()) == [0] * 5 + [1] * 5
    assert kept(5).items() <= kept(6).items() <= kept(None).items()
    assert kept(100) == kept(None)
    assert set(kept(5)) != {f"{n:03d}" for n in range(60) if n % 3 == 0 and n < 15 or n % 3 and n < 8}
    assert kept(5, dict(reversed(labels.items()))) == kept(5)
    left = [r["reason"] for r in dfdc(labels, max_videos=5) if r["reason"]]
    assert left == ["over max_videos = 5"] * 50


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ([], "no real and fake video found (0 rows)"),
        ([member("", "real/a.mp4")], "no fake video found (1 rows)"),
        ([member("", "fake/a.mp4"), member("z", "real/b.mp4", reason="encrypted")],
         "no real video found (2 rows: 1 with 'encrypted' such as z/real/b.mp4)"),
    ],
)  # fmt: skip
def test_nothing_or_one_class_only_is_an_error(members, missing):
    with pytest.raises(UserError) as error:
        check_classes("mine", index(members), "imagefolder")
    assert str(error.value).startswith(f"corpora.mine: {missing}. Check that `layout` fits")


def test_a_corpus_of_fakes_only_needs_no_reals():
    rows = index([member("", "fake/a.mp4")])
    check_classes("mine", rows, "deeperforensics")
    with pytest.raises(UserError, match="no fake video found"):
        check_classes("mine", index([member("", "real/a.mp4")]), "deeperforensics")
    assert rows[0]["frames_wanted"] == 10


@pytest.mark.parametrize(
    ("real", "fake", "limit", "frames"),
    [(4, 16, None, {0: 40, 1: 10}), (4, 17, None, {0: 50, 1: 10}), (20, 10, None, {0: 10, 1: 20}),
     (1, 30, None, {0: 80, 1: 10}), (5, 5, None, {0: 10, 1: 10}), (4, 40, 8, {0: 20, 1: 10})],
)  # fmt: skip
def test_more_frames_are_taken_from_videos_of_the_smaller_class(real, fake, limit, frames):
    labels = {f"{n:03d}.mp4": n >= real for n in range(real + fake)}
    rows = [row for row in dfdc(labels, [member("a.zip", "t/new.mp4")], max_videos=limit)]
    assert {row["label"]: row["frames_wanted"] for row in rows if not row["reason"]} == frames
    assert not any(row.get("frames_wanted") for row in rows if row["reason"])


def test_a_factor_counts_whatever_videos_there_are():
    labels = {f"{n:03d}.mp4": n >= 2 for n in range(12)}
    frames = {"count": 10, "boost": 8, "factor": {"real": 3}}
    rows = dfdc(labels, [], frames=frames)
    counts = {(row["label"], row["frames_base"], row["frames_wanted"]) for row in rows if not row["reason"]}
    assert counts == {(0, 10, 30), (1, 10, 10)}


def test_a_shard_names_the_original_of_each_fake_that_is_in_it():
    records = {"r.mp4": ("REAL", None), "a.mp4": ("FAKE", "r.mp4"), "b.mp4": ("FAKE", "gone.mp4")}
    labels = {name: {"label": label, "original": original} for name, (label, original) in records.items()}
    files = {("a.zip", "t/metadata.json"): json.dumps(labels).encode()}
    members = [member("a.zip", f"t/{name}", name.encode()) for name in ("metadata.json", *records)]
    rows = index(members, "dfdc", files)
    assert {row["video"]: row["original"] for row in rows} == {"r": "r", "a": "r", "b": "gone"}
    shards = rows_of_shards(rows)
    assert {row["video"]: row["original"] for row in shards["all"]} == {"r": "", "a": "r", "b": ""}
    apart = rows_of_shards(index(members, "dfdc", files, shard_size=1))
    assert {(row["video"], row["original"]) for (row,) in apart.values()} == {("r", ""), ("a", ""), ("b", "")}


def test_images_and_other_strategies_have_no_number_of_frames():
    videos = [member("", f"{label}/{n}.mp4", b"%d" % n) for n, label in enumerate(["real", "fake", "fake"])]
    stills = [member("", f"real/{n}.png", b"%d" % n) for n in range(50)]
    rows = index([*videos, *stills])
    assert {(row["kind"], row["label"]): row.get("frames_wanted", "") for row in rows} == {
        ("video", 0): 20, ("video", 1): 10, ("image", 0): "",
    }  # fmt: skip
    assert not any("frames_wanted" in row for row in index(videos, frames=None))


def test_a_shard_has_videos_of_one_kind():
    members = [member("", f"real_train/{n}.tar.gz", b"%d" % n) for n in range(9)]
    members += [member("", f"fake_train/{n}/0.png", b"%d" % n) for n in range(9)]
    rows = index(members, "wilddeepfake", shard_size=2)
    assert {row["kind"] for row in rows if row["shard"] == "images_all"} == {"image"}
    assert {row["kind"] for row in rows if row["shard"].startswith("sequences_")} == {"sequence"}
    assert len({row["shard"] for row in rows}) > 3 and all(row["shard"] for row in rows)
    assert {row["frames_wanted"] for row in rows if row["kind"] == "sequence"} == {10}


def test_a_tar_is_a_sequence_only_in_layouts_with_sequences():
    refused = [member("", "real_train/1.tar", reason="encrypted"), member("", "a.tar")]
    assert {row["member"]: row["kind"] for row in index(refused, "wilddeepfake")} == {
        "real_train/1.tar": "sequence", "a.tar": "sequence",
    }  # fmt: skip
    assert index(refused) == []
    assert [line.split(":")[0] for line in left_out([], refused)] == [
        "1 left out, an archive inside the corpus; unpack it, or list zips under `archives`",
        "1 left out, not read, encrypted",
    ]


def test_label_files_outside_the_corpus_are_read_and_are_no_videos(tmp_path):
    listed = tmp_path / "metadata.json"
    listed.write_text('{"a.mp4": {"label": "FAKE"}, "b.mp4": {"label": "REAL"}}')
    members = [member("", name, name.encode()) for name in ("a.mp4", "b.mp4", "metadata.json")]
    own = {("", "metadata.json"): b'{"a.mp4": {"label": "REAL"}}'}
    rows = index(members, "dfdc", own, labels=[str(listed)])
    assert {row["member"]: row["label"] for row in rows} == {"a.mp4": 1, "b.mp4": 0}
    in_zip = [member("x.zip", name, name.encode()) for name in ("a.mp4", "b.mp4")]
    assert len(index(in_zip, "dfdc", {}, labels=[str(listed)])) == 2


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["a/l.txt", "b/l.txt"], "a/l.txt and b/l.txt have the same name"),
        (["a.png"], "a.png is no label file"),
        (["labels.ZIP"], "labels.ZIP is no label file"),
    ],
)
def test_invalid_label_files_are_named(paths, message):
    with pytest.raises(UserError, match=message):
        label_entries(paths)


def test_attributes_are_json(monkeypatch):
    attributes = {"a.mp4": {"sex": "여", "age": "30", "empty": ""}, "b.mp4": {}}

    def read(corpus):
        return [Video(e, e.stem, 0, attributes=attributes[e.path]) for e in corpus.media]

    monkeypatch.setitem(LAYOUTS, "dfd", Layout(read))
    rows = index([member("", name, name.encode()) for name in attributes], "dfd")
    assert [row["attributes"] for row in rows] == ['{"age": "30", "sex": "여"}', ""]


@pytest.mark.parametrize(
    ("fewer", "more", "factor"),
    [(10, 40, 4), (10, 41, 4), (10, 42, 5), (19, 29, 2), (10, 11, 1), (10, 12, 2), (7, 7, 1), (0, 9, 1)],
)
def test_the_ratio_is_rounded_up_with_a_tolerance_of_a_tenth(fewer, more, factor):
    assert boost_factor(fewer, more, 8) == factor


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 1000))
def test_both_classes_have_about_as_many_frames(fewer, others, most):
    """Except for what rounding adds to the smaller class: less than `count` frames for each of its videos."""
    more = fewer + others
    factor = boost_factor(fewer, more, most)
    assert 1 <= factor <= most
    if factor < most:
        assert -0.1 * fewer <= factor * fewer - more < 0.9 * fewer
    assert factor == boost_factor(fewer, more, most + 1) or factor == most


HOSTILE = ["=HYPERLINK(x)", "@SUM(1)", "+1+1", "-2+3", "\u202eknurt", "a\u200bb", "x\x1b[2J"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_reach_no_table_of_a_dataset_as_they_are(tmp_path, name):
    """The index is written and gathered: its own paths are exact, all other names are harmless."""
    members = [
        member("", f"real/{name}.png", b"1"), member("", f"fake/{name}/v/1.png", b"2"),
        member("", f"{name}/fake/2.png", b"3"),
    ]  # fmt: skip
    rows = index(members)
    path = tmp_path / "index/mine/videos.csv"
    tables.write_rows(path, tables.INDEX, rows)
    assert {row["member"] for row in tables.read_rows(path)} == {one.path for one in members}
    for row in csv.reader(path.read_text(encoding="utf-8").splitlines()):
        assert not [cell for cell in row if cell[:1] in ("=", "+", "-", "@")]
    for row in rows:
        if row["shard"]:
            shard = tmp_path / f"faces/mine/{row['shard']}.csv"
            tables.write_rows(shard, tables.FACES, [])
    table = gather(tmp_path, {"mine": "mine"}, "faces")
    assert len(table) == 3
    for cell in table.astype(str).to_numpy().ravel():
        assert cell[:1] not in ("=", "+", "@") and not (cell[:1] == "-" and cell != "-1")
        assert visible(cell) == cell


def test_attributes_are_no_formulas():
    text = b"path,label,who\nreal/a.png,0,=1+1\nfake/b.png,1,-0.5\n"
    members = [member("", "real/a.png", b"1"), member("", "fake/b.png", b"2"), member("", "info.csv")]
    columns = {"table": "info.csv", "path": "path", "label": "label", "real": [0], "fake": [1]}
    rows = index(members, "csv", {("", "info.csv"): text}, columns=columns | {"attributes": ["who"]})
    assert {row["attributes"] for row in rows} == {'{"who": "\'=1+1"}', '{"who": "-0.5"}'}


def test_segments_of_partial_fakes():
    header = "path,label,original,segments"
    lines = {
        "real.mp4": "real,,", "whole.mp4": "fake,real.mp4,", "part.mp4": "fake,real.mp4,0.5-1.25 3-4",
        "other.mp4": "fake,real.mp4,2-3", "wrong.mp4": "real,,1-2", "still.png": "fake,,1-2",
        "bad.mp4": "fake,real.mp4,soon",
    }  # fmt: skip
    columns = {"table": "info.csv", "path": "path", "label": "label", "real": ["real"], "fake": ["fake"]}
    columns |= {"original": "original", "segments": "segments"}

    def rows_with(lines):
        table = "\n".join([header, *(f"{path},{line}" for path, line in lines.items())])
        members = [member("", "info.csv"), *(member("", path, path.encode()) for path in lines)]
        return index(members, "csv", {("", "info.csv"): table.encode()}, columns=columns)

    rows = {row["video"]: row for row in rows_with(lines)}
    assert {name: row["segments"] for name, row in rows.items() if not row["reason"]} == {
        "real": "", "whole": "", "part": "0.5-1.25 3-4", "other": "2-3",
    }  # fmt: skip
    assert {name: row["reason"] for name, row in rows.items() if row["reason"]} == {
        "wrong": "labelled real, but with segments that are fake",
        "still": "fake in some segments only, and the times of its stills are unknown",
        "bad": "its segments: not a list of segments such as 0.5-1.25 3-4.1, in seconds",
    }
    ((_, shard),) = rows_of_shards(list(rows.values())).items()
    assert not any(row["fakes_segments"] for row in shard)
    ((_, shard),) = rows_of_shards(list(rows.values()), pairs=True).items()
    assert {row["video"]: row["fakes_segments"] for row in shard if row["fakes_segments"]} == {
        "real": "0.5-1.25 3-4;2-3"
    }

    # Other segments make the frames of that video again, and of no other shard.
    many = {f"{n:03d}.mp4": "fake,,1-2" if n % 2 else "real,," for n in range(300)}
    before, after = (
        rows_of_shards(rows_with(many | changed)) for changed in ({}, {"007.mp4": "fake,,1-2.5"})
    )
    changed = [shard for shard in before if before[shard] != after[shard]]
    assert len(before) > 2 and len(changed) == 1
    assert [row["segments"] for row in after[changed[0]] if row["video"] == "007"] == ["1-2.5"]
