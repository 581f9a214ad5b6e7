"""Outputs appear whole or not at all, even if a writer fails, is killed, or outlives its parent."""

from pathlib import Path

import pytest

from deepfake.files import ConcurrentWrite, new_directory, new_file

STALE = ".out.0123abcd.part"


def fill(path: Path, text: str) -> None:
    """Write `text` to a file, or to a file in a folder of a folder."""
    if path.is_dir():
        (path / "sub").mkdir(parents=True, exist_ok=True)
        path = path / "sub" / "file"
    path.write_text(text)


def text_of(path: Path) -> str:
    return (path / "sub" / "file" if path.is_dir() else path).read_text()


@pytest.fixture(params=[new_file, new_directory])
def new(request):
    return request.param


def test_the_output_appears_when_the_block_ends_and_nothing_else_stays(tmp_path, new):
    out = tmp_path / "deep" / "out"
    with new(out) as part:
        fill(part, "whole")
        assert not out.exists()
    assert text_of(out) == "whole"
    assert list(out.parent.iterdir()) == [out]


def test_an_exception_leaves_what_was_there(tmp_path, new):
    out = tmp_path / "out"
    with new(out) as part:
        fill(part, "old")
    with pytest.raises(KeyError), new(out) as part:
        fill(part, "half")
        raise KeyError
    assert text_of(out) == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_the_new_output_replaces_the_old_one_completely(tmp_path, new):
    out = tmp_path / "out"
    for text in ("old", "new"):
        with new(out) as part:
            fill(part, text)
            if text == "old" and part.is_dir():
                (part / "more").write_text("old")
    assert text_of(out) == "new"
    assert not (out / "more").exists()


def test_a_folder_replaces_a_link_and_leaves_its_target_alone(tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "mine").touch()
    (tmp_path / "out").symlink_to("target")
    with new_directory(tmp_path / "out") as part:
        fill(part, "new")
    assert not (tmp_path / "out").is_symlink() and text_of(tmp_path / "out") == "new"
    assert (tmp_path / "target" / "mine").exists()


@pytest.mark.parametrize("name", ["out", "a*[b]?"])
def test_temporary_files_of_killed_writers_are_removed_and_nothing_else(tmp_path, new, name):
    (tmp_path / f".{name}.0123abcd.part").write_text("half")
    (tmp_path / f".{name}.4567abcd.part").mkdir()
    fill(tmp_path / f".{name}.4567abcd.part", "half")
    others = {f".{name}.csv.0123abcd.part", ".other.0123abcd.part"}  # their writers may still be running
    for other in others:
        (tmp_path / other).touch()
    with new(tmp_path / name) as part:
        fill(part, "whole")
    assert {path.name for path in tmp_path.iterdir()} == {name, *others}


@pytest.mark.parametrize(
    "late", ["orphan ends after the newer one", "orphan ends while the newer one writes"]
)
@pytest.mark.parametrize("writes_again", [True, False])
def test_an_orphan_never_overwrites_the_newer_output(tmp_path, new, late, writes_again):
    out = tmp_path / "out"
    orphan, newer = new(out), new(out)
    old_part = orphan.__enter__()
    fill(old_part, "orphan's")
    new_part = newer.__enter__()
    fill(new_part, "newer")
    if late.endswith("newer one"):
        newer.__exit__(None, None, None)
    if writes_again:  # by its path, which then exists again
        if new is new_directory:
            old_part.mkdir()
        fill(old_part, "orphan's")
    with pytest.raises(ConcurrentWrite, match="out: another process"):
        orphan.__exit__(None, None, None)
    if not late.endswith("newer one"):
        newer.__exit__(None, None, None)
    assert text_of(out) == "newer"
    assert list(tmp_path.iterdir()) == [out]
