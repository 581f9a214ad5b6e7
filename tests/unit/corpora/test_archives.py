"""Zip archives as attackers, interrupted downloads and unusual zip programs make them."""

import contextlib
import io
import random
import stat
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from deepfake.corpora import archives
from deepfake.corpora.archives import MemberError, SourceError

LIMITS = {"members": 1000, "member_gb": 0.01, "total_gb": 0.05, "ratio": 200}
NOISE = random.Random(0).randbytes(50_000)
LOCAL, CENTRAL = b"PK\3\4", b"PK\1\2"


def zip_of(path, files, method=zipfile.ZIP_STORED):
    """Write a zip to `path`; `files` are pairs of a name, or a ZipInfo, and bytes."""
    with zipfile.ZipFile(path, "w") as file:
        for name, data in files:
            file.writestr(name, data, compress_type=method)
    return path


def patched(path, signature, offset, fmt, *values, which=0):
    """Overwrite fields of the `which`-th record that begins with `signature`."""
    data = bytearray(path.read_bytes())
    at = -1
    for _ in range(which + 1):
        at = data.index(signature, at + 1)
    struct.pack_into(fmt, data, at + offset, *values)
    path.write_bytes(data)
    return path


def reasons(path, limits=LIMITS):
    with archives.open_zip(path, limits) as file:
        return {m.path: m.reason for m in archives.list_members(file, "a.zip", limits)}


def unpacked(path, name, limits=LIMITS):
    out = io.BytesIO()
    with archives.open_zip(path, limits) as file:
        crc = archives.copy_member(file, archives.info_by_path(file)[name], out)
    assert crc == zlib.crc32(out.getvalue())
    return out.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("zip64", [False, True])
def test_unpacked_bytes_are_the_packed_ones(tmp_path, method, zip64):
    path = tmp_path / "큰 파일.zip"
    with zipfile.ZipFile(path, "w", method) as file, file.open("a/b c.mp4", "w", force_zip64=zip64) as out:
        out.write(NOISE)
    assert reasons(path) == {"a/b c.mp4": ""}
    assert unpacked(path, "a/b c.mp4") == NOISE


def test_sizes_of_zip64_in_the_central_directory(tmp_path):
    """As in an archive over 4 GB: a member's sizes and offset are in the extra field only."""
    path = zip_of(tmp_path / "a.zip", [("first.mp4", b"x"), ("b.mp4", NOISE)])
    data = path.read_bytes()
    at = data.rindex(CENTRAL)
    name, end = data[at + 46 : at + 51], data.index(b"PK\5\6", at)
    extra = struct.pack("<HHQQQ", 1, 24, len(NOISE), len(NOISE), data.rindex(LOCAL))
    record = bytearray(data[at : at + 46])
    struct.pack_into("<II", record, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", record, 30, len(extra))
    struct.pack_into("<I", record, 42, 0xFFFFFFFF)
    tail = bytearray(data[end:])
    struct.pack_into("<I", tail, 12, struct.unpack_from("<I", tail, 12)[0] + len(extra))
    path.write_bytes(data[:at] + record + name + extra + tail)
    assert reasons(path) == {"b.mp4": "", "first.mp4": ""}
    assert unpacked(path, "b.mp4") == NOISE


@pytest.mark.parametrize(
    "name",
    [
        "../a.mp4", "x/../../a.mp4", "/etc/a.mp4", "C:/a.mp4", "C:\\a.mp4", "x\\..\\a.mp4", "..", "a\n.mp4",
        "\x1b[2J.mp4", "a\x7f.mp4",
    ],
)  # fmt: skip
def test_unsafe_names(tmp_path, name):
    path = zip_of(tmp_path / "a.zip", [(name, b"x"), ("good.mp4", b"y")])
    found = reasons(path)
    assert found.pop("good.mp4") == ""
    assert "path" in list(found.values())[0]


def test_a_name_with_a_nul_byte(tmp_path):
    path = zip_of(tmp_path / "a.zip", [("good.mp4_.txt", b"x")])
    path.write_bytes(path.read_bytes().replace(b"mp4_", b"mp4\0"))
    assert reasons(path) == {"good.mp4": "its path holds a control character"}


@pytest.mark.parametrize(
    "name",
    [
        "한국어 영상.mp4", "ünï/ 앞 뒤 .mp4", "trailing./dots...mp4", "x" * 996 + ".mp4",
        "\u1112\u1161\u11ab.mp4", "./a.mp4", "🎬.mp4", "a..b.mp4", "-rf.mp4",
    ],
)  # fmt: skip
@pytest.mark.parametrize("declared", [True, False])
def test_odd_but_harmless_names(tmp_path, name, declared):
    path = zip_of(tmp_path / "a.zip", [(name, NOISE)])
    if not declared and not name.isascii():  # written as UTF-8, but the flag says code page 437
        patched(patched(path, LOCAL, 6, "<H", 0), CENTRAL, 8, "<H", 0)
    assert reasons(path) == {name: ""}
    assert unpacked(path, name) == NOISE


def test_duplicates_and_names_that_differ_in_case(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zip_of(
            tmp_path / "a.zip", [(n, n.encode()) for n in ("a.mp4", "b.mp4", "A.mp4", "b.mp4", "c")]
        )
    assert reasons(path) == {
        "a.mp4": "another member's name differs only in case",
        "A.mp4": "another member's name differs only in case",
        "b.mp4": "another member has the same name",
        "c": "",
    }


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR])
def test_links_and_devices(tmp_path, mode):
    info = zipfile.ZipInfo("a.mp4")
    info.external_attr = (mode | 0o777) << 16
    path = zip_of(tmp_path / "a.zip", [(info, b"/etc/passwd")])
    assert reasons(path) == {"a.mp4": "a link or a device, not a file"}


