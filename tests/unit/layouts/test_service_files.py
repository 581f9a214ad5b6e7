"""Hidden files and folders, and those of programs and systems, are no part of any corpus."""

import pytest

from deepfake.layouts.entries import Entry
from deepfake.layouts.registry import LAYOUTS, read_corpus
from deepfake.layouts.service_files import service_line, service_part

SERVICE = [
    ".ipynb_checkpoints", "@eaDir", ".thumbnails", ".Trash-1000", "__MACOSX", "lost+found", "$RECYCLE.BIN",
    "System Volume Information", "#recycle", ".cache",
]  # fmt: skip
FILES = [".DS_Store", "Thumbs.db", "desktop.ini", "._a.mp4", ".a.jpg.part"]


@pytest.mark.parametrize("name", SERVICE)
def test_service_folders_anywhere_and_in_any_case(name):
    for path in (f"{name}/real/a.jpg", f"train/{name}/a.jpg", f"{name.upper()}/a.jpg"):
        assert service_part(path).lower() == path[: path.lower().index(name.lower()) + len(name)].lower()


def test_service_files_and_what_only_looks_like_them():
    assert all(service_part(f"x/{name}") == f"x/{name}" for name in FILES)
    for path in ("a.jpg", "./a.jpg", "a/./b.jpg", "a/../b.jpg", "lost+found.mp4", "my__MACOSX/a.mp4", "..."):
        assert service_part(path) == ("..." if path == "..." else "")


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"csv"}))
def test_no_layout_has_rows_for_them(layout):
    paths = ["real/a", "Celeb-real/id0_0000", "original_sequences/youtube/c23/videos/000", "real_train/1"]
    entries = [
        Entry(archive, f"{path.rpartition('/')[0]}/{name}/{path.rpartition('/')[2]}{ending}")
        for archive in ("", "a.zip")
        for path in paths
        for name in SERVICE
        for ending in (".jpg", ".mp4", ".tar")
    ]
    entries += [Entry("", f"real/{name}") for name in FILES]
    assert read_corpus(layout, entries, lambda entry: b"") == []


def test_they_are_counted_by_name():
    paths = ["a/@eaDir/1.jpg", "a/@eaDir/2.jpg", "b/@eaDir", "._1.jpg", "b/._2.jpg", ".DS_Store", "c.jpg"]
    line = service_line(map(service_part, paths))
    assert (
        line == "5 hidden or service files and folders skipped: 2 @eaDir, 1 .DS_Store, 2 that begin with ._"
    )
    assert service_line([""]) == ""
    assert service_line(["x/.git"]) == "1 hidden or service file or folder skipped: 1 .git"
