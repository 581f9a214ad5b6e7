"""Decoded datasets: images resized as Pillow does, checked against the table, read in little memory."""

import hashlib
import io
import os
import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import decoded as made_decoded
from PIL import Image

from deepfake.inputs.dataset_images import read_image_rows, read_images
from deepfake.inputs.decoded import (
    ROWS,
    InvalidImage,
    check_size,
    read_decoded,
    write_decoded,
)
from deepfake.inputs.geometry import RESAMPLE, Geometry, parse_geometry
from deepfake.inputs.pixels import decode, fit
from deepfake.program import run
from deepfake.tables import METADATA

DECODE = runpy.run_path(str(Path(__file__).resolve().parents[3] / "scripts/decode.py"))["main"]
sizes = st.integers(1, 8192)


def random_image(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(image: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind)
    return file.getvalue()


@pytest.fixture
def dataset(tmp_path) -> Path:
    """A finished dataset of six images of different sizes; metadata.csv isn't ordered by name."""
    folder = tmp_path / "dataset"
    rows = []
    for number, split in enumerate(["val", "train", "val", "train", "test", "train"]):
        kind = ("real", "fake")[number % 2]
        ending = ("jpg", "png")[number % 2]
        name = f"{split}/{kind}/c__v{number}__000000.{ending}"
        data = encoded(random_image(40 + number, 50 - number, number), {"jpg": "JPEG", "png": "PNG"}[ending])
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        row = {"file_name": name, "label": number % 2, "corpus": "c", "video": f"v{number}", "method": ""}
        row |= {"target": "NA", "group": "001", "split": split, "phash": "0"}
        rows.append(row | {"sha256": hashlib.sha256(data).hexdigest()})
    pd.DataFrame(rows).reindex(columns=METADATA).to_csv(folder / "metadata.csv", index=False)
    return folder


def decode_dataset(dataset: Path, folder: Path, threads: int = 1, geometry: str = "32-bilinear") -> int:
    """Run decode.py, and return its exit code."""
    args = ["--dataset", dataset, "--geometry", geometry, "--threads", threads]
    args += ["--output", folder / "images.npy", "--output-rows", folder / "rows.csv"]
    return run(DECODE, [str(arg) for arg in args])


# Geometry


@given(size=sizes, more=st.integers(0, 500), resample=st.sampled_from(sorted(RESAMPLE)))
def test_a_geometry_is_parsed_from_its_name(size, more, resample):
    geometry = Geometry(size, size + more, resample)
    assert parse_geometry(geometry.name) == geometry
    assert re.fullmatch(r"[\w-]+", geometry.name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "256",
        "256-cubic",
        "bilinear",
        "256-bilinear-crop",
        "a/256-bilinear",
        "256-bilinear-crop256",
        "0-bilinear",
        "224-bicubic-crop256",
    ],
)
def test_another_name_is_an_error(name):
    with pytest.raises(ValueError, match="is no geometry"):
        parse_geometry(name)


@pytest.mark.parametrize("resample", sorted(RESAMPLE))
@pytest.mark.parametrize("shape", [(64, 64), (20, 33), (120, 90)], ids=str)
def test_images_are_resized_as_pillow_does(resample, shape):
    image = random_image(*shape)
    expected = Image.fromarray(image).resize((32, 32), Image.Resampling[resample.upper()])
    assert np.array_equal(fit(image, Geometry(32, 32, resample)), np.asarray(expected))


def test_an_image_of_the_right_size_is_unchanged():
    assert np.array_equal(fit(random_image(32, 32), Geometry(32, 32, "bicubic")), random_image(32, 32))


@pytest.mark.parametrize(
    "shape, box", [((60, 90), (9, 4, 41, 36)), ((90, 60), (4, 9, 36, 41))], ids=["wide", "high"]
)
def test_the_center_is_cropped_after_the_shorter_side_is_resized(shape, box):
    image = random_image(*shape)
    width, height = (round(side * 40 / 60) for side in reversed(shape))
    whole = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - 32) // 2, (height - 32) // 2
    assert (left, top) == ((14, 4) if shape[1] > shape[0] else (4, 14))
    expected = np.asarray(whole)[top : top + 32, left : left + 32]
    assert np.array_equal(fit(image, Geometry(32, 40, "bicubic")), expected)


