"""Files that are given as archives and are no whole zips: what they are, and the command that helps."""

import io
import lzma
import struct
import tarfile
import zipfile

import pytest
from unit.corpora.test_archives import LIMITS, NOISE, patched, reasons, zip_of

from deepfake.corpora.archive_advice import is_archive_name
from deepfake.corpora.archives import SourceError
from deepfake.corpora.sources import open_source


def message(path, content=None):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError) as error:
        reasons(path)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value)


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("a.zip", b"", "an empty file: download it again"),
        ("a.zip", b"\n<!DOCTYPE html><html>Sign in</html>", "a web page"),
        ("a.zip", b"<html>Sign in</html>", "a web page"),
        ("a.zip", b"version https://git-lfs.github.com/spec/v1\noid", "run `git lfs pull`"),
        ("a.zip", b"PK\3\4", "cut off or damaged: download it again"),
        ("a.zip", b"7z\xbc\xaf\x27\x1c" + bytes(40), "`7z x {path} -ocorpus`"),
        ("a.7z", b"anything", "`7z x {path} -ocorpus`"),
        ("a.part1.rar", b"Rar!\x1a\x07\x01\x00", "`unrar x {path} corpus/`"),
        ("a.r00", b"anything", "a RAR archive"),
        ("a.tar.zst", b"\x28\xb5\x2f\xfd" + bytes(40), "`tar -xf {path} -C corpus`"),
        ("a.tgz", b"\x1f\x8b" * 40, "`tar -xf {path} -C corpus`"),
        ("a.gz", b"\x1f\x8b" * 40, "`gzip -d`"),
        ("a.xz", lzma.compress(b"x"), "`xz -d`"),
        ("a.dmg", b"koly" * 40, "only zip archives are read"),
        ("it's mine.7z", b"x", "mine.7z"),
    ],
)
def test_other_files_are_named_with_what_to_do(tmp_path, name, content, expected):
    path = tmp_path / name
    assert expected.format(path=path) in message(path, content)


def test_a_tar_called_zip(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        file.addfile(tarfile.TarInfo("a"))
    assert "a tar archive" in message(tmp_path / "a.zip", out.getvalue())


def split(path, locator=b""):
    """Make a zip say that its directory is on a third disk, as the last part of `zip -s` does."""
    zip_of(path, [("a.mp4", NOISE), ("b.mp4", NOISE)])
    data = path.read_bytes()
    at = data.index(b"PK\5\6")
    path.write_bytes(data[:at] + locator + data[at:])
    return patched(path, b"PK\5\6", 4, "<HH", *((0xFFFF, 0xFFFF) if locator else (2, 2)))


def test_parts_of_zip_s(tmp_path):
    join = f"`zip -s 0 {tmp_path}/x.zip --out {tmp_path}/x_whole.zip`"
    assert join in message(split(tmp_path / "x.zip"))
    assert join in message(tmp_path / "x.z01", b"PK\7\x08PK\3\4" + NOISE)
    assert join in message(tmp_path / "x.z02", NOISE)
    assert "zip -s 0" in message(tmp_path / "first.zip", b"PK\7\x08PK\3\4" + NOISE)
    big = split(tmp_path / "big.zip", struct.pack("<4sIQI", b"PK\6\7", 2, 0, 3))
    assert "zip -s 0" in message(big)


def test_volumes_of_7_zip(tmp_path):
    whole = zip_of(tmp_path / "x.zip", [("a.mp4", NOISE), ("b.mp4", NOISE)]).read_bytes()
    for number, content in ((1, whole[:60_000]), (2, whole[60_000:])):
        text = message(tmp_path / f"x.zip.00{number}", content)
        assert f"`cat {tmp_path}/x.zip.* > {tmp_path}/x.zip`" in text
    assert reasons(zip_of(tmp_path / "y.zip.001", [("a.mp4", NOISE)])) == {"a.mp4": ""}  # one volume only


def test_an_inner_zip_that_is_split_is_said_too(tmp_path):
    inner = split(tmp_path / "inner.zip").read_bytes()
    zip_of(tmp_path / "outer.zip", [("inner.zip", inner)], zipfile.ZIP_STORED)
    with (
        pytest.raises(SourceError, match=r"outer\.zip/inner\.zip: one part of a split zip"),
        open_source([str(tmp_path / "outer.zip")], LIMITS),
    ):
        pass


def test_names_of_archives_and_of_their_parts():
    names = (
        "a.zip a.ZIP a.7z a.tar.gz a.tgz a.gz a.rar a.part1.rar a.r00 a.z01 a.zip.001 a.tar.zst.01 a.zst a.xz"
    )
    assert [name for name in names.split() if not is_archive_name(name)] == []
    assert [
        name for name in ("a.mp4", "zip", "a.001", "a.zip.mp4", "a.r0", "x/a.csv") if is_archive_name(name)
    ] == []
