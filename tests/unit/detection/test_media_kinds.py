"""What detection takes of folders and zips: by content rather than by name; all else is counted."""

import io
import logging
import os

import pytest
from made import media as made
from PIL import Image

from deepfake.detection.media import IMAGE, VIDEO, find_media


def image(format: str, count: int = 1) -> bytes:
    out = io.BytesIO()
    first, *more = (Image.new("RGB", (32, 24), (n * 50, 0, 0)) for n in range(count))
    first.save(out, format, **({"save_all": True, "append_images": more} if more else {}))
    return out.getvalue()


MP4 = b"\0\0\0\x18ftypisom\0\0\0\0"
FILES = {
    "a.tif": image("TIFF"), "b.avif": image("AVIF"), "c.gif": image("GIF"), "d.gif": image("GIF", 3),
    "e": MP4, "f.jpg": MP4, "g.mp4": image("JPEG"), "h.bad.mp4": b"no video", "i.jpg": b"", "j.psd": b"8BPS",
    "k.7z": b"7z", "l.txt": b"text", "m.db": b"x", "n.db": b"x", "o": b"text", "@eaDir/a.jpg": b"x",
    ".hidden/a.jpg": b"x", "._a.tif": b"x",
}  # fmt: skip
KINDS = {"a.tif": IMAGE, "b.avif": IMAGE, "c.gif": IMAGE, "d.gif": VIDEO, "e": VIDEO, "f.jpg": VIDEO,
         "g.mp4": IMAGE, "h.bad.mp4": VIDEO, "i.jpg": IMAGE, "j.psd": "", "k.7z": ""}  # fmt: skip
NOTES = [
    "4 files are not images or videos: 2 .db, 1 .txt, 1 without an ending",
    "3 hidden or service files and folders skipped: 1 .hidden, 1 @eaDir, 1 that begin with ._",
]


@pytest.mark.parametrize("place", [".cache/folder", ".cache/files.zip"])
def test_files_are_what_they_contain_and_the_others_are_counted(tmp_path, caplog, place):
    path = tmp_path / place
    path.parent.mkdir()  # a hidden folder above what is named counts for nothing
    if place.endswith(".zip"):
        made.write_zip(path, FILES)
    else:
        for name, data in FILES.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    notes = []
    found = find_media([path], made.LIMITS, notes)
    assert {os.path.relpath(file.name, path): file.kind for file in found} == KINDS
    reasons = {os.path.basename(file.name): file.reason for file in found if file.reason}
    kind = "archive" if place.endswith(".zip") else "folder"
    archive = {"folder": "an archive in a folder; name it by itself, or unpack it"}
    assert reasons == {
        "i.jpg": "the file is empty", "j.psd": "the format .psd is not read: convert it to .png or .mp4",
        "k.7z": archive.get(kind, "an archive in an archive; unpack it"),
    }  # fmt: skip
    assert notes == [f"{path}: {line}" for line in NOTES]
    with caplog.at_level(logging.WARNING, "deepfake"):
        find_media([path], made.LIMITS)
    assert [record.getMessage() for record in caplog.records] == notes


def test_a_file_named_by_itself_is_judged_wherever_it_lies(tmp_path):
    (tmp_path / ".hidden").mkdir()
    for name in (".a.jpg", "x.txt", "y.dat"):
        (tmp_path / ".hidden" / name).write_bytes(image("PNG"))
    (tmp_path / ".hidden/z.txt").write_bytes(b"text")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "gone.mp4")
    paths = [tmp_path / f".hidden/{name}" for name in (".a.jpg", "x.txt", "y.dat", "z.txt")]
    found = find_media([*paths, tmp_path / "link.mp4"], made.LIMITS)
    assert [file.kind for file in found] == [IMAGE, IMAGE, IMAGE, VIDEO, ""]
    assert found[-1].reason == f"a broken link to {tmp_path / 'gone.mp4'}"


def test_what_cannot_be_read_in_a_folder_has_a_reason(tmp_path):
    (tmp_path / "gone.mp4").symlink_to("/nowhere.mp4")
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder.jpg").mkdir()
    reasons = {os.path.basename(file.name): file.reason for file in find_media([tmp_path], made.LIMITS)}
    assert reasons == {
        "gone.mp4": "can't be read: a broken link to /nowhere.mp4", "pipe": "can't be read: not a file",
        "pipe.jpg": "can't be read: not a file",
    }  # fmt: skip
