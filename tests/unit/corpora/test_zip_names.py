"""Names of members without a declared encoding, in another field, and with backslashes between folders."""

import struct
import zlib

import pytest
from unit.corpora.test_archives import CENTRAL, LOCAL, reasons, unpacked, zip_of


def undeclared(path, names, page):
    """Write a zip with names in a code page, without the flag of UTF-8, as Windows does."""
    parts, directory = [], []
    for name in names:
        raw, data = name.encode(page), name.encode()
        at = sum(map(len, parts))
        sizes = struct.pack("<IIIHH", zlib.crc32(data), len(data), len(data), len(raw), 0)
        parts.append(LOCAL + struct.pack("<HHHHH", 20, 0, 0, 0, 0) + sizes + raw + data)
        fixed = struct.pack("<HHHHHH", 20, 20, 0, 0, 0, 0) + sizes
        directory.append(CENTRAL + fixed + struct.pack("<HHHII", 0, 0, 0, 0, at) + raw)
    body, records = b"".join(parts), b"".join(directory)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(names), len(names), len(records), len(body), 0)
    path.write_bytes(body + records + end)
    return path


@pytest.mark.parametrize(
    "page, names",
    [
        ("cp949", ["가짜/영상1.mp4", "진짜/영상2.mp4", "ascii.mp4"]),
        ("cp932", ["テスト/動画1.mp4", "ほんもの/動画2.mp4"]),
        ("gb18030", ["真/视频一.mp4", "假/视频二.mp4"]),
        ("cp866", ["видео/настоящее.mp4"]),
        ("cp437", ["Größe/für été.mp4"]),
        ("utf-8", ["가짜/é.mp4", "진짜/ü.mp4"]),
    ],
)
def test_names_in_the_code_page_of_windows(tmp_path, page, names):
    path = undeclared(tmp_path / "a.zip", names, page)
    assert reasons(path) == dict.fromkeys(names, "")
    assert [unpacked(path, name).decode() for name in names] == names


def test_a_guessed_code_page_is_logged(tmp_path, caplog):
    reasons(undeclared(tmp_path / "a.zip", ["가짜/영상1.mp4", "진짜/영상2.mp4"], "cp949"))
    assert "a.zip: names that are not UTF-8 are read as cp949, a guess" in caplog.text


def test_bytes_of_no_code_page_are_still_names(tmp_path):
    path = undeclared(tmp_path / "a.zip", ["\xff\xfe\x81.mp4", "\x80\xff.mp4"], "latin-1")
    assert len(reasons(path)) == 2 and set(reasons(path).values()) == {""}


@pytest.mark.parametrize("crc", [0, 1])
def test_the_unicode_name_of_the_extra_field_holds_if_its_checksum_does(tmp_path, crc):
    name = "Größe/영상.mp4"
    field = struct.pack("<BI", 1, zlib.crc32("é.mp4".encode("cp437")) + crc) + name.encode()
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    path = undeclared(tmp_path / "a.zip", ["é.mp4"], "cp437")
    data = path.read_bytes()
    at = data.index(CENTRAL)
    record = bytearray(data[at : data.index(b"PK\5\6")])
    struct.pack_into("<H", record, 30, len(extra))
    end = bytearray(data[data.index(b"PK\5\6") :])
    struct.pack_into("<I", end, 12, len(record) + len(extra))
    path.write_bytes(data[:at] + record + extra + end)
    assert reasons(path) == {name if crc == 0 else "é.mp4": ""}


def test_backslashes_are_read_as_folders(tmp_path):
    names = ["real\\a.mp4", "fake\\b\\c.mp4", "fake\\d\\"]
    path = zip_of(tmp_path / "a.zip", [(name, name.encode()) for name in names])
    assert reasons(path) == {"fake/b/c.mp4": "", "real/a.mp4": ""}
    assert unpacked(path, "fake/b/c.mp4") == b"fake\\b\\c.mp4"


@pytest.mark.parametrize("name", ["..\\a.mp4", "x\\..\\..\\a.mp4", "\\a.mp4", "C:\\a.mp4", "\\\\host\\a.mp4"])
def test_backslashes_that_lead_outside_are_refused(tmp_path, name):
    (reason,) = reasons(zip_of(tmp_path / "a.zip", [(name, b"x")])).values()
    assert reason == "its path leads outside the archive"


def test_a_slash_and_a_backslash_that_give_one_name(tmp_path):
    path = zip_of(tmp_path / "a.zip", [("real/a.mp4", b"1"), ("real\\a.mp4", b"2")])
    assert reasons(path) == {"real/a.mp4": "another member has the same name"}
