"""The layout csv: columns that the config names, and files that have been moved since the table was made."""

from collections import Counter

import pytest
from made.layout_rows import MISSING, TABLE, by_path, read, read_entries, summarise, table, values

from deepfake.layouts.entries import FAKE, REAL, Entry

LARGE = 87_658  # a tenth of FrameFaceDeepFakeDataset
ALL = {key: key for key in ("split", "method", "target", "source", "original", "group")}


def found(paths, *lines, place="info.csv", **more):
    """Return path, label and problem of each row of a corpus with these paths and a table of these lines."""
    return summarise(read("csv", paths, {place: table(*lines)}, **more))


def test_csv_reads_all_columns():
    header = "path,label,split,method,target,source,original,group,sex,age"
    lines = table(
        "f/a.png,Fake,Training,FaceSwap,t,s,f/b.png,g1, female ,", "f/b.png,0,test,none,t,,,g2,male,30",
        "f/c.png,fake,,,,,,,,", "f/d.png,1,elsewhere,,,,,,,",
        header=header,
    )  # fmt: skip
    columns = ALL | {"attributes": ["sex", "age"]}
    paths = ["set/f/a.png", "set/f/b.png", "set/f/c.png", "set/f/d.png"]
    rows = by_path(read("csv", paths, {"set/info.csv": lines}, columns=columns))
    fake, real, empty, odd = (rows[path] for path in paths)
    assert values(fake) == ("f_a", FAKE, "FaceSwap", "t", "s", "f_b", "f_b")
    assert values(real) == ("f_b", REAL, "", "t", "", "f_b", "f_b")
    assert values(empty) == ("f_c", FAKE, "", "", "", "", "set/f/c.png")
    assert [row.split for row in (fake, real, empty, odd)] == ["train", "test", "", ""]
    assert [row.attributes for row in (fake, real, empty)] == [
        {"sex": "female"}, {"sex": "male", "age": "30"}, {},
    ]  # fmt: skip
    assert not any(row.problem for row in rows.values())


