"""Exported models: same outputs and metadata as best.pt, and a comparison of the formats."""

import csv
import json
import math
import re
import tempfile
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from made import decoded as made_decoded
from made.decoded import MODEL, ROOT
from made.models import FORMATS as NAMES
from made.models import KINDS, convert, images_for, save
from made.programs import run_program

from deepfake.checkpoints.compare_formats import COLUMNS
from deepfake.checkpoints.convert import FORMATS, TOLERANCES, calibration_images
from deepfake.checkpoints.convert import convert as convert_file
from deepfake.checkpoints.onnx_export import as_bytes, export
from deepfake.checkpoints.open_model import open_model
from deepfake.checkpoints.quantise import quantise_static
from deepfake.errors import ModelError
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.predictions import read_predictions
from deepfake.inputs.decoded import read_decoded

pytestmark = pytest.mark.usefixtures("one_thread")

NEAR = {"float32.onnx": 1e-5, "int8_dynamic.onnx": 0.05, "int8_static.onnx": 0.05, "float32.safetensors": 0}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    counts = {"train": 4, "val": 24, "test": 70}
    return made_decoded.make(tmp_path_factory.mktemp("made"), counts=counts)


@pytest.fixture(scope="module")
def best(tmp_path_factory) -> Path:
    return save(tmp_path_factory.mktemp("model") / "best.pt", MODEL, 40.0)


