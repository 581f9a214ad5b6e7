"""predict.py: the table that it writes, and the errors."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from made import decoded as made_decoded
from made.decoded import MODEL
from made.models import load_detector
from made.networks import decided_state
from made.programs import run_program

from deepfake.checkpoints import dataset_inference
from deepfake.checkpoints.best_pt import save_checkpoint
from deepfake.checkpoints.dataset_inference import predict_split
from deepfake.checkpoints.inference import in_batches, probabilities
from deepfake.checkpoints.torch_inference import logits_function
from deepfake.evaluation.predictions import ATTENTION, PREDICTIONS, read_predictions, resampling_unit
from deepfake.inputs.decoded import read_decoded
from deepfake.networks.build import build

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    counts = {"train": 4, "val": 9, "test": 150}
    return made_decoded.make(tmp_path_factory.mktemp("made"), counts=counts)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "best.pt"
    built = build(MODEL, 4)
    state, dataset = decided_state(built.detector.network), {"name": "made", "sha256": "0"}
    save_checkpoint(path, built.spec, state, threshold=0.5, training={}, dataset=dataset, metrics={})
    return path


def predict(made, checkpoint: Path, output: Path, split: str = "test", people: Path | None = None) -> int:
    args = ["--checkpoint", checkpoint, "--images", made.images, "--rows", made.rows, "--threads", 1]
    known = ["--people", people] if people else []
    return run_program("predict.py", *args, *known, "--split", split, "--output", output)


def test_people_are_those_of_the_plan(made, checkpoint, tmp_path):
    decoded = read_decoded(made.images, made.rows)
    videos = decoded.rows.iloc[decoded.split("test")]["video"].drop_duplicates().head(3)
    people = pd.DataFrame({"corpus": "made", "video": videos, "person": ["made/a", "made/a", "made/b"]})
    people.to_csv(tmp_path / "people.csv", index=False)
    output = tmp_path / "test.csv"
    assert predict(made, checkpoint, output, people=tmp_path / "people.csv") == 0
    table = read_predictions(output)
    shown = table.set_index("video")["person"]
    assert shown[list(videos)].tolist() == ["made/a", "made/a", "made/b"]
    assert (table["person"] != "").sum() == 3
    units = resampling_unit(table.assign(target=""))[table["person"] != ""]
    assert set(units) == {"person:made/a", "person:made/b"}


def test_probabilities_are_those_of_each_image_alone(made, checkpoint, tmp_path):
    assert predict(made, checkpoint, tmp_path / "test.csv") == 0
    table, decoded = read_predictions(tmp_path / "test.csv"), read_decoded(made.images, made.rows)
    rows = decoded.rows.iloc[decoded.split("test")].reset_index(drop=True)
    assert list(table) == PREDICTIONS and len(table) == 150
    rows = rows.sort_values("image", ignore_index=True)
    same = [name for name in PREDICTIONS if name not in ("person", "probability")]
    assert table[same].equals(rows[same]) and set(table["person"]) == {""}
    detector, _ = load_detector(checkpoint)
    by_name = dict(zip(table["image"], table["probability"], strict=True))
    for number in decoded.split("test")[[0, 1, 63, 64, 149]]:
        image = torch.from_numpy(decoded.take(np.array([number]))).permute(0, 3, 1, 2)
        with torch.inference_mode():
            alone = detector(image).sigmoid().item()
        assert by_name[decoded.rows["image"][number]] == pytest.approx(alone, abs=1e-6)


def test_a_model_of_sets_of_frames_has_the_attention_of_each_image(made, tmp_path):
    built = build(MODEL | {"arch": "timm/test_resnet", "frames": 2}, 4)
    settings = {"threshold": 0.5, "training": {}, "dataset": {"name": "made", "sha256": "0"}, "metrics": {}}
    save_checkpoint(tmp_path / "best.pt", built.spec, built.detector.network.state_dict(), **settings)
    assert predict(made, tmp_path / "best.pt", tmp_path / "val.csv", "val") == 0
    table, decoded = read_predictions(tmp_path / "val.csv"), read_decoded(made.images, made.rows)
    images = torch.from_numpy(decoded.take(decoded.split("val"))).permute(0, 3, 1, 2)
    with torch.inference_mode():
        outputs = load_detector(tmp_path / "best.pt")[0](images, whole=True)
    order = decoded.rows["image"].iloc[decoded.split("val")].argsort().tolist()
    assert np.allclose(table[ATTENTION], outputs.attention[order], atol=1e-5)
    assert np.allclose(table["probability"], outputs.logits[order].sigmoid(), atol=1e-6)
    assert len(set(table[ATTENTION])) == len(table)


def test_the_table_has_the_same_bytes_each_time(made, checkpoint, tmp_path):
    for name in ("one.csv", "two.csv"):
        assert predict(made, checkpoint, tmp_path / name) == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_a_split_without_images_gives_a_table_without_rows(checkpoint, tmp_path):
    made = made_decoded.make(tmp_path / "made", counts={"train": 2, "val": 2})
    assert predict(made, checkpoint, tmp_path / "test.csv") == 0
    assert (tmp_path / "test.csv").read_text() == ",".join([*PREDICTIONS, ATTENTION]) + "\n"


def test_an_error_is_one_line_and_leaves_no_table(made, checkpoint, tmp_path, caplog):
    (tmp_path / "half.pt").write_bytes(checkpoint.read_bytes()[:2000])
    (tmp_path / "half.npy").write_bytes(made.images.read_bytes()[:2000])
    (tmp_path / "half.csv").write_text("image,label\n")
    larger = made_decoded.make(tmp_path / "larger", size=64, counts={"test": 2})
    half = made_decoded.DecodedFiles(tmp_path / "half.npy", made.rows, made.plan_summary)
    wrong_table = made_decoded.DecodedFiles(made.images, tmp_path / "half.csv", made.plan_summary)
    for message, images, weights in (
        ("there is no .*nowhere.pt", made, tmp_path / "nowhere.pt"),
        ("half.pt is no file of torch.save", made, tmp_path / "half.pt"),
        ("half.npy can't be read", half, checkpoint),
        ("half.csv can't be read", wrong_table, checkpoint),
        ("images.npy holds images of 64×64 pixels, and the network takes 32×32", larger, checkpoint),
    ):
        caplog.clear()
        assert predict(images, weights, tmp_path / "out/test.csv") == 1
        lines = [record.getMessage() for record in caplog.records]
        assert len(lines) == 1 and re.search(message, lines[0]) and "\n" not in lines[0]
    assert not (tmp_path / "out").exists()


def test_the_batch_size_hardly_matters(made, checkpoint, monkeypatch):
    detector, decoded = load_detector(checkpoint)[0], read_decoded(made.images, made.rows)
    one = predict_split(logits_function(detector), [decoded], "test")
    monkeypatch.setattr(dataset_inference, "BATCH", 7)
    two = predict_split(logits_function(detector), [decoded], "test")
    assert one.shape == (150,) and one.dtype == np.float32 and len(set(one.tolist())) > 100
    assert np.allclose(one, two, atol=1e-6)
    assert len(predict_split(logits_function(detector), [decoded], "nowhere")) == 0


def test_images_are_stacked_in_batches(made, checkpoint):
    images = read_decoded(made.images, made.rows).images[:5]
    alone = [[image] for image in images]
    assert [part.shape for (part,) in in_batches(iter(alone), 2)] == [
        (2, 32, 32, 3),
        (2, 32, 32, 3),
        (1, 32, 32, 3),
    ]
    detector = load_detector(checkpoint)[0].train()
    one = probabilities(logits_function(detector), in_batches(alone, 2))
    assert not detector.training
    assert np.allclose(one, probabilities(logits_function(detector), [[np.asarray(images)]]), atol=1e-6)


def test_the_table_is_sorted_by_image(made, checkpoint, tmp_path):
    assert predict(made, checkpoint, tmp_path / "val.csv", "val") == 0
    assert pd.read_csv(tmp_path / "val.csv")["image"].is_monotonic_increasing