def test_csv_videos_are_media_too():
    assert found(["a.mp4", "b.JPG"], "a.mp4,real", "b.JPG,fake") == [("a.mp4", REAL, ""), ("b.JPG", FAKE, "")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_delimiters_and_line_ends(delimiter, start, end):
    cells = [
        ["note, or; so", " path ", "label"],
        ["", "a b.png", "real"],
        ["", "", ""],
        [],
        ["x", "c.png", "1"],
    ]
    lines = [delimiter.join(f'"{cell}"' for cell in line) for line in cells]
    rows = read("csv", ["a b.png", "c.png"], {"info.csv": start + end.join(lines)})
    assert summarise(rows) == [("a b.png", REAL, ""), ("c.png", FAKE, "")]


def test_csv_quoted_cells_and_short_and_long_lines():
    lines = ["a,label,path,more", '"x,\ny",real,"a, b.png",', ",fake,c.png", ",fake,d.png,,,,"]
    assert summarise(read("csv", ["a, b.png", "c.png", "d.png"], {"info.csv": "\n".join(lines)})) == [
        ("a, b.png", REAL, ""), ("c.png", FAKE, ""), ("d.png", FAKE, ""),
    ]  # fmt: skip


def test_csv_columns_may_have_any_name_and_values_any_meaning():
    columns = {
        "table": "meta/my list.csv",
        "path": "Bild",
        "label": "Art",
        "real": [True],
        "fake": ["FALSCH", 7],
    }
    lines = table("True,a.png", "falsch,b.png", "7,c.png", "7.0,d.png", ",e.png", header="Art,Bild")
    paths = [f"x/meta/{letter}.png" for letter in "abcde"]
    assert summarise(read("csv", paths, {"x/meta/my list.csv": lines}, columns=columns)) == [
        ("x/meta/a.png", REAL, ""), ("x/meta/b.png", FAKE, ""), ("x/meta/c.png", FAKE, ""),
        ("x/meta/d.png", None, "label is '7.0', among neither real nor fake"),
        ("x/meta/e.png", None, "label is '', among neither real nor fake"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "actual"),
    [
        ("faces/a.png", "data/faces/a.png"),
        ("./faces//a.png", "data/faces/a.png"),
        ("faces\\a.png", "data/faces/a.png"),
        ("faces/a.PNG", "data/faces/a.png"),
        ("faces/a.png", "data/faces/a.Png"),
        ("../faces/a.png", "faces/a.png"),
        ("/kaggle/input/set/faces/a.png", "data/faces/a.png"),
        ("C:\\set\\faces\\a.png", "data/faces/a.png"),
        ("../../set/faces/a.png", "data/faces/a.png"),
        ("faces/a.png", "data/set/faces/a.png"),
        ("faces/a.png", "elsewhere/faces/a.png"),
        ("a.png", "data/faces/a.png"),
        ("faces/\u00fc.png", "data/faces/u\u0308.png"),
        ("/x/f\u00fc/a.png", "data/fu\u0308/a.png"),
    ],
)
def test_csv_finds_files_that_have_been_moved(path, actual):
    assert found([actual], f"{path},real", place="data/info.csv") == [(actual, REAL, "")]


@pytest.mark.parametrize(
    ("path", "actual"), [("fake/001.png", "001.png"), ("a.png", "a.jpg"), ("A.png", "a.png"), ("A", "a.png")]
)
def test_csv_does_not_take_one_file_for_another(path, actual):
    missing = (path, REAL, MISSING)
    assert sorted(found([actual], f"{path},real")) == sorted([(actual, None, "not in info.csv"), missing])


@pytest.mark.parametrize("name", ["a", "x/a", "/kaggle/input/set/x/a", "x/a.b", "x\\a"])
def test_csv_a_path_without_an_ending_means_the_only_file_that_fits(name):
    actual = f"x/{name[-3:] if '.' in name else 'a'}.mp4"
    assert found([actual, "y/other.mp4"], f"{name},real")[0] == (actual, REAL, "")
    both = found([actual, actual.replace(".mp4", ".jpg")], f"{name},real")
    assert {problem.split(":")[0] for _, _, problem in both} == {
        "not in info.csv",
        "labelled, but 2 files fit",
    }


def test_csv_names_have_no_endings_of_animated_images():
    (row,) = read_entries("csv", [Entry("", "x/a.gif", "image")], {TABLE: table("x/a.gif,real")})
    assert row.name == "x_a"


def test_csv_an_archive_counts_as_a_folder():
    media = [Entry("in/real.zip", "001.png"), Entry("in/fake.zip", "001.png"), Entry("in/x.zip", "f/002.png")]
    lines = table("set/real/001.png,real", "fake/001.png,fake", "f/002.png,fake")
    rows = {(row.entry.archive, row.label, row.problem) for row in read_entries("csv", media, {TABLE: lines})}
    assert rows == {("in/real.zip", REAL, ""), ("in/fake.zip", FAKE, ""), ("in/x.zip", FAKE, "")}


def test_csv_a_bare_name_means_the_only_file_of_that_name():
    rows = found(["a/1.png", "b/1.png", "c/2.png", "d/3.png"], "1.png,real", "2.png,fake", place="t/info.csv")
    assert rows == [
        ("a/1.png", None, "not in info.csv"), ("b/1.png", None, "not in info.csv"), ("c/2.png", FAKE, ""),
        ("d/3.png", None, "not in info.csv"),
        ("t/1.png", REAL, "labelled, but 2 files fit: a/1.png, b/1.png"),
    ]  # fmt: skip


def test_csv_names_three_of_the_files_that_fit():
    media = [Entry(f"{n}.zip", "1.png") for n in range(4)]
    (problem,) = {
        row.problem for row in read_entries("csv", media, {TABLE: table("1.png,1")}) if not row.entry.archive
    }
    assert problem == "labelled, but 4 files fit: 0.zip: 1.png, 1.zip: 1.png, 2.zip: 1.png and more"


def test_csv_files_below_the_table_take_precedence():
    rows = found(["a/faces/1.png", "b/faces/1.png"], "1.png,real", place="a/info.csv")
    assert rows == [("a/faces/1.png", REAL, ""), ("b/faces/1.png", None, "not in info.csv")]


def test_csv_several_tables_apply_to_their_own_folders():
    files = {
        "a/info.csv": table("1.png,real", "2.png,real"),
        "b/info.csv": table("1.png;fake", header="path;label"),
    }
    rows = read("csv", ["a/x/1.png", "b/x/1.png", "b/x/2.png"], files)
    assert summarise(rows) == [
        ("a/2.png", REAL, MISSING), ("a/x/1.png", REAL, ""), ("b/x/1.png", FAKE, ""),
        ("b/x/2.png", None, "not in info.csv"),
    ]  # fmt: skip


def test_csv_a_table_at_the_top_applies_to_all_archives():
    files = {TABLE: table("1.png,real"), Entry("a.zip", "info.csv"): table("2.png,fake")}
    rows = read_entries(
        "csv", [Entry("a.zip", "2.png"), Entry("b.zip", "1.png"), Entry("b.zip", "2.png")], files
    )
    assert summarise(rows) == [
        ("2.png", FAKE, ""),
        ("1.png", REAL, ""),
        ("2.png", None, "not in info.csv"),
    ]


def test_csv_the_first_of_several_tables_is_used():
    folders = ["", "a/", "a/b/"]
    files = {f"{at}info.csv": table(f"a/b/1.png,fake,{at}", header="path,label,method") for at in folders}
    used, again = read("csv", ["a/b/1.png"], files, columns={"method": "method"})
    assert (used.method, used.problem) == ("a/b/", "")
    assert again.problem == "listed again in info.csv, 3 times in all; its first row is used"


def test_csv_an_ambiguous_line_counts_for_the_file_at_its_path():
    paths, fit = ["a.JPG", "a.jpg"], "labelled, but 2 files fit: a.JPG, a.jpg"
    unlisted = ("a.JPG", None, "not in info.csv")
    assert found(paths, "a.Jpg,real") == [unlisted, ("a.jpg", None, fit)]
    assert found(paths, "a.jpg,fake", "a.Jpg,real") == [unlisted, ("a.jpg", None, "two labels in info.csv")]


def test_csv_unusable_files_have_a_problem():
    paths = ["listed.png", "new.png", "notes.TXT", "._x.png", "__MACOSX/y.png", "__MACOSX/info.csv"]
    rows = found(
        paths, "listed.png,real", "gone.png,fake", "gone.png,fake", "V1.0/Abc,real", "notes.TXT,real"
    )
    assert rows == [
        ("V1.0/Abc", REAL, MISSING), ("gone.png", FAKE, MISSING),
        ("listed.png", REAL, ""), ("new.png", None, "not in info.csv"),
        ("notes.txt", REAL, "labelled, but neither video nor still"),
    ]  # fmt: skip


def test_csv_files_listed_again():
    lines = table(
        "a.png,real,train", "./a.png,0,training", "b.png,real,train", "b.png,fake,train", "c.png,real,train",
        "c.png,real,test", "d.png,real,train", "d.png,what,train",
        header="path,label,split",
    )  # fmt: skip
    rows = read("csv", ["a.png", "b.png", "c.png", "d.png"], {"info.csv": lines}, columns={"split": "split"})
    assert [(row.entry.path, row.label, row.split, row.problem) for row in rows] == [
        ("a.png", REAL, "train", ""),
        ("a.png", None, "train", "listed again in info.csv, 2 times in all; its first row is used"),
        ("b.png", None, "train", "two labels in info.csv"),
        ("c.png", None, "", "two splits in info.csv: test, train"),
        ("d.png", None, "train", "label is 'what', among neither real nor fake"),
    ]


def test_csv_table_outside_the_corpus():
    media = [Entry("a.zip", "set/f/1.png"), Entry("b.zip", "2.png"), Entry("b.zip", "3.png")]
    rows = read_entries("csv", media, {TABLE: table("f/1.png,real", "2.png,fake")})
    assert summarise(rows) == [
        ("set/f/1.png", REAL, ""),
        ("2.png", FAKE, ""),
        ("3.png", None, "not in info.csv"),
    ]
    assert [row.name for row in rows] == ["set_f_1", "2", "3"]


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("path,kind\n", {}, r"c\.zip: d/info\.csv has no column 'label', which columns\.label names; it "),
        ("file;label\n", {}, r"info\.csv has no column 'path', which columns\.path names; it has file, "),
        ("path,label\n", {"split": "part"}, r"no column 'part', which columns\.split names; it has path, "),
        ("path,label\n", {"attributes": ["sex"]}, r"no column 'sex', which columns\.attributes names"),
        ("", {}, r"d/info\.csv has no column 'path'"),
        ("path,label\na,1\n,1\n", {}, r"c\.zip: d/info\.csv, line 3: it names no file"),
        ("path,label\na,1,b\n", {}, r"c\.zip: d/info\.csv, line 2: 3 cells below a header of 2"),
        ('path,label\na,"' + "x" * 200_000, {}, r"d/info\.csv, line \d+: field larger than"),
        ('"' + "x" * 200_000, {}, r"d/info\.csv, line 1: field larger than"),
        ("path,label\n", {"fake": ["Real"]}, r"columns: 'Real' is among both real and fake; keep one"),
        ("path,label\n", {"table": "fo.csv"}, r"no fo\.csv in the corpus; write the table's name at "),
    ],
)  # fmt: skip
def test_csv_errors_name_what_is_wrong(content, columns, message):
    with pytest.raises(ValueError, match=message):
        read("csv", ["d/a.png"], {"d/info.csv": content}, archive="c.zip", columns=columns)


def test_csv_a_tenth_of_the_full_size():
    paths = [f"faces/{n % 50}/{n // 500:04}_frame{n % 500:03}.jpg" for n in range(LARGE)]
    lines = [f"/kaggle/input/set/{path},{n % 7 > 0:d},{n // 5000:04}.mp4" for n, path in enumerate(paths)]
    text = table(*lines, header="path,label,original")
    rows = read(
        "csv", [f"set/{path}" for path in paths], {"set/info.csv": text}, columns={"original": "original"}
    )
    assert Counter((row.label, row.problem) for row in rows) == {(REAL, ""): 12_523, (FAKE, ""): 75_135}
    assert len({row.name for row in rows}) == LARGE


def test_csv_a_missing_quotation_mark_is_an_error_that_names_the_line():
    with pytest.raises(
        ValueError, match=r"info\.csv, line 4: the name that begins with 'b.png,real' goes over"
    ):
        found(["a.png", "b.png", "c.png"], "a.png,real", '"b.png,real', "c.png,fake")


def test_csv_a_table_without_a_header_is_told():
    with pytest.raises(
        ValueError, match=r"no column 'path', .*; write a first line with the names of the col"
    ):
        read("csv", ["a.png"], {"info.csv": "a.png,real\n"})
