"""The index of a corpus: a row for each video, names, copies, caps, classes; and both programs as run."""

import json
import os
import random
import subprocess
import sys
import zipfile
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
)
from deepfake.corpora.index_report import left_out, summary
from deepfake.errors import UserError
from deepfake.layouts import LAYOUTS, Layout
from deepfake.layouts.entries import Video

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
LIMITS = {"members": 1000, "member_gb": 0.01, "total_gb": 0.05, "ratio": 200}
NOISE = random.Random(0).randbytes(5_000)
SECTION = {"seed": 42, "max_videos": None, "shard_size": 64, "columns": None}
SECTION |= {"frames": {"count": 10, "boost": 8}}


def media(archive, path, content=b"x", reason=""):
    return Member(archive, path, len(content), zlib.crc32(content), reason)


def index(members, layout="imagefolder", files=None, labels=(), **changes):
    cfg = SECTION | {"layout": layout, **changes}
    return index_corpus(members, lambda archive, path: files[archive, path], cfg, label_entries(labels))


def dfdc(labels, extra=(), **changes):
    """The index of a DFDC corpus with these labels, each video with content of its own."""
    records = {name: {"label": "FAKE" if label else "REAL"} for name, label in labels.items()}
    members = [media("a.zip", f"t/{name}", name.encode()) for name in labels]
    files = {("a.zip", "t/metadata.json"): json.dumps(records).encode()}
    return index([media("a.zip", "t/metadata.json"), *members, *extra], "dfdc", files, **changes)


def test_one_row_a_video_and_the_summary():
    labels = {f"{n:03d}.mp4": n % 4 > 0 for n in range(40)}
    extra = [
        media("a.zip", "t/new.mp4"), media("a.zip", "t/link.mp4", reason="a link or a device, not a file"),
        media("a.zip", "t/readme.txt"), media("a.zip", "t/face.png"),
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


def test_a_label_without_a_file_and_a_label_file_refused_are_told_by_name():
    files = {("", "metadata.json"): json.dumps({"gone.mp4": {"label": "REAL"}}).encode()}
    members = [
        media("", "metadata.json"),
        media("", "b/metadata.json", reason="encrypted"),
        media("", "c.7z"),
    ]
    rows = index(members, "dfdc", files)
    assert [(row["member"], row["shard"]) for row in rows] == [("gone.mp4", "")]
    assert left_out(rows, members) == [
        "1 left out, an archive inside the corpus; unpack it, or list zips under `archives`: c.7z",
        "1 left out, labelled, but the file is missing: gone.mp4",
        "1 left out, not read, encrypted: b/metadata.json",
    ]


def test_many_left_out_are_named_in_part():
    members = [media("", f"real/{n:02d}.png", reason="encrypted") for n in range(25)]
    (line,) = left_out(index(members), members)
    assert line.startswith("25 left out, encrypted: real/00.png, ") and line.endswith(
        "real/19.png and 5 more"
    )


def test_copies_in_two_archives_count_once():
    paths = [("1.zip", "real/a.mp4", b"a"), ("0.zip", "real/a.mp4", b"a"), ("2.zip", "real/a.mp4", b"b")]
    paths += [("3.zip", "real/a.mp4", b"b"), ("4.zip", "fake/b.mp4", b"c")]
    rows = index([media(*p) for p in paths])
    assert {row["archive"]: row["reason"] for row in rows} == {
        "0.zip": "", "1.zip": "a copy of 0.zip/real/a.mp4", "2.zip": "",
        "3.zip": "a copy of 2.zip/real/a.mp4", "4.zip": "",
    }  # fmt: skip
    assert len({row["video"] for row in rows}) == 5


def test_a_copy_beside_its_original_leaves_the_original_its_name():
    alone = index([media("a.zip", "real/a.mp4")])
    both = index([media("a.zip", "real/a.mp4"), media("b.zip", "real/a.mp4")])
    assert [r["video"] for r in both if not r["reason"]] == [r["video"] for r in alone] == ["real_a"]


def test_a_file_labelled_real_and_fake_is_neither():
    records = [{"a.mp4": {"label": label}} for label in ("REAL", "FAKE")]
    files = {(f"{n}.zip", "metadata.json"): json.dumps(records[n]).encode() for n in (0, 1)}
    members = [media(f"{n}.zip", name) for n in (0, 1) for name in ("metadata.json", "a.mp4")]
    assert {row["archive"]: row["reason"] for row in index(members, "dfdc", files)} == {
        "0.zip": "two labels, here and as a copy: 1.zip/a.mp4",
        "1.zip": "two labels, here and as a copy: 0.zip/a.mp4",
    }


@pytest.mark.parametrize("other", ["real/a.mp4", "real/A.mp4", "real/a.mov"])
def test_two_videos_of_one_name_are_kept_apart(other):
    rows = index([media("0.zip", "real/a.mp4", b"a"), media("1.zip", other, b"b")])
    assert all(not row["reason"] and row["video"].lower().startswith("real_a-") for row in rows)
    assert len({row["video"].casefold() for row in rows}) == 2
    again = index([media("1.zip", other, b"b"), media("0.zip", "real/a.mp4", b"a")])
    assert again == rows


def test_a_file_named_to_meet_a_marked_name():
    members = [media("0.zip", "real/a.mp4", b"a"), media("1.zip", "real/a.mp4", b"b")]
    marked = index(members)[0]["video"].removeprefix("real_")
    rows = index([*members, media("2.zip", f"real/{marked}.mp4", b"c")])
    assert len(rows) == len({row["video"] for row in rows}) == 3
    assert not any(row["reason"] for row in rows)


def test_names_of_all_kinds_become_names_of_files():
    stems = [
        "한국어 영상",
        "\u1112\u1161\u11ab",
        "\ud55c",
        "x" * 990,
        "x" * 991,
        "a b",
        "a?b",
        "..",
        "🎬",
        "\udcff",
    ]
    rows = index([media("", f"real/{stem}.mp4", stem.encode("utf-8", "replace")) for stem in stems])
    names = {row["video"] for row in rows}
    assert len(names) == len(stems)
    assert all(len(name.encode()) < 200 and "/" not in name and not name.startswith(".") for name in names)


def test_max_videos_is_a_cap_a_class_by_hash():
    labels = {f"{n:03d}.mp4": n % 3 > 0 for n in range(60)}

    def kept(cap, labels=labels):
        return {row["video"]: row["label"] for row in dfdc(labels, max_videos=cap) if not row["reason"]}

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
        ([media("", "real/a.mp4")], "no fake video found (1 rows)"),
        ([media("", "fake/a.mp4"), media("z", "real/b.mp4", reason="encrypted")],
         "no real video found (2 rows: 1 with 'encrypted' such as z/real/b.mp4)"),
    ],
)  # fmt: skip
def test_nothing_or_one_class_only_is_an_error(members, missing):
    with pytest.raises(UserError) as error:
        check_classes("mine", index(members), "imagefolder")
    assert str(error.value).startswith(f"corpora.mine: {missing}. Check that `layout` fits")


