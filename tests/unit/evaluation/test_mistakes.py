"""The most confident mistakes: which are chosen, and their contact sheets; explain.py and distort.py."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.ensemble import LARGE, write_ensemble, write_member
from made.networks import decided_state
from made.programs import run_program
from PIL import Image

from deepfake.checkpoints.best_pt import load_checkpoint, save_checkpoint
from deepfake.checkpoints.inference import probabilities
from deepfake.checkpoints.open_model import open_model
from deepfake.evaluation import mistakes
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.mistakes import (
    MAX_EXPLAINED,
    MAX_PER_VIDEO,
    MAX_SHOWN,
    MISTAKES,
    choose_explained,
    find_mistakes,
    gradcam_sheet,
    mistakes_sheet,
    overlay,
)
from deepfake.evaluation.predictions import PREDICTIONS, VIDEO_KEY, write_predictions
from deepfake.inputs.dataset_images import read_image_rows, read_images
from deepfake.inputs.pixels import fit
from deepfake.networks.build import build
from deepfake.networks.views import WHOLE, View
from deepfake.tables import METADATA

Given = list[tuple[str, int, float]]


def table(given: Given) -> pd.DataFrame:
    """A row for each (video, label, probability)."""
    rows = [
        {"image": f"test/{number:03}.jpg", "corpus": "c", "video": video, "label": label, "probability": p}
        for number, (video, label, p) in enumerate(given)
    ]
    return pd.DataFrame(rows, columns=PREDICTIONS).fillna(
        {"method": "", "target": "", "group": "", "person": ""}
    )


def colour(name: str) -> np.ndarray:
    return np.full((50, 80, 3), sum(name.encode()) % 200, np.uint8)


def test_the_farthest_come_first_and_a_probability_at_the_threshold_is_fake():
    found = find_mistakes(
        table([("a", 0, 0.7), ("b", 0, 0.69), ("c", 1, 0.2), ("d", 1, 0.7), ("e", 0, 0.9)]), 0.7
    )
    assert list(found.columns) == MISTAKES
    assert found["video"].tolist() == ["c", "e", "a"]
    assert found["predicted"].tolist() == [0, 1, 1]
    assert found["shown"].all()


def test_one_video_does_not_fill_the_sheet():
    found = find_mistakes(table([("long", 0, 0.99 - i / 100) for i in range(9)] + [("other", 0, 0.51)]), 0.5)
    assert len(found) == 10
    assert found[found["shown"]]["video"].tolist() == ["long"] * MAX_PER_VIDEO + ["other"]


one = st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 1), st.sampled_from([0, 0.2, 0.4, 0.5, 0.8, 1]))


@settings(deadline=None, max_examples=60)
@given(st.lists(one, max_size=60), st.sampled_from([0.1, 0.5, 0.8]))
def test_all_mistakes_are_listed_and_the_number_shown_is_limited(given, threshold):
    rows = table(given)
    found = find_mistakes(rows, threshold)
    wrong = rows[(rows["probability"] >= threshold) != (rows["label"] == 1)]
    assert set(found["image"]) == set(wrong["image"]) and len(found) == len(wrong)
    distance = (found["probability"] - threshold).abs()
    assert distance.is_monotonic_decreasing
    shown = found[found["shown"]]
    assert shown.groupby(VIDEO_KEY).size().max() <= MAX_PER_VIDEO if len(shown) else found.empty
    assert (shown.groupby("label").size() <= MAX_SHOWN).all()
    explained = choose_explained(rows, found, threshold)
    assert len(explained) <= MAX_EXPLAINED and explained["image"].is_unique
    right = explained["predicted"] == explained["label"]
    assert (explained[right]["label"] == 1).all()
    if right.any():
        assert (~right).sum() == len(shown), "every shown mistake goes before the first right one"


def test_explained_are_mistakes_of_alternating_classes_then_correct_fakes_of_many_videos():
    rows = table(
        [("a", 0, 0.9), ("b", 0, 0.8), ("c", 1, 0.1), ("d", 1, 1), ("d", 1, 0.99), ("e", 1, 0.6), ("f", 0, 0)]
    )
    explained = choose_explained(rows, find_mistakes(rows, 0.5), 0.5)
    assert explained["video"].tolist() == ["a", "c", "b", "d", "e", "d"]


def sheets(rows: pd.DataFrame) -> tuple[Image.Image, Image.Image]:
    found = find_mistakes(rows, 0.5)
    explained = choose_explained(rows, found, 0.5)
    heatmaps = np.zeros((len(explained), 50, 80), np.float32)
    images = [colour(name) for name in explained["image"]]
    return mistakes_sheet("title", rows, found, colour), gradcam_sheet("title", explained, images, heatmaps)


MANY = [(f"{video}", label, p) for video in range(30) for label, p in ((0, 0.9), (1, 0.2))]


def test_sheets_grow_in_height_and_keep_their_width():
    empty, few, many = (sheets(table(given)) for given in ([], MANY[:4], MANY))
    for number in (0, 1):
        widths = {pair[number].width for pair in (empty, few, many)}
        heights = [pair[number].height for pair in (empty, few, many)]
        assert len(widths) == 1 and heights == sorted(set(heights))
    assert [np.array_equal(*pair) for pair in zip(sheets(table(MANY)), many, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("given", "text"), [([], "No images to predict."), ([("a", 0, 0.1)], "No mistakes.")]
)
def test_the_sheet_says_that_there_are_no_mistakes(given, text, monkeypatch):
    texts = []
    monkeypatch.setattr(mistakes, "shorten", lambda text, *_: texts.append(text) or text)
    sheets(table(given))
    assert text in texts


def test_the_sheet_shows_counts_and_captions(monkeypatch):
    texts = []
    monkeypatch.setattr(mistakes, "shorten", lambda text, *_: texts.append(text) or text)
    sheets(table([*MANY, ("x", 0, 0.1)]))
    assert {"30 of 31 reals called fake, 12 shown", "30 of 30 fakes called real, 12 shown"} <= set(texts)
    assert {"real, called fake", "fake, called real", "fake: 0.900", "c/0"} <= set(texts)


def test_only_hot_regions_get_colour():
    image = np.full((4, 4, 3), (200, 100, 60), np.uint8)
    heat = np.zeros((4, 4), np.float32)
    heat[0, 0] = 1
    done = overlay(image, heat)
    assert done.dtype == np.uint8 and done.shape == image.shape
    assert done[0, 0].sum() > done[3, 3].sum() and done[0, 0, 0] > done[0, 0, 2]
    assert np.ptp(done[3, 3].astype(int)) < 10


@pytest.fixture
def work(tmp_path) -> Path:
    """A dataset of `val` alone, an untrained network, its predictions, and its thresholds."""
    rows = []
    for number in range(8):
        name = f"val/{['real', 'fake'][number % 2]}/{number}.png"
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (48, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        row = {"file_name": name, "label": str(number % 2), "corpus": "c", "video": f"v{number // 2}"}
        row |= {"split": "val", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        rows.append({**dict.fromkeys(METADATA, ""), **row})
    metadata = pd.DataFrame(rows, columns=METADATA)
    metadata.to_csv(tmp_path / "set" / "metadata.csv", index=False)
    found = metadata.rename(columns={"file_name": "image"}).astype({"label": "int64"})
    write_predictions(
        found.assign(probability=[0.9, 0.1, 0.6, 0.7, 0.2, 0.8, 0.3, 0.95]), tmp_path / "val.csv"
    )
    write_predictions(found.assign(probability=0.5)[:0], tmp_path / "test.csv")
    (tmp_path / "metrics.json").write_text(json.dumps({"threshold": {"frame": 0.5, "video": 0.5}}))
    built = build({"arch": "meso4", "weights": None, "image_size": 32}, 1)
    plain = {"threshold": 0.5, "training": {}, "dataset": {"name": "set", "sha256": "0" * 64}, "metrics": {}}
    save_checkpoint(tmp_path / "best.pt", built.spec, decided_state(built.detector.network), **plain)
    return tmp_path


@pytest.fixture(params=["network", "ensemble"])
def either(work, request) -> Path:
    """The same, and again with the network in an ensemble with one for larger images."""
    if request.param == "ensemble":
        members = [load_checkpoint(work / "best.pt"), load_checkpoint(write_member(work / "large.pt", LARGE))]
        write_ensemble(work / "best.pt", members, [0.5, 0.5], [WHOLE, View(flip=True)])
    return work


def common(work: Path) -> list[object]:
    return ["--dataset", work / "set", "--checkpoint", work / "best.pt", "--metrics", work / "metrics.json"]


def explain(work: Path) -> int:
    outputs = ["--output-mistakes", work / "m.png", "--output-gradcam", work / "g.png"]
    tables = ["--predictions", work / "test.csv", work / "val.csv", "--output-table", work / "m.csv"]
    return run_program("explain.py", *common(work), *tables, *outputs)


def test_without_a_test_split_val_is_explained(either, capsys):
    work = either
    assert explain(work) == 0
    table = pd.read_csv(work / "m.csv", dtype=str, keep_default_na=False)
    assert list(table.columns) == MISTAKES
    assert table["image"].tolist() == ["val/fake/1.png", "val/real/0.png", "val/real/2.png"]
    assert "3 mistakes in 8 images at threshold 0.500" in capsys.readouterr().out
    first = [(work / name).read_bytes() for name in ("m.png", "g.png")]
    with Image.open(work / "m.png") as sheet, Image.open(work / "g.png") as maps:
        assert sheet.width == maps.width > 6 * mistakes.TILE
    assert explain(work) == 0
    assert [(work / name).read_bytes() for name in ("m.png", "g.png")] == first


def test_no_images_at_all(work, capsys):
    (work / "val.csv").write_bytes((work / "test.csv").read_bytes())
    assert explain(work) == 0
    assert "0 mistakes in 0 images" in capsys.readouterr().out


def test_a_changed_image_is_an_error(work, caplog):
    Image.new("RGB", (9, 9)).save(work / "set/val/fake/1.png")
    assert explain(work) == 1
    assert "val/fake/1.png: its SHA-256 is not that of metadata.csv" in caplog.text
    assert not (work / "m.csv").exists()


def distort(work: Path, cfg: dict) -> int:
    outputs = ["--output", work / "r.csv", "--output-picture", work / "r.svg"]
    return run_program("distort.py", *common(work), *outputs, "--config", json.dumps(cfg))


def test_the_first_row_is_of_the_undistorted_images(either):
    work = either
    assert distort(work, {"jpeg": [50], "noise": [9], "brightness": [1], "seed": 3}) == 0
    table = pd.read_csv(work / "r.csv")
    assert table["distortion"].tolist() == ["none", "jpeg", "noise", "brightness"]
    assert table["split"].tolist() == ["val"] * 4 and table["images"].tolist() == [8] * 4
    rows = read_image_rows(work / "set")
    model = open_model(work / "best.pt")
    images = list(read_images(work / "set", rows))
    batch = [np.stack([fit(image, geometry) for image in images]) for geometry in model.geometries]
    found = probabilities(model.logits, [batch])
    expected = compute_metrics(rows["label"].to_numpy(), found, 0.5)
    for place in (0, 3):
        assert table["roc_auc"][place] == pytest.approx(expected["roc_auc"], abs=1e-5)
        assert table["f1_macro"][place] == pytest.approx(expected["f1_macro"], abs=1e-5)
    first = (work / "r.csv").read_bytes(), (work / "r.svg").read_bytes()
    assert distort(work, {"jpeg": [50], "noise": [9], "brightness": [1], "seed": 3}) == 0
    assert first == ((work / "r.csv").read_bytes(), (work / "r.svg").read_bytes())


def test_an_invalid_level_is_an_error(work, caplog):
    assert distort(work, {"jpeg": [500], "seed": 3}) == 1
    assert "jpeg: 500 is no level" in caplog.text


def test_an_invalid_or_missing_checkpoint_is_an_error(work, caplog):
    (work / "best.pt").write_text("text")
    assert distort(work, {"seed": 3}) == 1 and explain(work) == 1
    (work / "best.pt").unlink()
    assert distort(work, {"seed": 3}) == 1 and explain(work) == 1
    assert caplog.text.count("best.pt") >= 4


@pytest.mark.parametrize("content", [None, "{", "{}"], ids=["absent", "broken", "empty"])
def test_metrics_without_thresholds_are_an_error(work, caplog, content):
    (work / "metrics.json").unlink()
    if content:
        (work / "metrics.json").write_text(content)
    assert distort(work, {"seed": 3}) == 1 and explain(work) == 1
    assert caplog.text.count("metrics.json") == 2
    assert not (work / "r.csv").exists() and not (work / "m.csv").exists()


def test_missing_predictions_are_an_error(work, caplog):
    (work / "test.csv").unlink()
    assert explain(work) == 1
    assert "test.csv can't be read" in caplog.text and "run predict.py first" in caplog.text


def test_a_missing_dataset_is_an_error(work, caplog):
    (work / "set/metadata.csv").unlink()
    assert distort(work, {"seed": 3}) == 1 and explain(work) == 1
    assert caplog.text.count("metadata.csv: No such file") == 2
