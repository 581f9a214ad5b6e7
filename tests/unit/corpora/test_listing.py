"""The names in a folder or in archives, and samples of them."""

import os
import zipfile
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.corpora.archives import ARCHIVE_LIMITS, SourceError
from deepfake.corpora.listing import (
    Folder,
    Listing,
    foreign_archives,
    list_archives,
    list_folder,
    sample_media,
    sample_texts,
)
from deepfake.layouts.entries import Entry


def make(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"")
    return folder


def paths_of(listing, most=1000):
    return sorted(entry.path for entry in sample_media(listing, most)[0])


def test_files_are_sorted_by_what_they_may_be(tmp_path):
    make(
        tmp_path,
        "a/1.mp4",
        "a/info.csv",
        "a/x.zip",
        "a/y.7z",
        "a/z.npy",
        "b/2.PNG",
        "b/3.tar.gz",
        ".hidden/4.mp4",
    )
    listing = list_folder(str(tmp_path))
    assert paths_of(listing) == ["a/1.mp4", "b/2.PNG", "b/3.tar.gz"]
    assert [entry.path for entry in sample_texts(listing, 10, 10)] == ["a/info.csv"]
    assert sorted(foreign_archives(listing)) == ["a/x.zip", "a/y.7z"]
    assert listing.top.count == 3 and listing.service == 1


def test_a_file_without_an_ending_is_looked_into(tmp_path):
    make(tmp_path, "a/empty")
    (tmp_path / "a/photo").write_bytes(b"\xff\xd8\xff\xe0" + b"\0" * 2000)
    kinds = {entry.path: entry.is_image for entry in sample_media(list_folder(str(tmp_path)), 10)[0]}
    assert kinds == {"a/empty": False, "a/photo": True}


def test_links_in_circles_and_names_of_all_kinds(tmp_path):
    names = ["a'b\".mp4", "line\nbreak.mp4", "\udcff.mp4", "-x.mp4"]
    make(tmp_path / "data", *names)
    (tmp_path / "data/again").symlink_to(tmp_path / "data")
    (tmp_path / "data/gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "data/other").symlink_to(make(tmp_path / "elsewhere", "1.mp4"))
    listing = list_folder(str(tmp_path / "data"))
    assert {"other/1.mp4", *names} <= set(paths_of(listing))
    assert listing.top.count <= len(names) + 2  # a link that leads nowhere may be a file


def test_folders_one_in_another_end_somewhere(tmp_path):
    deep = tmp_path / "/".join("a" * 150)
    os.makedirs(deep)
    (deep / "1.mp4").write_bytes(b"")
    listing = list_folder(str(tmp_path))
    assert listing.top.count == 0 and len(listing.unread) == 1


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="can't be read"):
        list_folder(str(tmp_path / "nothing"))


def test_each_archive_is_a_folder_and_refused_members_are_told(tmp_path):
    for name in ("a", "b"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as file:
            file.writestr(f"{name}/1.png", b"x")
            file.writestr("../out.png", b"x")
            file.writestr("info.txt", b"text")
    with ExitStack() as stack:
        listing = list_archives([str(tmp_path / "a.zip"), str(tmp_path / "b.zip")], ARCHIVE_LIMITS, stack)
        assert [folder.name for folder in listing.top.folders] == ["a.zip", "b.zip"]
        assert sample_media(listing, 10)[0] == [Entry("a.zip", "a/1.png"), Entry("b.zip", "b/1.png")]
        assert listing.read(Entry("b.zip", "info.txt")) == b"text"
        assert len(listing.unread) == 2
        alone = listing.below(listing.top.folders[1])
        assert alone.read(Entry("b.zip", "info.txt")) == b"text"


def test_a_folder_by_itself_has_paths_of_its_own(tmp_path):
    make(tmp_path, "x/y/1.mp4", "x/y/info.csv")
    (tmp_path / "x/y/info.csv").write_bytes(b"text")
    alone = list_folder(str(tmp_path))
    alone = alone.below(alone.top.folders[0])
    assert paths_of(alone) == ["y/1.mp4"]
    assert alone.read(Entry("", "y/info.csv")) == b"text"


FILES = st.lists(st.lists(st.sampled_from("abc"), max_size=3).map("/".join), max_size=40)


@given(FILES, st.integers(1, 20))
def test_a_sample_has_its_size_and_stands_for_everything(folders, most):
    top = Folder("", "")
    by_path = {"": top}
    for number, path in enumerate(folders):
        parts, folder = path.split("/") if path else [], top
        for part in parts:
            inner = folder.join(part)
            if inner not in by_path:
                by_path[inner] = folder.add_folder(inner)
            folder = by_path[inner]
        folder.add(f"{number}.png")
    top.finish()
    entries, weights = sample_media(Listing(top, None), most)
    assert len(set(entries)) == len(entries) == min(most, len(folders))
    assert sum(weights["", e.folder.path] for e in entries) == pytest.approx(len(folders))
    roots = {path.split("/")[0] for path in folders}
    if most >= len(roots):
        assert {e.path.split("/")[0] if "/" in e.path else "" for e in entries} == roots
