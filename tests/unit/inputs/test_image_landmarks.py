"""Landmarks of a dataset's images: found, written, and read as a network sees the images."""

import hashlib
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.programs import run_program

from deepfake import tables
from deepfake.errors import UserError
from deepfake.inputs.geometry import Geometry
from deepfake.inputs.landmarks import Located, read_landmarks, write_landmarks
from deepfake.inputs.pixels import fit

SQUARE = Geometry(64, 64, "bilinear")


@pytest.fixture(scope="module")
def dataset(data, tmp_path_factory) -> Path:
    """A finished dataset of twelve real crops, one of them also turned, and two images without a face."""
    folder = tmp_path_factory.mktemp("dataset")
    with zipfile.ZipFile(data / "dfdc_crops.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))[5:3000:250]
        photos = [cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), 1) for name in names]
    photos += [cv2.flip(photos[0], 1), np.full((90, 60, 3), 128, np.uint8), photos[0][:40, :40]]
    rows = []
    for number, pixels in enumerate(photos):
        name = f"train/real/{number:02d}.png"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), pixels)
        row = {key: "" for key in tables.METADATA} | {"file_name": name, "label": 0, "split": "train"}
        rows.append(row | {"sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()})
    pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)
    return folder


def found(dataset: Path, folder: Path, kind: str, workers: int = 1, code: int = 0) -> tuple[str, str]:
    files = str(folder / f"{kind}.npy"), str(folder / f"{kind}.csv")
    args = ["--dataset", dataset, "--kind", kind, "--workers", workers]
    args += ["--output", files[0], "--output-table", files[1]]
    assert run_program("landmarks.py", *map(str, args)) == code
    return files


@pytest.mark.parametrize("kind", ["five", "68"])
def test_points_lie_on_the_faces_and_images_without_one_have_none(dataset, tmp_path, kind):
    array, table = found(dataset, tmp_path, kind)
    points, rows = np.load(array), pd.read_csv(table, keep_default_na=False)
    assert points.shape == (15, {"five": 5, "68": 68}[kind], 2) and points.dtype == np.float32
    assert list(rows["status"]) == ["ok"] * 13 + ["no_face"] * 2
    assert np.isnan(points[13:]).all() and set(rows["left"][13:]) == {""}
    five = points[:13] if kind == "five" else points[:13, [45, 42, 36, 39, 33]]
    eyes = np.stack([five[:, 2:4].mean(1), five[:, 0:2].mean(1)])  # left and right in the image
    assert ((eyes > 0.1) & (eyes < 0.9)).all()
    assert (eyes[1, :, 0] - eyes[0, :, 0] > 0.2).all() and (five[:, 4, 1] > eyes[:, :, 1].max(0) + 0.1).all()
    mirrored = np.array([1, 0]) + five[0] * [-1, 1]
    assert np.abs(five[12][[2, 3, 0, 1, 4]] - mirrored).max() < 0.02


def test_the_number_of_workers_changes_no_byte(dataset, tmp_path):
    (tmp_path / "two").mkdir()
    one, two = found(dataset, tmp_path, "five"), found(dataset, tmp_path / "two", "five", workers=2)
    assert [Path(file).read_bytes() for file in one] == [Path(file).read_bytes() for file in two]


def test_an_image_that_was_changed_is_an_error(dataset, tmp_path, caplog):
    copy = tmp_path / "copy"
    (copy / "train/real").mkdir(parents=True)
    for path in dataset.rglob("*.*"):
        (copy / path.relative_to(dataset)).write_bytes(path.read_bytes())
    (copy / "train/real/03.png").write_bytes(b"something else")
    found(copy, tmp_path, "five", code=1)
    assert "train/real/03.png" in caplog.text and "SHA-256" in caplog.text
    assert not (tmp_path / "five.npy").exists()


@settings(max_examples=40, deadline=None)
@given(width=st.integers(20, 300), height=st.integers(20, 300), crop=st.booleans(), data=st.data())
def test_points_go_where_the_pixels_go(tmp_path_factory, width, height, crop, data):
    """A white square about a point is found there again in what the network sees, if it is seen."""
    geometry = Geometry(64, 80, "bilinear") if crop else SQUARE
    x, y = data.draw(st.integers(3, width - 4)), data.draw(st.integers(3, height - 4))
    image = np.zeros((height, width, 3), np.uint8)
    image[y - 3 : y + 4, x - 3 : x + 4] = 255
    seen = fit(image, geometry)[:, :, 0].astype(float)
    folder, names = tmp_path_factory.mktemp("points"), pd.Series(["a"])
    point = np.array([(x + 0.5) / width, (y + 0.5) / height], np.float32)
    files = folder / "five.npy", folder / "five.csv"
    write_landmarks([Located(width, height, np.tile(point, (5, 1)))], names, "five", *files)
    at = read_landmarks(*files, names, geometry)[0, 0] * geometry.size
    edge = 64 * 5 / min(width, height) + 3
    if (at > edge).all() and (at < 64 - edge).all():
        assert (seen.sum(0) @ (np.arange(64) + 0.5)) / seen.sum() == pytest.approx(at[0], abs=0.7)
        assert (seen.sum(1) @ (np.arange(64) + 0.5)) / seen.sum() == pytest.approx(at[1], abs=0.7)


@pytest.mark.parametrize("fault", ["other names", "fewer", "no array", "float64"])
def test_files_of_other_images_are_an_error(tmp_path, fault):
    files = tmp_path / "five.npy", tmp_path / "five.csv"
    write_landmarks([Located(9, 9, None)] * 3, pd.Series(["a", "b", "c"]), "five", *files)
    names = {"other names": ["a", "b", "d"], "fewer": ["a", "b"]}.get(fault, ["a", "b", "c"])
    if fault == "no array":
        files[0].write_bytes(b"no array")
    elif fault == "float64":
        np.save(files[0], np.load(files[0]).astype(float))
    with pytest.raises(UserError, match=r"five\.(npy|csv)"):
        read_landmarks(*files, pd.Series(names), SQUARE)