def test_a_corpus_of_fakes_only_needs_no_reals():
    rows = index([media("", "fake/a.mp4")])
    check_classes("mine", rows, "deeperforensics")
    with pytest.raises(UserError, match="no fake video found"):
        check_classes("mine", index([media("", "real/a.mp4")]), "deeperforensics")
    assert rows[0]["frames_wanted"] == 10


@pytest.mark.parametrize(
    ("real", "fake", "cap", "wanted"),
    [(4, 16, None, {0: 40, 1: 10}), (4, 17, None, {0: 50, 1: 10}), (20, 10, None, {0: 10, 1: 20}),
     (1, 30, None, {0: 80, 1: 10}), (5, 5, None, {0: 10, 1: 10}), (4, 40, 8, {0: 20, 1: 10})],
)  # fmt: skip
def test_the_class_with_fewer_videos_gives_more_frames_of_each(real, fake, cap, wanted):
    labels = {f"{n:03d}.mp4": n >= real for n in range(real + fake)}
    rows = [row for row in dfdc(labels, [media("a.zip", "t/new.mp4")], max_videos=cap)]
    assert {row["label"]: row["frames_wanted"] for row in rows if not row["reason"]} == wanted
    assert not any(row.get("frames_wanted") for row in rows if row["reason"])


def test_stills_and_other_strategies_have_no_number_of_frames():
    clips = [media("", f"{label}/{n}.mp4", b"%d" % n) for n, label in enumerate(["real", "fake", "fake"])]
    stills = [media("", f"real/{n}.png", b"%d" % n) for n in range(50)]
    rows = index([*clips, *stills])
    assert {(row["kind"], row["label"]): row.get("frames_wanted", "") for row in rows} == {
        ("video", 0): 20, ("video", 1): 10, ("image", 0): "",
    }  # fmt: skip
    assert not any("frames_wanted" in row for row in index(clips, frames=None))


