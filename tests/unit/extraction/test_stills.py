"""Stills from folders, zips and tars, however damaged or hostile: rows with reasons, never an exception."""

import gzip
import io
import json
import random
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake import tables
from deepfake.corpora.sources import open_source
from deepfake.extraction.stills import read_stills
from deepfake.extraction.tars import read_tar
from deepfake.names import natural_sort_key

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
LIMITS = {"members": 50, "member_gb": 0.01, "total_gb": 0.02, "ratio": 200}
ALL = {"strategy": "interval", "every": 1, "max": None}
NOISE = random.Random(0).randbytes(30_000)


def image(number: int) -> bytes:
    return cv2.imencode(".png", np.full((64, 64, 3), number, np.uint8))[1].tobytes()


def tar_of(files: dict[str, bytes | tarfile.TarInfo], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        for name, data in files.items():
            if isinstance(data, tarfile.TarInfo):
                tar.addfile(data)
                continue
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def row_of(archive: str, member: str, data: bytes, count: object = "") -> dict[str, str]:
    kind = "image" if member.endswith("png") else "sequence"
    return {"video": "v", "kind": kind, "archive": archive, "member": member,
            "crc32": f"{zlib.crc32(data):08x}", "frames_wanted": str(count),
            "frames_base": ""}  # fmt: skip


def stills(folder: Path, data: bytes, name: str = "a.tar", cfg: dict = ALL, limits=LIMITS, count=""):
    """Return the rows and stills of a file, read from a folder and from a zip in a zip, which must agree."""
    (folder / "corpus").mkdir()
    (folder / "corpus" / name).write_bytes(data)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr(name, data)
    with zipfile.ZipFile(folder / "outer.zip", "w") as file:
        file.writestr("in.zip", inner.getvalue())
    found = []
    for source, archive in (("corpus", ""), ("outer.zip", "outer.zip/in.zip")):
        with open_source([str(folder / source)], limits) as opened:
            found.append(list(read_stills(row_of(archive, name, data, count), opened, cfg)))
    assert found[0] == found[1]
    for row, content in found[0]:
        assert bool(content) == (row["status"] == "ok") != bool(row["reason"])
    return found[0]


def reason(found) -> str:
    ((row, _),) = found
    assert row["status"] == "unreadable" and "frame" not in row
    return row["reason"]


def test_a_still_is_read_from_the_corpus(tmp_path):
    ((row, data),) = stills(tmp_path, image(1), "a.png", cfg={})
    assert data == image(1) and (row["video"], row["frame"], row["time"]) == ("v", 0, "")


@pytest.mark.parametrize(
    ("name", "crc32", "message"),
    [
        ("missing.png", "0" * 8, "No such file"),
        ("a.png", "0" * 8, "as in the index"),
        ("up.tar", "0" * 8, "No such"),
    ],
)
def test_a_missing_or_changed_still_is_a_row_with_a_reason(tmp_path, name, crc32, message):
    (tmp_path / "a.png").write_bytes(b"x")
    with open_source([str(tmp_path)], LIMITS) as source:
        assert message in reason(list(read_stills(row_of("", name, b"") | {"crc32": crc32}, source, ALL)))


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_the_stills_of_a_tar_come_in_natural_order(tmp_path, mode, caplog):
    numbers = [10, 2, 1, 33, 9]
    files = {f"real/{n}.png": image(n) for n in numbers} | {"real/info.txt": b"x", "real/._1.png": b"fork"}
    files |= {"real/note": b"x", "real/@eaDir/1.png": image(0), "real/11": image(34)}
    found = stills(tmp_path, tar_of(files, mode))
    assert [data for _, data in found] == [image(n) for n in (1, 2, 9, 10, 34, 33)]
    assert [row["frame"] for row, _ in found] == list(range(6))
    assert caplog.messages[:2] == [
        "v: 2 files are not images: 1 .txt, 1 without an ending",
        "v: 2 hidden or service files and folders skipped: 1 @eaDir, 1 that begin with ._",
    ]


def test_a_tar_gives_the_sampled_stills(tmp_path):
    found = stills(tmp_path, tar_of({f"{n}.png": image(n) for n in range(30)}, "w:gz"), "a.tar.gz",
                   cfg={"strategy": "uniform"}, count=4)  # fmt: skip
    assert [row["frame"] for row, _ in found] == [0, 9, 19, 29]
    assert [data for _, data in found] == [image(n) for n in (0, 9, 19, 29)]


@given(st.lists(st.text("a0123456789./", max_size=9)))
def test_natural_order_is_an_order_of_all_names(names):
    ordered = sorted(names, key=natural_sort_key)
    assert sorted(reversed(names), key=natural_sort_key) == ordered
    assert sorted(["img12", "img010", "img9", "img2a"], key=natural_sort_key) == [
        "img2a",
        "img9",
        "img010",
        "img12",
    ]


def link(name: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return member


def test_links_and_devices_named_like_stills_are_rows_without_an_image(tmp_path):
    kinds = {"2.png": tarfile.SYMTYPE, "3.png": tarfile.LNKTYPE, "4.png": tarfile.FIFOTYPE}
    files = {"1.png": image(1)} | {name: link(name, kind) for name, kind in kinds.items()}
    found = stills(tmp_path, tar_of(files))
    assert [(row["frame"], row["status"]) for row, _ in found] == [
        (0, "ok"), (1, "missing"), (2, "missing"), (3, "missing"),
    ]  # fmt: skip
    assert found[1][0]["reason"] == "a link or a device, not a file"


def test_paths_outside_the_folder_write_nothing(tmp_path):
    found = stills(tmp_path, tar_of({"../../1.png": image(1), "/2.png": image(2)}))
    assert {data for _, data in found} == {image(1), image(2)}
    assert not list(tmp_path.parent.glob("*.png"))


STILLS = {f"{n}.png": NOISE[n * 10_000 : (n + 1) * 10_000] for n in range(3)}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a whole tar: empty file"),
        (b"no tar", "not a whole tar"),
        (tar_of({}), "no stills in it"),
        (tar_of({"a.txt": b"x"}, "w:gz"), "no stills in it"),
        (tar_of(STILLS)[:15_000], "not a whole tar: unexpected end of data"),
        (tar_of({"0.png": b"x" * 512, "1.png": b"x" * 512})[:2048], "not a whole tar: it has no end"),
        (tar_of({"0.png": b"x" * 512, "1.png": b"x" * 512})[:1300], "not a whole tar: it has no end"),
        (tar_of(STILLS, "w:gz")[:15_000], "cut short or damaged"),
        (gzip.compress(tar_of(STILLS))[:-6] + b"xxxxxx", "cut short or damaged: CRC check failed"),
        (gzip.compress(b"no tar"), "not a whole tar"),
        (b"\x1f\x8b", "cut short or damaged"),
        (tar_of({f"{n}.png": b"" for n in range(51)}), "more members than limits.members = 50"),
        (tar_of({"0.png": bytes(9_000_000)}, "w:gz"), "unpacks to more than limits.ratio = 200 times"),
        (tar_of({"x" * 2_000_000: b""}), "a header of "),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # gzip writes the time into its bytes
)  # fmt: skip
def test_a_hostile_or_damaged_tar_is_one_row_with_a_reason(tmp_path, data, message):
    assert message in reason(stills(tmp_path, data))


def test_a_tar_larger_than_the_limits_is_one_row_with_a_reason(tmp_path):
    data, limits = tar_of({"0.png": bytes(9_000_000)}, "w:gz"), {**LIMITS, "ratio": 10**6, "total_gb": 0.008}
    assert "unpacks to more than limits.total_gb = 0.008" in reason(stills(tmp_path, data, limits=limits))


def test_a_damaged_header_does_not_pass_for_the_end(tmp_path):
    data = bytearray(tar_of({"0.png": b"x" * 512, "1.png": b"x" * 512}))
    data[1024 + 148] ^= 0xFF  # the checksum in the second member's header
    assert "not a whole tar" in reason(stills(tmp_path, bytes(data)))


@given(st.data())
def test_no_damage_raises_an_exception(data):
    tar = bytearray(tar_of({"0.png": b"x" * 700, "a" * 200 + ".png": b"y" * 100, "l.png": link("l.png")}))
    for _ in range(data.draw(st.integers(1, 3))):
        tar[data.draw(st.integers(0, 4000))] = data.draw(st.integers(0, 255))
    source = type("Source", (), {"limits": LIMITS})()
    source.extract = lambda archive, path, target: target.write_bytes(tar) and zlib.crc32(tar)
    for row, content in read_stills(row_of("", "a.tar", bytes(tar)), source, ALL):
        assert bool(content) <= (row["status"] == "ok")


def run(folder: Path, program: str, cfg: dict, *args: str, sources=("corpus",)) -> list[dict[str, str]]:
    """Return the rows of frames.py or faces.py: a still, a corrupt and a missing one, and a tar of stills."""
    corpus = folder / "corpus"
    corpus.mkdir()
    files = {
        "a.png": image(7),
        "no.png": b"no image",
        "t.tar": tar_of({f"{n}.png": image(n) for n in (3, 1)}),
    }
    for name, data in files.items():
        (corpus / name).write_bytes(data)
    rows = [row_of("", name, data, 1) | {"video": name[0]} for name, data in files.items()]
    rows.append(row_of("", "missing.png", b"") | {"video": "g"})
    tables.write_rows(folder / "all.csv", tables.SHARD, rows)
    (folder / "sources.json").write_text(json.dumps({"sources": sources, "limits": LIMITS}))
    command = [sys.executable, SCRIPTS / f"{program}.py", "--table", folder / "all.csv", *args]
    command += ["--sources", folder / "sources.json", "--config", json.dumps(cfg)]
    command += ["--output", folder / f"{program}.tar", "--output-table", folder / f"{program}.csv"]
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = tables.read_rows(folder / f"{program}.csv")
    assert [name for name, _ in read_tar(folder / f"{program}.tar")] == [
        r["image"] for r in rows if r["image"]
    ]
    return rows


EXPECTED = [("a", "0", "ok"), ("n", "0", "unreadable"), ("t", "0", "ok"), ("g", "", "unreadable")]


def test_the_program_frames_reads_stills_without_unpacking(tmp_path):
    rows = run(tmp_path, "frames", {"strategy": "uniform", "format": "jpg", "quality": 95}, "--videos")
    assert [(row["video"], row["frame"], row["status"]) for row in rows] == EXPECTED
    assert [data for _, data in read_tar(tmp_path / "frames.tar")] == [image(7), image(1)]


def test_the_program_faces_reads_stills_without_frames(tmp_path):
    cfg = {"detector": "none", "size": 64, "format": "jpg", "quality": 95}
    sampling = json.dumps({"strategy": "random", "seed": 1})
    rows = run(tmp_path, "faces", cfg, "--frames", "--frame-table", "--sampling", sampling)
    assert sorted((r["video"], r["status"]) for r in rows) == sorted((v, s) for v, _, s in EXPECTED)
    assert next(read_tar(tmp_path / "faces.tar"))[1] == image(7)


@pytest.mark.parametrize("program", ["frames", "faces"])
def test_a_missing_corpus_is_an_error(tmp_path, program):
    with pytest.raises(AssertionError, match="ERROR missing.zip: the archive can't be opened"):
        run(tmp_path, program, {"detector": "none"}, sources=["missing.zip"])
    assert not (tmp_path / f"{program}.tar").exists()