@pytest.fixture(scope="module")
def exported(made, best, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("exported")
    for name in NAMES:
        assert convert(made, best, name, folder / name) == 0
    return {name: folder / name for name in NAMES}


def predict(made, model: Path, output: Path) -> np.ndarray:
    args = ["--checkpoint", model, "--images", made.images, "--rows", made.rows, "--split", "test"]
    assert run_program("predict.py", *args, "--threads", 1, "--output", output) == 0
    return read_predictions(output)["probability"].to_numpy()


# the formats


def test_every_format_is_tested_here():
    assert list(FORMATS) == list(TOLERANCES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_predict_gives_what_it_gives_with_best_pt(made, best, exported, tmp_path, name):
    expected, found = (predict(made, path, tmp_path / f"{path.name}.csv") for path in (best, exported[name]))
    assert expected.std() > 0.02
    assert np.abs(found - expected).max() <= NEAR[name]


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_model_has_the_metadata_of_best_pt(best, exported, name):
    expected, found = open_model(best), open_model(exported[name])
    assert found.metadata == expected.metadata
    assert [astuple(one) for one in found.geometries] == [astuple(one) for one in expected.geometries]
    assert (found.detector is None) == name.endswith(".onnx")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_machine_is_in_the_file(best, exported, name):
    content = exported[name].read_bytes()
    for place in (ROOT, tempfile.gettempdir(), best.parent, Path.home()):
        assert f"{place}/".encode() not in content


def test_made_again_the_bytes_are_the_same(made, best, exported, tmp_path):
    for name in ("int8_static.onnx", "float32.safetensors"):
        assert convert(made, best, name, tmp_path / name) == 0
        assert (tmp_path / name).read_bytes() == exported[name].read_bytes()


def test_eight_bits_are_smaller(exported):
    sizes = {name: path.stat().st_size for name, path in exported.items()}
    assert max(sizes["int8_dynamic.onnx"], sizes["int8_static.onnx"]) < 0.6 * sizes["float32.onnx"]


def test_in_eight_bits_an_image_does_not_depend_on_those_beside_it(exported):
    for name in ("int8_dynamic.onnx", "int8_static.onnx"):
        model = open_model(exported[name])
        (images,) = images_for(model, 11)
        images[1:] //= 8  # beside a bright one, dark ones would lose most of their range
        alone = np.concatenate([model.logits([images[n : n + 1]]) for n in range(11)])
        assert np.array_equal(model.logits([images]), alone)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_network_gives_equal_logits_in_onnx_and_similar_ones_in_eight_bits(tmp_path, kind):
    model = open_model(KINDS[kind](tmp_path))
    written = export(model)
    (tmp_path / "float32.onnx").write_bytes(as_bytes(written, model.metadata))
    exported = open_model(tmp_path / "float32.onnx")
    assert exported.metadata == model.metadata and exported.geometries == model.geometries
    assert exported.logits(images_for(model, 0)).shape == (0,)
    for number in (1, 3, 8, 19):
        images = images_for(model, number, number)
        expected, found = model.logits(images), exported.logits(images)
        assert found.shape == (number,) and found.dtype == np.float32
        assert (np.abs(found - expected) <= 1e-4 * np.maximum(1, np.abs(expected))).all()
    images = images_for(model, 48)
    batch = {f"images{number}": one[:32].transpose(0, 3, 1, 2) for number, one in enumerate(images)}
    static = quantise_static(written, [batch])
    (tmp_path / "static.onnx").write_bytes(as_bytes(static, model.metadata))
    expected, found = model.logits(images), open_model(tmp_path / "static.onnx").logits(images)
    assert np.corrcoef(expected, found)[0, 1] > 0.95


def test_safetensors_keep_an_ensemble(tmp_path):
    best = KINDS["ensemble"](tmp_path)
    assert convert_file(best, "float32.safetensors", tmp_path / "a.safetensors") == 0
    one, other = open_model(best), open_model(tmp_path / "a.safetensors")
    images = images_for(one, 5)
    assert np.array_equal(one.logits(images), other.logits(images))
    assert other.metadata == one.metadata and other.geometries == one.geometries


def test_calibration_takes_val_evenly(made):
    decoded = read_decoded(made.images, made.rows)
    val = decoded.split("val")
    (some,) = calibration_images([decoded], 3)
    assert np.array_equal(some, decoded.images[val[[0, round(23 / 2), 23]]])
    assert len(calibration_images([decoded], 1000)[0]) == 24


# errors leave no file behind


def test_an_export_that_differs_too_much_is_not_kept(best, tmp_path, monkeypatch):
    monkeypatch.setitem(TOLERANCES, "int8_dynamic.onnx", 1e-9)
    with pytest.raises(ModelError, match=r"differ from torch's by up to .* and 1e-09 is allowed"):
        convert_file(best, "int8_dynamic.onnx", tmp_path / "out/int8_dynamic.onnx")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_cant_be_converted_is_one_line_in_the_log_and_leaves_no_file(made, best, tmp_path, caplog):
    larger = made_decoded.make(tmp_path / "larger", size=64, counts={"val": 2})
    empty = made_decoded.make(tmp_path / "empty", counts={"train": 2})
    for message, images, checkpoint, form in (
        ("nowhere.pt", made, tmp_path / "nowhere.pt", "float32.onnx"),
        ("the images are .*64.*takes .*32", larger, best, "int8_static.onnx"),
        ("the split val is empty", empty, best, "int8_static.onnx"),
    ):
        caplog.clear()
        assert convert(images, checkpoint, form, tmp_path / "out" / form) == 1
        lines = [record.message for record in caplog.records if record.name == "deepfake"]
        assert len(lines) == 1 and form in lines[0]
        assert caplog.records[-1].levelname == "ERROR"
        assert re.search(message, lines[0])
        assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_static_without_images_says_what_to_give(best, tmp_path):
    with pytest.raises(ModelError, match="give --images and --rows"):
        convert_file(best, "int8_static.onnx", tmp_path / "a.onnx")


# weigh.py compares the formats


def compare(made, best: Path, forms: list[Path], folder: Path, turns: int = 1) -> int:
    args = ["--checkpoint", best, "--forms", *forms, "--images", made.images, "--rows", made.rows]
    args += ["--threads", 1, "--turns", turns, "--output", folder / "forms.csv"]
    return run_program(
        "weigh.py", *args, "--output-json", folder / "forms.json", "--output-text", folder / "forms.txt"
    )


def compared(folder: Path) -> list[dict]:
    return json.loads((folder / "forms.json").read_text())["forms"]


def test_formats_are_compared_side_by_side(made, best, exported, tmp_path, capsys):
    paths = list(exported.values())
    assert compare(made, best, paths, tmp_path) == 0
    first, *others = compared(tmp_path)
    assert [row["form"] for row in (first, *others)] == ["best.pt", *NAMES]
    assert [row["megabytes"] for row in others] == [path.stat().st_size / 1e6 for path in paths]
    labels = read_decoded(made.images, made.rows).rows.query("split == 'test'")["label"].to_numpy()
    rows = read_decoded(made.images, made.rows).rows.query("split == 'test'").sort_values("image")
    for row, path in zip((first, *others), (best, *paths), strict=True):
        found = predict(made, path, tmp_path / "test.csv")
        expected = compute_metrics(rows["label"].to_numpy(), found, 0.0625)
        assert row["f1_macro"] == pytest.approx(expected["f1_macro"], abs=1e-9)
        assert row["roc_auc"] == pytest.approx(expected["roc_auc"], abs=1e-6)
        assert row["f1_macro_lost"] == first["f1_macro"] - row["f1_macro"]
        assert row["images_per_second"] > 0
        assert row["times"] == pytest.approx(row["images_per_second"] / first["images_per_second"])
        assert row["largest_difference"] <= max(NEAR.get(row["form"], 0), 0)
    assert len(labels) == 70 and first["times"] == 1
    text = (tmp_path / "forms.txt").read_text()
    assert text == capsys.readouterr().out.rpartition("\r")[2]
    assert "70 images of test, threshold 0.062" in text and all(name in text for name in NAMES)
    with open(tmp_path / "forms.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == list(COLUMNS)
    assert [float(row["megabytes"]) for row in table] == [row["megabytes"] for row in (first, *others)]


def test_compared_again_only_speeds_differ(made, best, exported, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert compare(made, best, [exported["int8_static.onnx"]], tmp_path / name) == 0
    speeds = {"images_per_second", "times"}
    one, two = (
        [{key: value for key, value in row.items() if key not in speeds} for row in compared(tmp_path / name)]
        for name in ("one", "two")
    )
    assert one == two


def test_val_is_scored_where_test_is_empty_and_an_undefined_score_is_none(best, exported, tmp_path):
    made = made_decoded.make(tmp_path / "made", counts={"val": 1})
    assert compare(made, best, [exported["float32.onnx"]], tmp_path) == 0
    assert json.loads((tmp_path / "forms.json").read_text())["split"] == "val"
    assert [row["roc_auc"] for row in compared(tmp_path)] == [None, None]
    assert all(math.isfinite(row["f1_macro"]) for row in compared(tmp_path))
    assert " - " in (tmp_path / "forms.txt").read_text()


def test_files_of_different_models_are_not_compared(made, exported, tmp_path, caplog):
    other = save(tmp_path / "best.pt", MODEL, 3.0, threshold=0.5)
    (tmp_path / "out").mkdir()
    assert compare(made, other, [exported["float32.onnx"]], tmp_path / "out") == 1
    assert "float32.onnx was not exported from" in caplog.text
    assert list((tmp_path / "out").iterdir()) == []
