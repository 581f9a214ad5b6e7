"""The names that competitions list, read as hostile input; their files; the config of submissions."""

import os
import zipfile

import pytest
import yaml
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from deepfake.config.check import check_config
from deepfake.errors import UserError
from deepfake.submissions.names import LONGEST, read_names, read_sample, unsafe
from deepfake.submissions.paths import files_anywhere, files_in_folder
from deepfake.submissions.settings import SECTIONS, media_of, names_of, settings_of

LIMITS = {"members": 1000, "member_gb": 1, "total_gb": 1, "ratio": 100}

LISTS = {
    "names": (b"b.jpg\na.jpg\n", ["b.jpg", "a.jpg"]),
    "labels": (b"b.jpg 1\na.jpg 0\n", ["b.jpg", "a.jpg"]),
    "both": (b"b.jpg 1\na.jpg\n", ["b.jpg", "a.jpg"]),
    "spaces in names": (b"my best photo.jpg 1\nno 1.jpg\n", ["my best photo.jpg", "no 1.jpg"]),
    "no last newline, and empty lines": (b"\nb.jpg 1\n\n  \na.jpg", ["b.jpg", "a.jpg"]),
    "Windows": (b"\xef\xbb\xbfb.jpg 1\r\na.jpg 0\r\n", ["b.jpg", "a.jpg"]),
    "tabs": (b"b.jpg\t1\na.jpg\t0\n", ["b.jpg", "a.jpg"]),
    "folders": (b"x/b.jpg 1\nx/y/b.jpg 0\n", ["x/b.jpg", "x/y/b.jpg"]),
    "no ending": (b"69a1d6e7 1\n69a1d6e8 0\n", ["69a1d6e7", "69a1d6e8"]),
    "other scripts": ("José 图.jpg 1\n".encode(), ["José 图.jpg"]),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_is_read(tmp_path, kind):
    data, expected = LISTS[kind]
    (tmp_path / "list.txt").write_bytes(data)
    found = read_names(tmp_path / "list.txt")
    assert (found.names, found.duplicates) == (expected, {})


@given(st.lists(st.text(st.sampled_from("ab1 ./_é"), min_size=1).map(lambda n: f"x{n}.jpg"), min_size=1))
def test_each_name_is_listed_once_at_its_first_place_whatever_its_labels(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("lists") / "list.txt"
    path.write_text("".join(f"{name} {number % 2}\n" for number, name in enumerate(names)), "utf-8")
    found = read_names(path)
    assert found.names == list(dict.fromkeys(names))
    assert found.duplicates == {name: names.count(name) for name in names if names.count(name) > 1}


INVALID_LISTS = {
    "a NUL": (b"a.jpg 1\nb\0.jpg 0\n", "line 2: .* control character"),
    "a line without an end": (b"a.jpg 1\n" + b"x" * 10_000_000, f"line 2: 10000000 .* {LONGEST}"),
    "no text": (b"\xff\xd8\xff\xe0" * 9, "is a JPEG image, not a text file"),
    "another label": (b"a.jpg 1\nb.jpg 2\n", "line 2: expected .*got 'b.jpg 2'"),
    "a word for a label": (b"b.jpg fake\n", "line 1: expected"),
    "nothing": (b"\n \n", "lists nothing"),
    "an escape sequence": (b"\x1b[31mred.jpg 1\n", "line 1: .* control character"),
}


@pytest.mark.parametrize("kind", INVALID_LISTS)
def test_an_invalid_list_is_an_error_with_file_and_line(tmp_path, kind):
    data, message = INVALID_LISTS[kind]
    (tmp_path / "list.txt").write_bytes(data)
    with pytest.raises(UserError, match=f"list.txt.*{message}"):
        read_names(tmp_path / "list.txt")


def test_a_missing_list(tmp_path):
    with pytest.raises(UserError, match="none.txt: the list can't be read: No such file"):
        read_names(tmp_path / "none.txt")


SAMPLES = {
    "as Kaggle has it": b"filename,label\nb.mp4,0.5\na.mp4,0.5\n",
    "Windows": b"\xef\xbb\xbffilename,label\r\nb.mp4,0.5\r\na.mp4,0.5\r\n",
    "other columns": b"id,label,filename\n1,0.5,b.mp4\n2,,a.mp4\n",
    "one column": b"filename\nb.mp4\n\na.mp4\n",
    "quotes": b'"filename","label"\n"b.mp4","0.5"\n"a.mp4","0.5"\n',
    "twice": b"filename,label\nb.mp4,0.5\na.mp4,0.5\nb.mp4,0.5\n",
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_sample_is_read(tmp_path, kind):
    (tmp_path / "sample.csv").write_bytes(SAMPLES[kind])
    found = read_sample(tmp_path / "sample.csv")
    assert found.names == ["b.mp4", "a.mp4"]
    assert found.duplicates == ({"b.mp4": 2} if kind == "twice" else {})


INVALID_SAMPLES = {
    "no such column": (b"name,label\na.mp4,0.5\n", "line 1: one column `filename` .*: name, label"),
    "two of them": (b"filename,filename\na.mp4,b.mp4\n", "line 1: one column"),
    "nothing": (b"", "line 1: one column `filename` .*: none"),
    "a header alone": (b"filename,label\n", "lists nothing"),
    "a longer line": (b"filename,label\na.mp4,0.5,1\n", "line 2: 3 cells below a header of 2"),
    "a shorter line": (b"label,filename\na.mp4\n", "line 2: 1 cells"),
    "no name": (b"filename,label\n,0.5\n", "line 2: it names no file"),
    "a name over two lines": (b'filename,label\n"a\nb.mp4",0.5\n', "line 3: .* control character"),
    "a NUL": (b"filename,label\na\0.mp4,0.5\n", "line 2"),
}


@pytest.mark.parametrize("kind", INVALID_SAMPLES)
def test_an_invalid_sample_is_an_error_with_file_and_line(tmp_path, kind):
    data, message = INVALID_SAMPLES[kind]
    (tmp_path / "sample.csv").write_bytes(data)
    with pytest.raises(UserError, match=f"sample.csv.*{message}"):
        read_sample(tmp_path / "sample.csv")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a.jpg", "x/../../a.jpg", "..\\a.jpg", "C:\\a.jpg", "\\a"]
)
def test_a_name_must_not_lead_out_of_the_folder(tmp_path, name):
    (tmp_path / "a.jpg").write_bytes(b"still")
    (tmp_path / "in").mkdir()
    assert files_in_folder([name], tmp_path / "in", LIMITS) == [unsafe(name)] != [""]
    assert files_anywhere([name], [tmp_path], LIMITS) == [unsafe(name)]


def test_files_are_found_where_the_list_says(tmp_path):
    for name in ("a.jpg", "x/a.jpg", "x/b c.png", "more"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\xff\xd8\xff")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as file:
        file.writestr("a.jpg", b"")
        file.writestr("b.jpg", b"")
    names = ["x/b c.png", "a.jpg", "more", "b c.png", "x", "x/a.jpg", "two.zip", "y" * 300]
    files = files_in_folder(names, tmp_path, LIMITS)
    assert [p if isinstance(p, str) else os.path.relpath(p.path, tmp_path) for p in files] == [
        "x/b c.png", "a.jpg", "more", "missing", "a folder, not a file", "x/a.jpg",
        "an archive of 2 files, not one", "missing",
    ]  # fmt: skip
    with pytest.raises(UserError, match="none: there is no such folder"):
        files_in_folder(names, tmp_path / "none", LIMITS)


def test_names_without_endings_mean_the_only_file_that_fits(tmp_path):
    for name in ("x/a.mp4", "x/b.mp4", "x/b.avi", "x/c.jpg", "x/.c.jpg", "x/d.1.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\xff\xd8\xff")
    names = ["x/a", "x/b", "x/c", "x/d.1", "x/d", "x/e"]
    expected = ["x/a.mp4", "2 files match: ", "x/c.jpg", "x/d.1.mp4", "missing", "missing"]
    for files in (files_in_folder(names, tmp_path, LIMITS), files_anywhere(names, [tmp_path], LIMITS)):
        found = [file if isinstance(file, str) else os.path.relpath(file.path, tmp_path) for file in files]
        assert [text[: len(start)] for text, start in zip(found, expected, strict=True)] == expected


def test_videos_are_found_in_zips_and_folders_below(tmp_path):
    for number in (1, 2):
        with zipfile.ZipFile(tmp_path / f"part_{number}.zip", "w") as file:
            file.writestr(f"test/{number}.mp4", b"clip")
            file.writestr("test/both.mp4", b"clip")
    names = ["2.mp4", "test/1.mp4", "both.mp4", ".mp4", "3.mp4"]
    second, first, *others = files_anywhere(names, sorted(tmp_path.glob("*.zip")), LIMITS)
    assert (second.member, first.member) == ("test/2.mp4", "test/1.mp4")
    assert others[0].startswith("2 files match: ") and others[0].count("both.mp4") == 2
    assert others[1:] == ["missing", "missing"]


@pytest.mark.parametrize("name", ["torn.zip", "none.zip", "empty"])
def test_a_source_that_can_not_be_read_is_an_error_instead_of_missing_videos(tmp_path, name):
    (tmp_path / "torn.zip").write_bytes(b"PK\3\4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=f"{name} can't be used: "):
        files_anywhere(["a.mp4"], [tmp_path / name], LIMITS)


def configured(**sections) -> dict:
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    check_config(config, yaml.safe_load((ROOT / "rules/config.schema.yaml").read_text()))
    for name, section in sections.items():
        config["submissions"][name] |= section
    return config


@pytest.mark.parametrize("file", SECTIONS)
def test_a_missing_setting_is_an_error_that_names_it(file):
    config, section = configured(), SECTIONS[file]
    with pytest.raises(
        UserError, match=rf"submissions\.{section}\.(list|sample): null.*{file}.*; write the path"
    ):
        names_of(config, file)
    with pytest.raises(UserError, match=rf"submissions\.{section}\.folder: null.*; write the path"):
        media_of(config, file)
    assert {"fallback", "people", "limits"} <= set(settings_of(config, file))


def test_videos_are_in_a_folder_or_in_zips(tmp_path):
    for name in ("b.zip", "a.zip"):
        (tmp_path / name).touch()
    config = configured(submission={"sample": "s.csv", "archives": [f"{tmp_path}/*.zip"]})
    assert names_of(config, "submission.csv") == "s.csv"
    assert media_of(config, "submission.csv") == [f"{tmp_path}/a.zip", f"{tmp_path}/b.zip"]
    config["submissions"]["submission"]["folder"] = "clips"
    with pytest.raises(UserError, match="submissions.submission: folder and archives given"):
        media_of(config, "submission.csv")
