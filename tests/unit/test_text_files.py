"""Text files and tables as spreadsheets and other languages' systems save them."""

import logging

import pytest
from made.layout_rows import COLUMNS, TABLE, summarise

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Entry
from deepfake.layouts.registry import read_corpus
from deepfake.plan.links import read_pairs
from deepfake.submissions.names import read_names, read_sample
from deepfake.text_files import decode_text, find_column, read_cells

KOREAN = "경로,라벨\n가짜/영상1.mp4,1\n진짜/영상2.mp4,0\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp949"]
)
def test_encodings_of_korean_text(encoding, caplog):
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    for mark in (b"", marks.get(encoding, b"")):
        text = decode_text(mark + KOREAN.encode(encoding), "info.csv")
        assert text.removeprefix("\ufeff") == KOREAN
    assert ("info.csv is not UTF-8; it is read as cp949" in caplog.text) == (encoding == "cp949")


@pytest.mark.parametrize(
    "encoding, text",
    [
        ("cp1252", "path,label\nfür/Größe.mp4,1\nété/vidéo.mp4,0\n"),
        ("cp932", "ファイル,ラベル\n偽物/動画1.mp4,1\n"),
        ("gb18030", "文件,标签\n视频/假.mp4,1\n"),
        ("cp1251", "путь,метка\nвидео/настоящее.mp4,0\n"),
        ("utf-16-le", "path,label\na.mp4,1\n"),  # as PowerShell writes it, but without its mark
        ("utf-16-be", "path,label\na.mp4,1\n"),
    ],
)
def test_encodings_without_a_mark(encoding, text):
    assert decode_text(text.encode(encoding), "info.csv") == text


def test_the_names_of_the_files_decide_where_the_likeliest_encoding_is_another(caplog):
    """`Čech.mp4` in code page 1250 is `Èech.mp4` in 1252, which is as good a text."""
    data = "path,label\nČech.mp4,1\n".encode("cp1250")
    assert decode_text(data, "info.csv", ["Čech"]) == "path,label\nČech.mp4,1\n"
    assert decode_text(data, "info.csv", ["Èech"]) == "path,label\nÈech.mp4,1\n"
    assert "cp1250" in caplog.text and "cp1252" in caplog.text


@pytest.mark.parametrize(
    "data, message",
    [
        (b"PK\3\4" + bytes(50), "info.csv is an Excel workbook or another zip.*save it as CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0" + bytes(50), "an old Excel workbook"),
        (b"PAR1xxxx", "a Parquet file"),
        (b"%PDF-1.7", "a PDF"),
        ("é".encode() * 50 + b"\xff", "info.csv is not UTF-8 text .*fetch that file again"),
        (bytes(range(256)), "no text|not UTF"),
        (b"\xff\xfe\0", "not UTF-16 text"),
    ],
)
def test_what_is_no_text_is_said(data, message):
    with pytest.raises(UserError, match=message):
        decode_text(data, "info.csv")


@pytest.mark.parametrize("line", ["sep=;\n", "sep=;\r\n", '"sep=;"\r\n', "SEP=;;\n"])
def test_excels_line_about_the_delimiter_is_no_header(line):
    lines = list(read_cells(f'{line}path,x;label\r\n"a;b.mp4";1\r\n', "info.csv", []))
    assert lines == [(2, ["path,x", "label"]), (3, ["a;b.mp4", "1"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_told_by_the_header(delimiter):
    lines = [['"file, or; so"', "Label"], ['"a,b;c|d.mp4"', "1"]]
    text = "\n".join(delimiter.join(line) for line in lines)
    cells = [cells for _, cells in read_cells(text, "x", ["label"])]
    assert cells == [["file, or; so", "Label"], ["a,b;c|d.mp4", "1"]]


def test_columns_in_another_case():
    assert find_column(["Path", " LABEL "], "label") == 1
    assert find_column(["Label", "label"], "label") == 1
    assert find_column(["Label", "LABEL"], "label") is None


def index(data, paths, **columns):
    media = [Entry("", path) for path in paths]
    return summarise(read_corpus("csv", [TABLE, *media], lambda entry: data, COLUMNS | columns))


def test_a_table_saved_by_excel_in_korean(caplog):
    text = "sep=;\r\nPath;LABEL\r\n가짜/영상1.mp4;1\r\n진짜/영상2.mp4;0\r\n"
    paths = ["가짜/영상1.mp4", "진짜/영상2.mp4"]
    for encoding in ("utf-16", "utf-8-sig", "cp949"):
        assert index(text.encode(encoding), paths) == [(paths[0], FAKE, ""), (paths[1], REAL, "")]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_two_columns_of_one_name_in_other_cases_are_an_error():
    with pytest.raises(UserError, match="info.csv has several columns 'label' in other cases"):
        index(b"path,Label,LABEL\na.png,1,1\n", ["a.png"])


def test_other_tables_of_users_are_read_alike(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("sep=;\r\na;b\r\ndfd/é;faceforensics/000\r\n".encode("utf-16"))
    assert read_pairs(path) == [("dfd/é", "faceforensics/000")]
    path.write_bytes("Filename;label\r\n영상, 1.mp4;0.5\r\n".encode("cp949"))
    assert read_sample(path).names == ["영상, 1.mp4"]
    path.write_bytes("영상 1.jpg 1\r\n".encode("utf-16"))
    assert read_names(path).names == ["영상 1.jpg"]
    labels = "Filename;Label\r\na.mp4;1\r\nb.mp4;0\r\n".encode("utf-16")
    entries = [Entry("", "labels.csv"), Entry("", "a.mp4"), Entry("", "b.mp4")]
    rows = read_corpus("dfdc", entries, lambda entry: labels)
    assert [(row.name, row.label) for row in rows] == [("a", FAKE), ("b", REAL)]
