"""Reading a dataset: rows in order, images with their rows, and errors for damaged or hostile files."""

from pathlib import Path

import pytest
from made.dataset import good_rows, write

from deepfake.dataset import read
from deepfake.dataset.read import InvalidDataset, iterate_images, read_image, read_metadata
from deepfake.tables import METADATA


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("read") / "d", good_rows())


def write_table(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    """Write a metadata.csv of METADATA and these lines."""
    text = "\n".join([",".join(METADATA), *lines]) + "\n"
    (folder / "metadata.csv").write_bytes(text.encode(encoding))
    return folder


def row(name: str, label: str = "0", frame: str = "3") -> str:
    values = {"file_name": name, "label": label, "frame": frame}
    return ",".join(values.get(column, "NA") for column in METADATA)


def test_rows_are_text_ordered_by_file_name(tmp_path):
    rows = read_metadata(write_table(tmp_path, row("b"), row("a", "007"), row("ä")))
    assert rows["file_name"].tolist() == ["a", "b", "ä"] and rows["label"].tolist() == ["007", "0", "0"]
    assert set(rows["target"]) == {"NA"}


def test_integers_are_converted(tmp_path):
    rows = read_metadata(write_table(tmp_path, row("a", "1", "12")), integers=("label", "frame"))
    assert rows["label"].dtype == rows["frame"].dtype == "int64" and rows["frame"].tolist() == [12]


@pytest.mark.parametrize("label", ["x", "", "1.5", "9" * 30])
def test_other_text_for_an_integer_is_an_error(tmp_path, label):
    with pytest.raises(InvalidDataset, match="metadata.csv: label must be whole numbers"):
        read_metadata(write_table(tmp_path, row("a", label)), integers=["label"])


@pytest.mark.parametrize("label", ["2", "-1"])
def test_an_unknown_label_is_an_error(tmp_path, label):
    with pytest.raises(InvalidDataset, match="metadata.csv: label must be 0 .real. or 1 .fake."):
        read_metadata(write_table(tmp_path, row("a", label)), integers=["label", "frame"])


def test_another_encoding_than_utf_8_is_an_error(tmp_path):
    with pytest.raises(InvalidDataset, match="metadata.csv: can't be read as a table"):
        read_metadata(write_table(tmp_path, row("é"), encoding="latin-1"))


def test_tables_longer_than_a_chunk_are_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "CHUNK", 4)
    rows = read_metadata(write_table(tmp_path, *(row(f"{number:02d}") for number in range(10))))
    assert rows["file_name"].tolist() == [f"{number:02d}" for number in range(10)]


def test_images_come_with_their_rows(dataset, monkeypatch):
    monkeypatch.setattr(read, "CHUNK", 7)
    rows = read_metadata(dataset)
    images = list(iterate_images(dataset, rows))
    assert [image for image, _ in images] == rows.to_dict("records")
    assert all((dataset / image["file_name"]).read_bytes() == data for image, data in images)


def test_an_image_with_another_checksum_is_an_error(dataset):
    name = read_metadata(dataset)["file_name"][0]
    with pytest.raises(InvalidDataset, match=f"{name}: its SHA-256 is not that of metadata.csv; delete"):
        read_image(dataset, name, "0" * 64)


@pytest.mark.parametrize("name", ["../d/metadata.csv", "/etc/hostname", "a\0b", "train/../../x"])
def test_no_name_outside_the_folder_is_opened(dataset, monkeypatch, name):
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was opened"))
    with pytest.raises(InvalidDataset, match="leads out of the folder"):
        read_image(dataset, name, "0" * 64)