@given(height=st.integers(1, 80), width=st.integers(1, 80), size=st.integers(1, 40), more=st.integers(0, 9))
def test_any_image_gets_the_size_of_the_geometry(height, width, size, more):
    image = fit(random_image(height, width), Geometry(size, size + more, "bilinear"))
    assert image.shape == (size, size, 3) and image.dtype == np.uint8 and image.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "CMYK"])
def test_images_of_every_mode_become_rgb(mode):
    file = io.BytesIO()
    Image.fromarray(random_image(8, 8)).convert(mode).save(file, "JPEG" if mode == "CMYK" else "PNG")
    assert decode(file.getvalue()).shape == (8, 8, 3)


# A dataset


def test_rows_are_ordered_by_image_and_text_stays_text(dataset):
    rows = read_image_rows(dataset)
    assert list(rows) == [*ROWS, "sha256"] and rows["image"].is_monotonic_increasing
    assert set(rows["target"]) == {"NA"} and set(rows["group"]) == {"001"} and rows["label"].dtype == "int64"


@pytest.mark.parametrize("threads", [2, 4])
def test_the_number_of_threads_changes_no_byte(dataset, tmp_path, threads):
    assert (
        decode_dataset(dataset, tmp_path / "one") == decode_dataset(dataset, tmp_path / "many", threads) == 0
    )
    for name in ("images.npy", "rows.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()


def test_what_is_read_is_what_was_written(dataset, tmp_path):
    assert decode_dataset(dataset, tmp_path, geometry="32-bicubic-crop24") == 0
    decoded = read_decoded(tmp_path / "images.npy", tmp_path / "rows.csv")
    rows = read_image_rows(dataset)
    assert decoded.rows.equals(rows[ROWS])
    assert np.array_equal(np.load(tmp_path / "images.npy"), decoded.images)
    for number, name in enumerate(rows["image"]):
        image = np.asarray(Image.open(dataset / name).convert("RGB"))
        assert np.array_equal(decoded.images[number], fit(image, Geometry(24, 32, "bicubic")))
    assert [len(decoded.split(name)) for name in ("train", "val", "test", "other")] == [3, 2, 1, 0]
    assert decoded.take(decoded.split("other")).shape == (0, 24, 24, 3)


def replace_image(path: Path) -> None:
    path.write_bytes(encoded(random_image(9, 9), "PNG"))


DAMAGES = {"its SHA-256 is not that of metadata.csv": replace_image, "can't be read": Path.unlink}


@pytest.mark.parametrize("message", DAMAGES)
def test_a_changed_or_missing_file_is_an_error_that_names_it(dataset, tmp_path, caplog, message):
    name = read_image_rows(dataset)["image"][2]
    DAMAGES[message](dataset / name)
    assert decode_dataset(dataset, tmp_path / "out", threads=2) == 1
    assert str(dataset / name) in caplog.text and message in caplog.text
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no image",
        encoded(random_image(64, 64), "PNG")[:500],
        encoded(random_image(64, 64), "JPEG")[:900],
    ],
    ids=["empty", "text", "half a png", "half a jpeg"],
)
def test_a_corrupt_image_is_an_error_that_names_it(dataset, data):
    rows = read_image_rows(dataset)
    (dataset / rows["image"][1]).write_bytes(data)
    rows.loc[1, "sha256"] = hashlib.sha256(data).hexdigest()
    with pytest.raises(InvalidImage, match=f"{re.escape(rows['image'][1])} can't be decoded"):
        list(read_images(dataset, rows))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "No such file or directory; make the dataset first"),
        ("", "not exactly once there: file_name, label"),
        ("file_name,label\na.jpg,0\n", "not exactly once there: corpus, video"),
        (f"{','.join(METADATA)}\na.jpg,x{',' * (len(METADATA) - 2)}\n", "label must be whole numbers"),
    ],
    ids=["missing", "empty", "columns missing", "a label that is no number"],
)
def test_a_dataset_without_its_table_is_an_error(dataset, tmp_path, caplog, table, message):
    (dataset / "metadata.csv").unlink()
    if table is not None:
        (dataset / "metadata.csv").write_text(table)
    assert decode_dataset(dataset, tmp_path / "out") == 1
    assert f"{dataset / 'metadata.csv'}: {message}" in caplog.text