def test_a_shard_holds_media_of_one_kind():
    members = [media("", f"real_train/{n}.tar.gz", b"%d" % n) for n in range(9)]
    members += [media("", f"fake_train/{n}/0.png", b"%d" % n) for n in range(9)]
    rows = index(members, "wilddeepfake", shard_size=2)
    assert {row["kind"] for row in rows if row["shard"] == "images_all"} == {"image"}
    assert {row["kind"] for row in rows if row["shard"].startswith("sequences_")} == {"sequence"}
    assert len({row["shard"] for row in rows}) > 3 and all(row["shard"] for row in rows)
    assert {row["frames_wanted"] for row in rows if row["kind"] == "sequence"} == {10}


def test_a_tar_is_a_video_only_where_the_layout_knows_it():
    refused = [media("", "real_train/1.tar", reason="encrypted"), media("", "a.tar")]
    assert {row["member"]: row["kind"] for row in index(refused, "wilddeepfake")} == {
        "real_train/1.tar": "sequence", "a.tar": "sequence",
    }  # fmt: skip
    assert index(refused) == []
    assert [line.split(":")[0] for line in left_out([], refused)] == [
        "1 left out, an archive inside the corpus; unpack it, or list zips under `archives`",
        "1 left out, not read, encrypted",
    ]


def test_label_files_from_elsewhere_are_read_and_are_no_videos(tmp_path):
    listed = tmp_path / "metadata.json"
    listed.write_text('{"a.mp4": {"label": "FAKE"}, "b.mp4": {"label": "REAL"}}')
    members = [media("", name, name.encode()) for name in ("a.mp4", "b.mp4", "metadata.json")]
    own = {("", "metadata.json"): b'{"a.mp4": {"label": "REAL"}}'}
    rows = index(members, "dfdc", own, labels=[str(listed)])
    assert {row["member"]: row["label"] for row in rows} == {"a.mp4": 1, "b.mp4": 0}
    in_zip = [media("x.zip", name, name.encode()) for name in ("a.mp4", "b.mp4")]
    assert len(index(in_zip, "dfdc", {}, labels=[str(listed)])) == 2


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["a/l.txt", "b/l.txt"], "a/l.txt and b/l.txt have the same name"),
        (["a.png"], "a.png is no label file"),
        (["labels.ZIP"], "labels.ZIP is no label file"),
    ],
)
def test_what_can_be_no_label_file_is_named(paths, said):
    with pytest.raises(UserError, match=said):
        label_entries(paths)


def test_attributes_are_json(monkeypatch):
    attributes = {"a.mp4": {"sex": "여", "age": "30", "empty": ""}, "b.mp4": {}}

    def read(corpus):
        return [Video(e, e.stem, 0, attributes=attributes[e.path]) for e in corpus.media]

    monkeypatch.setitem(LAYOUTS, "dfd", Layout(read))
    rows = index([media("", name, name.encode()) for name in attributes], "dfd")
    assert [row["attributes"] for row in rows] == ['{"age": "30", "sex": "여"}', ""]


@pytest.mark.parametrize(
    ("fewer", "more", "factor"),
    [(10, 40, 4), (10, 41, 4), (10, 42, 5), (19, 29, 2), (10, 11, 1), (10, 12, 2), (7, 7, 1), (0, 9, 1)],
)
def test_the_ratio_is_rounded_up_with_a_tenth_forgiven(fewer, more, factor):
    assert boost_factor(fewer, more, 8) == factor


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 1000))
def test_both_classes_give_about_as_many_frames(fewer, others, most):
    """But for what rounding adds to each video of the smaller class: less than one video's frames."""
    more = fewer + others
    factor = boost_factor(fewer, more, most)
    assert 1 <= factor <= most
    if factor < most:
        assert -0.1 * fewer <= factor * fewer - more < 0.9 * fewer
    assert factor == boost_factor(fewer, more, most + 1) or factor == most


# The programs


