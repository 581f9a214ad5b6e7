"""Sections detectors and generalisation: of what a run leaves behind to numbers, pictures and text."""

import json
import shutil
import sys

import cv2
import numpy as np
import pytest
from made import results_run
from made.results_run import facts, predictions
from results import detectors, generalisation, page
from results.model_facts import describe, training_time
from results.transfers import against_chance, by_method, compare_compressions

from deepfake.evaluation.predictions import write_predictions


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run, after both sections' programs."""
    root = tmp_path_factory.mktemp("run")
    results_run.write_run(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr(sys, "argv", ["program", "--data", "data", "--output", "results/measured"])
        assert detectors.main() == 0 and generalisation.main() == 0
    return root


def numbers(run, section: str) -> dict:
    return json.loads((run / f"results/measured/{section}.json").read_text(encoding="utf-8"))


def test_the_leader_table_is_sorted_and_says_what_each_model_is_and_took(run):
    found = numbers(run, "detectors")
    rows = {row["name"]: row for row in found["models"]}
    aucs = [row["auc"]["value"] for row in found["models"]]
    assert aucs == sorted(aucs, reverse=True) and set(rows) == set(results_run.SHARPNESS)
    report = json.loads((run / "results/reports/own/good/metrics.json").read_text())
    metrics = report["splits"]["test"]["video"]["metrics"]
    assert rows["good"]["f1"]["value"] == pytest.approx(metrics["f1_macro"]["value"], abs=1e-6)
    assert rows["good"]["tpr_low"]["interval"][1] == pytest.approx(
        metrics["tpr_at_fpr_0.01"]["high"], abs=1e-6
    )
    assert rows["good"]["seconds"] == {"wall": 70, "cpu": 100} and rows["twice"]["seconds"]["wall"] is None
    assert found["chance"] == ["guess"] and found["without_fakes"] == ["good"]
    assert found["absent"] == ["The model gone was not measured."]
    assert found["calibrated"]["before"]["name"] == "good" and found["mirrored"]["after"]["name"] == "twice"


def test_who_beats_whom_is_what_the_significance_says(run):
    found = numbers(run, "detectors")["differences"]
    assert found["pairs"] == 6
    assert found["auc"]["good"] == {"beats": ["guess"], "loses": [], "ties": ["twice", "scaled"]}
    assert sorted(found["auc"]["guess"]["loses"]) == ["good", "scaled", "twice"]
    assert found["decided"]["bootstrap"] == 3


def test_models_of_different_test_sets_are_an_error(run, tmp_path, monkeypatch):
    shutil.copytree(run, tmp_path / "run")
    results_run.write_model(tmp_path / "run", "guess", predictions(0, 1, people=9))
    monkeypatch.chdir(tmp_path / "run")
    monkeypatch.setattr(sys, "argv", ["program", "--data", "data", "--output", "results/measured"])
    with pytest.raises(SystemExit, match="had another test set than"):
        detectors.main()


def test_the_matrix_says_what_is_chance_and_what_is_too_little(run):
    found = numbers(run, "generalisation")
    assert [each["name"] for each in found["datasets"]] == [
        "own",
        "ffpp_c23",
        "ffpp_c23_at_40",
        "ffpp_c40",
        "stylegan",
    ]
    own = found["datasets"][0]
    assert (own["real"], own["fake"], own["units"], own["few"]) == (14, 24, 14, False)
    assert found["transfers"]["stylegan"]["above"] == ["good"]
    assert found["absent"] == ["The dataset lost was not tested."]
    assert [row["method"] for row in found["methods"]["good"]] == ["Deepfakes", "FaceSwap"]
    assert found["left_out"]["pairs"] == 1 and len(found["left_out"]["rows"]) == 2
    assert list(found["robustness"]) == list(results_run.SHARPNESS)


@pytest.mark.parametrize("name", ["detectors_auc", "generalisation_matrix", "generalisation_robustness"])
def test_pictures_are_drawn(run, name):
    image = cv2.imread(str(run / f"results/measured/{name}.png"))
    assert image.shape[1] > 600 and len(np.unique(image.reshape(-1, 3), axis=0)) > 20


def test_the_page_has_both_sections_without_open_ends(run):
    text = page.render(run / "results/measured", ".")
    assert "| `good` | EfficientNet-lite0, head alone, self-blended fakes alone, 64 px, 3 epochs |" in text
    assert "The intervals of `guess` reach chance" in text
    assert "are of one pair of people.**" in text
    assert "### The same clips at c23 and at c40" in text and "jpeg 70" in text
    assert "{{" not in text and "None" not in text and "nan" not in text


def test_the_page_leaves_out_what_was_not_measured(run, tmp_path):
    found = numbers(run, "generalisation")
    absent = dict.fromkeys(["methods", "compressions", "left_out"]) | {"robustness": {}, "absent": ["Gone."]}
    (tmp_path / "generalisation.json").write_text(json.dumps(found | absent))
    text = page.render(tmp_path, ".").partition("## Generalisation")[2].partition("\n## ")[0]
    assert "###" not in text and text.strip().endswith("Gone.")


def test_an_interrupted_training_has_the_time_of_its_epochs_and_no_cpu_time(tmp_path):
    results_run.write_model(tmp_path, "good", predictions(3, 1))
    (tmp_path / "benchmarks/train/own/good.tsv").write_text("s\tcpu_time\n31\t40\n")
    assert training_time(tmp_path, "own", "good", facts("good")) == {"wall": 60, "cpu": None}


def test_the_head_s_time_has_its_features(tmp_path):
    results_run.write_model(tmp_path, "good", predictions(3, 1))
    results_run.write_text(
        tmp_path / "benchmarks/features/own/tf_efficientnet_lite0-64-bicubic-12.tsv", "s\tcpu_time\n7\t8\n"
    )
    assert training_time(tmp_path, "own", "good", facts("good")) == {"wall": 77, "cpu": 108}


def test_models_are_described_by_what_they_learnt():
    assert describe(facts("guess")) == "Meso-4, weights Meso4_DF as they are, not trained"
    assert describe(facts("twice")) == "good; each image and its mirror image"
    blended = facts("good")
    blended["training"] |= {"weights": None, "epochs": 1}
    assert describe(blended) == ("EfficientNet-lite0, from scratch, self-blended fakes alone, 64 px, 1 epoch")


@pytest.mark.parametrize(
    ("interval", "expected"),
    [([0.51, 0.7], "above"), ([0.5, 0.7], "near"), ([0.2, 0.49], "below"), (None, None)],
)
def test_an_interval_is_above_near_or_below_chance(interval, expected):
    assert against_chance({"value": 0.5, "interval": interval}) == expected


def test_a_method_is_measured_with_all_reals_and_with_those_of_its_fakes(tmp_path):
    table = predictions(0.0, 1, people=3, actors=2)
    scores = {"youtube": 0.4, "actors": 0.9, "Deepfakes": 0.8, "FaceSwap": 0.1}
    table["probability"] = table["video"].str.split("_").str[0].map(scores)
    write_predictions(table, tmp_path / "p.csv")
    deepfakes, faceswap = by_method(tmp_path / "p.csv", threshold=0.5)
    assert (deepfakes["fake"], deepfakes["real"], deepfakes["own_real"]) == (3, 5, 3)
    assert deepfakes["auc"]["value"] == pytest.approx(3 / 5) and deepfakes["own_auc"]["value"] == 1
    assert deepfakes["false_alarms"] == pytest.approx(2 / 5)
    assert deepfakes["recall"] == 1 and faceswap["recall"] == 0 and faceswap["auc"]["value"] == 0


def test_the_same_clips_are_compared_at_both_compressions(tmp_path):
    first = predictions(0.0, 1, people=2, named="c23", actors=0).assign(probability=0.25)
    second = predictions(0.0, 1, people=3, named="c40", actors=0).assign(probability=0.25)
    second.loc[second["video"] == "FaceSwap_c40_001", "probability"] = 0.75
    for name, table in (("a", first), ("b", second)):
        write_predictions(table, tmp_path / f"{name}.csv")
    found = compare_compressions(tmp_path / "a.csv", tmp_path / "b.csv", 0.5)
    assert found["real"]["clips"] == 2 and found["fake"]["clips"] == 4  # the third person is in one only
    assert found["fake"]["called_fake"] == {"first": 0, "second": 1} and found["changed"] == 1
    assert found["largest"] == 0.5 and found["fake"]["mean"]["second"] == pytest.approx(0.375)