def test_encrypted(tmp_path):
    path = patched(zip_of(tmp_path / "a.zip", [("a.mp4", NOISE)]), CENTRAL, 8, "<H", 1)
    (reason,) = reasons(path).values()
    assert reason.startswith("encrypted; unpack the archive with its password")
    with pytest.raises(MemberError, match="encrypted"):
        unpacked(path, "a.mp4")


def test_zip_bombs(tmp_path):
    many = zip_of(tmp_path / "many.zip", [(f"{n}.mp4", b"") for n in range(11)])
    with pytest.raises(SourceError, match=r"many\.zip: 11 members, more than limits\.members = 10"):
        reasons(many, {**LIMITS, "members": 10})
    zeros = zip_of(tmp_path / "0.zip", [("0.mp4", bytes(9_000_000))], zipfile.ZIP_DEFLATED)
    assert reasons(zeros) == {"0.mp4": "unpacks to more than limits.ratio = 200 times its size"}
    large = {**LIMITS, "ratio": 2000, "member_gb": 0.008}
    assert reasons(zeros, large) == {"0.mp4": "0.009 GB, more than limits.member_gb = 0.008"}
    with pytest.raises(
        SourceError, match=r"0\.zip: unpacks to 0\.009 GB, more than limits\.total_gb = 0\.001"
    ):
        reasons(zeros, {**LIMITS, "total_gb": 0.001})


def test_a_central_directory_that_is_too_long_is_not_parsed(tmp_path):
    record = CENTRAL + bytes(42)
    count = 200_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(record) * count, 0, 0)
    path = tmp_path / "a.zip"
    path.write_bytes(record * count + end)
    tracemalloc.start()
    with pytest.raises(SourceError, match=r"a\.zip: more members than limits\.members = 1000"):
        reasons(path)
    assert tracemalloc.get_traced_memory()[1] < 4 * path.stat().st_size
    tracemalloc.stop()