def program(name, *args, cwd):
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), *map(str, args)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def run_index(folder, *sources, layout="imagefolder", **changes):
    cfg = SECTION | {"layout": layout, "limits": LIMITS, **changes}
    args = ["--corpus", "mine", "--config", json.dumps(cfg), "--sources", *sources, "--output", "out/mine"]
    return program("index", *args, cwd=folder)


def run_unpack(folder):
    args = ["--table", "out/mine/all.csv", "--sources", "out/mine/sources.json"]
    return program("unpack", *args, "--output", "videos/all", cwd=folder)


def corpus(path, content=NOISE):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for n, label in enumerate(["real", "fake", "fake"]):
            file.writestr(f"{label}/영상 {n}.MP4", content[n:])
    return path


def test_index_then_unpack(tmp_path):
    corpus(tmp_path / "내 것.zip")
    done = run_index(tmp_path, "내 것.zip")
    assert (done.returncode, done.stdout) == (0, "mine: 3 videos, 1 real, 2 fake, 0 unlabelled, 1 shards\n")
    done = run_unpack(tmp_path)
    assert done.returncode == 0, done.stderr
    rows = tables.read_rows(tmp_path / "videos/all/unpacked.csv")
    data = [(tmp_path / "videos/all" / row["file"]).read_bytes() for row in rows]
    assert sorted(data) == sorted(NOISE[n:] for n in range(3))
    assert len(os.listdir(tmp_path / "videos/all")) == 4
    before = {p.name: p.read_bytes() for p in (tmp_path / "out/mine").iterdir()}
    os.utime(tmp_path / "내 것.zip", (1, 1))
    run_index(tmp_path, "내 것.zip")
    assert {p.name: p.read_bytes() for p in (tmp_path / "out/mine").iterdir()} == before


def test_a_damaged_member_a_lost_one_and_a_changed_one_are_rows(tmp_path):
    path = corpus(tmp_path / "a.zip")
    run_index(tmp_path, "a.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("real/영상 0.MP4", NOISE)
        file.writestr("fake/영상 2.MP4", b"another video")
    data = bytearray(path.read_bytes())
    data[1000] ^= 0xFF
    path.write_bytes(data)
    done = run_unpack(tmp_path)
    assert done.returncode == 0 and "0 of 3 videos unpacked" in done.stderr
    reasons = sorted(row["reason"] for row in tables.read_rows(tmp_path / "videos/all/unpacked.csv"))
    assert reasons[0].startswith("CRC-32 ") and "as in the index" in reasons[0]
    assert reasons[1].startswith("damaged in the archive") and reasons[2] == "not in the archive any more"
    assert os.listdir(tmp_path / "videos/all") == ["unpacked.csv"]


def test_a_folder_is_linked_and_a_changed_file_is_a_row(tmp_path):
    with zipfile.ZipFile(corpus(tmp_path / "a.zip")) as file:
        file.extractall(tmp_path / "내 폴더")
    assert run_index(tmp_path, "내 폴더/").returncode == 0
    (tmp_path / "내 폴더/real/영상 0.MP4").write_bytes(b"another")
    assert "2 of 3 videos unpacked" in run_unpack(tmp_path).stderr
    links = [p for p in (tmp_path / "videos/all").iterdir() if p.is_symlink()]
    assert len(links) == 2 and all(link.exists() for link in links)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gone.zip", "gone.zip: the archive can't be opened: No such file or directory"),
        ("cut.zip", "cut.zip: not a whole zip archive (File is not a zip file); download it again"),
        ("many.zip", "many.zip: 3 members, more than limits.members = 2"),
        ("empty", "corpora.mine: no real and fake video found (0 rows)"),
        ("labels.zip", "labels.zip: metadata.json: damaged in the archive: Bad CRC-32"),
    ],
)
def test_errors_are_one_line_and_leave_no_index(tmp_path, source, message):
    corpus(tmp_path / "many.zip")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "many.zip").read_bytes()[:-40])
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "labels.zip", "w") as file:
        file.writestr("metadata.json", "{  }")
    labels = (tmp_path / "labels.zip").read_bytes()
    (tmp_path / "labels.zip").write_bytes(labels.replace(b"{  }", b"{   "))
    done = run_index(tmp_path, source, layout="dfdc", limits={**LIMITS, "members": 2})
    assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out/mine").exists() and not done.stdout
