"""The media files in files, folders, zips and lists, however hostile; the fingerprint of a list."""

import os
import zipfile
from pathlib import Path

import pytest
from made import media as made

from deepfake.detection.media import IMAGE, VIDEO, find_media, list_fingerprint, read_list
from deepfake.errors import UserError


def test_media_of_files_folders_and_zips_in_order(tmp_path):
    folder = tmp_path / "folder"
    for name in ("b.mp4", "a/c.JPG", "a/notes.txt", "a/._c.JPG", "a/more.tar"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    path = made.write_zip(
        tmp_path / "z.zip", {"y.png": b"y", "x/x.mov": b"x", "readme": b"", "in.zip": b"no"}
    )
    (tmp_path / "image").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "clip").write_bytes(b"\0\0\0 ftyp")
    (tmp_path / "zipped").write_bytes(made.write_zip(tmp_path / "o.zip", {"a.bmp": b"a"}).read_bytes())
    given = ["image", "folder", "clip", "image", "zipped"]
    found = find_media([tmp_path / name for name in given], made.LIMITS)
    names = ["image", "folder/a/c.JPG", "folder/a/more.tar", "folder/b.mp4", "clip", "zipped/a.bmp"]
    assert [file.name for file in found] == [str(tmp_path / name) for name in names]
    assert [file.kind for file in found] == [IMAGE, IMAGE, "", VIDEO, VIDEO, IMAGE]
    assert [file.reason for file in found if file.reason] == [
        "an archive in a folder; name it by itself, or unpack it"
    ]
    (broken,) = find_media([path], made.LIMITS)  # the zip inside is none
    assert broken.name == str(path) and "not a whole zip" in broken.reason


def test_hostile_zips_and_folders_have_reasons(tmp_path):
    bomb = made.write_zip(tmp_path / "bomb.zip", {"a.mp4": bytes(3_000_000)}, zipfile.ZIP_DEFLATED)
    limits = made.LIMITS | {"total_gb": 0.001}
    ((whole,), (member,)) = find_media([bomb], limits), find_media([bomb], made.LIMITS)
    assert "limits.total_gb" in whole.reason and "limits.ratio" in member.reason
    out = made.write_zip(tmp_path / "out.zip", {"../../a.mp4": b"a", "/etc/b.png": b"b", "c.mp4": b"c"})
    reasons = {Path(file.name).name: file.reason for file in find_media([out], made.LIMITS)}
    outside = "its path leads outside the archive"
    assert reasons == {"a.mp4": outside, "b.png": outside, "c.mp4": ""}
    (tmp_path / "loop/in").mkdir(parents=True)
    (tmp_path / "loop/in/again").symlink_to(tmp_path / "loop")
    (tmp_path / "loop/in/a.mp4").write_bytes(b"a")
    names = [file.name for file in find_media([tmp_path / "loop"], made.LIMITS)]
    assert names == [str(tmp_path / "loop/in/a.mp4")]
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    odd = find_media([tmp_path / "empty", tmp_path / "gone", tmp_path / "pipe.mp4", "nul\0"], made.LIMITS)
    assert [file.reason for file in odd] == [
        "no video or image in this folder", "there is no such file", "can't be read: not a file",
        "there is no such file",
    ]  # fmt: skip


def test_a_list_has_a_path_a_line_relative_to_its_folder(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes("\ufeff# comment\r\na b.mp4\r\n\r\n/c.png \n../d.mov".encode())
    assert read_list(path) == [str(tmp_path / "a b.mp4"), "/c.png", f"{tmp_path}/../d.mov"]
    for data in (b"\xff\xfe\0", b"a\0b.mp4", b"x" * 10**6):
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"list.txt is (no list|not UTF-16 text)"):
            read_list(path)


# The fingerprint of a list


@pytest.fixture
def listed(tmp_path):
    """A list of a file, a folder, a zip and something that doesn't exist."""
    (tmp_path / "a.mp4").write_bytes(b"a")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/b.png").write_bytes(b"b")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as file:
        file.writestr("c.mp4", b"c")
    (tmp_path / "list.txt").write_text("# mine\na.mp4\nfolder\nc.zip\n\nnone.mp4\n\0\n")
    return tmp_path / "list.txt"


CHANGES = {
    "the list": lambda folder: (folder / "list.txt").write_text("a.mp4\n"),
    "a file": lambda folder: (folder / "a.mp4").write_bytes(b"aa"),
    "in a folder": lambda folder: (folder / "folder/new.png").write_bytes(b""),
    "a zip": lambda folder: zipfile.ZipFile(folder / "c.zip", "a").writestr("d.mp4", b"d"),
    "one that was missing": lambda folder: (folder / "none.mp4").write_bytes(b""),
    "one that is gone": lambda folder: (folder / "a.mp4").unlink(),
    "no list": lambda folder: (folder / "list.txt").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_fingerprint_of_a_list_changes_with_what_it_names(listed, change):
    before = list_fingerprint(listed)
    CHANGES[change](listed.parent)
    assert list_fingerprint(listed) != before


def test_a_touched_list_folder_or_zip_has_the_same_fingerprint(listed):
    before = list_fingerprint(listed)
    for name in ("list.txt", "folder", "c.zip"):
        os.utime(listed.parent / name, (1, 1))
    assert list_fingerprint(listed) == before


@pytest.mark.parametrize(
    "name, command", [("a.7z", "7z x"), ("a.part1.rar", "unrar x"), ("x.z01", "zip -s 0")]
)
def test_other_archives_are_named_with_what_to_do(tmp_path, name, command):
    (tmp_path / name).write_bytes(b"no archive that can be read")
    (file,) = find_media([tmp_path / name], {})
    assert file.kind == "" and command in file.reason


def test_a_list_in_utf_16_has_the_fingerprint_of_what_it_names(listed):
    text = (listed.parent / "list.txt").read_text()
    listed.write_bytes(text.replace("\0\n", "").encode("utf-16"))
    before = list_fingerprint(listed)
    assert [Path(path).name for path in read_list(listed)] == ["a.mp4", "folder", "c.zip", "none.mp4"]
    (listed.parent / "folder/new.mp4").write_bytes(b"new")
    assert list_fingerprint(listed) != before