def test_decode_reports_an_unknown_geometry(dataset, tmp_path, caplog):
    assert decode_dataset(dataset, tmp_path / "out", geometry="big") == 1
    assert "'big' is no geometry" in caplog.text


# The file


@pytest.fixture
def made(tmp_path):
    return made_decoded.make(tmp_path / "made")


CORRUPT = {
    "truncated": lambda data: data[:-1],
    "truncated header": lambda data: data[:50],
    "too long": lambda data: data + b"\0",
    "empty": lambda data: b"",
    "another format": lambda data: b"PK" + data[2:],
    "invalid header": lambda data: data[:10] + b"{'descr': (" + data[21:],
    "other dtype": lambda data: data.replace(b"|u1", b"|i1"),
    "objects": lambda data: data.replace(b"'|u1'", b"'|O' "),
    "other axes": lambda data: data.replace(b"(88, 32, 32, 3)", b"(88, 32, 3, 32)"),
    "Fortran order": lambda data: data.replace(b"False", b"True "),
}


@pytest.mark.parametrize("how", CORRUPT)
def test_a_corrupt_npy_is_an_error(made, how):
    data = made.images.read_bytes()
    made.images.write_bytes(CORRUPT[how](data))
    assert made.images.read_bytes() != data
    with pytest.raises(InvalidImage, match=re.escape(str(made.images))):
        read_decoded(made.images, made.rows)


@pytest.mark.parametrize("how", ["fewer", "empty", "no label", "label is text"])
def test_rows_that_do_not_match_the_images_are_an_error(made, how):
    lines = made.rows.read_text().splitlines(keepends=True)
    text = {"fewer": "".join(lines[:-1]), "empty": "", "no label": "image,split\na,train\n"}
    text["label is text"] = lines[0] + lines[1].replace(",0,", ",real,")
    made.rows.write_text(text[how])
    with pytest.raises(InvalidImage, match=re.escape(str(made.rows))):
        read_decoded(made.images, made.rows)


def test_images_of_another_size_than_the_network_takes_are_an_error(made):
    decoded = read_decoded(made.images, made.rows)
    check_size(decoded, 32, made.images)
    with pytest.raises(
        InvalidImage, match="images.npy holds images of 32×32 pixels, and the network takes 64×64"
    ):
        check_size(decoded, 64, made.images)


def test_take_returns_a_copy(made):
    decoded = read_decoded(made.images, made.rows)
    taken = decoded.take(np.array([3, 1]))
    before = taken.copy()
    taken[:] = 0
    assert np.array_equal(decoded.take(np.array([3, 1])), before) and before.any()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_memory_does_not_grow_with_the_images_read(tmp_path):
    number, size = 600, 128  # 29 MB
    labels = np.arange(number) % 2
    rows = made_decoded.table(labels, "train")
    image = random_image(size, size)
    write_decoded(
        (image for _ in labels), rows, Geometry(size, size, "bilinear"), tmp_path / "a", tmp_path / "b"
    )
    decoded = read_decoded(tmp_path / "a", tmp_path / "b")
    decoded.take(np.arange(32))
    before = memory()
    for start in range(0, number, 20):
        decoded.take(np.arange(start, start + 20))
    after = memory()
    assert os.path.getsize(tmp_path / "a") > 28 << 20
    assert all(after[key] - before[key] < 5 << 10 for key in before), (before, after)


def memory() -> dict[str, int]:
    """Resident memory of this process in kB: its own pages, and pages of mapped files."""
    text = Path("/proc/self/status").read_text()
    return {key: int(re.search(rf"{key}:\s*(\d+)", text)[1]) for key in ("RssAnon", "RssFile")}