def test_members_that_share_data(tmp_path):
    """A zip bomb without recursion: many records, one kernel of data."""
    path = zip_of(tmp_path / "a.zip", [(f"{n}.mp4", NOISE) for n in range(4)])
    with zipfile.ZipFile(path) as file:
        sizes = [info.header_offset for info in file.infolist()]
    patched(path, CENTRAL, 20, "<I", 3 * len(NOISE))  # the first one overlaps the second and third
    assert {n for n, reason in reasons(path).items() if "overlaps" in reason} == {"0.mp4", "1.mp4", "2.mp4"}
    patched(path, CENTRAL, 42, "<I", sizes[2], which=3)
    assert all("overlaps" in reason for reason in reasons(path).values())


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size", [0, 10, len(NOISE) - 1, len(NOISE) + 1, 5_000_000])
def test_a_wrong_size(tmp_path, method, size):
    path = zip_of(tmp_path / "a.zip", [("a.mp4", NOISE), ("b.mp4", b"x" * 60_000)], method)
    patched(path, CENTRAL, 24, "<I", size)
    with pytest.raises(MemberError, match="damaged|bytes"):
        unpacked(path, "a.mp4")


def test_a_local_header_that_differs(tmp_path):
    path = patched(zip_of(tmp_path / "a.zip", [("a.mp4", NOISE)]), LOCAL, 30, "<5s", b"b.mp4")
    with pytest.raises(MemberError, match=r"differ"):
        unpacked(path, "a.mp4")
    patched(path, LOCAL, 30, "<5s", b"a.mp4")
    patched(
        path, LOCAL, 8, "<HHHIII", 12, 0, 0, 1, 2, 3
    )  # method, time, date, CRC-32, sizes: those of the central directory are used
    assert unpacked(path, "a.mp4") == NOISE
    patched(patched(path, LOCAL, 6, "<H", 0x800), LOCAL, 30, "<5s", b"\xff.mp4")
    with pytest.raises(MemberError, match="damaged"):
        unpacked(path, "a.mp4")


def test_data_before_and_after_a_zip(tmp_path):
    path = zip_of(tmp_path / "a.zip", [("a.mp4", NOISE)])
    path.write_bytes(b"#!/bin/sh\n" * 100 + path.read_bytes() + b"\n\n garbage" * 50)
    assert unpacked(path, "a.mp4") == NOISE


def test_empty_zip_and_empty_name(tmp_path):
    assert reasons(zip_of(tmp_path / "a.zip", [])) == {}
    path = zip_of(tmp_path / "a.zip", [("a", b"x")])
    path.write_bytes(path.read_bytes().replace(b"a", b"\0"))
    assert reasons(path) == {"": "it has no name"}


def test_a_missing_archive(tmp_path):
    with pytest.raises(SourceError, match=r"a\.zip: the archive can't be opened: No such file"):
        reasons(tmp_path / "a.zip")


def test_damage_anywhere_is_a_user_error_or_found_by_the_crc(tmp_path):
    """Cut at many points, or with bytes changed at many: SourceError, MemberError, or the true data."""
    path = zip_of(tmp_path / "a.zip", [("한.mp4", NOISE[:300]), ("b.mp4", bytes(500))], zipfile.ZIP_DEFLATED)
    whole, rng = path.read_bytes(), random.Random(1)
    cuts = [whole[:at] for at in range(len(whole))]
    flips = [bytearray(whole) for _ in range(4000)]
    for data in flips:
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
    outcomes = set()
    for number, data in enumerate([*cuts, *flips]):
        path.write_bytes(data)
        try:
            with archives.open_zip(path, LIMITS) as file:
                members = archives.list_members(file, "a.zip", LIMITS)
                infos = archives.info_by_path(file)
                for member in members:
                    out = io.BytesIO()
                    if not member.reason:
                        archives.copy_member(file, infos[member.path], out)
                        assert number >= len(cuts) and out.getvalue() in (NOISE[:300], bytes(500), b"")
                        outcomes.add("true")
        except (SourceError, MemberError) as error:
            outcomes.add(type(error).__name__)
        with contextlib.suppress(SourceError):
            archives.contents_digest(path)
    assert outcomes == {"true", "SourceError", "MemberError"}
