"""From small images to detectors and reports, by the commands that a user types, with the real steps."""

import json
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from conftest import DATA, ONE_THREAD, Project, copy_project, write_stills
from made.models import load_detector
from PIL import Image

from deepfake import tables

BEST = "results/model/best.pt"
MODELS = ("tiny", "raw", "pair", "fixed")
ZOO = """
shard_size: 1
corpora: {mine: {layout: imagefolder, folder: mine, faces: {detector: none, size: 64}}}
datasets: {dataset_2gb: {corpora: [mine], splits: {train: 0.6, val: 0.4, test: 0}, people: {by: names}}}
models:
  vit: {arch: hf/vit, head: keep, epochs: 1, batch_size: 8}
  mobile: {arch: torchvision/mobilenet_v3_small, image_size: 64, epochs: 1, batch_size: 8}
  small: {arch: timm/test_resnet, image_size: 64, epochs: 1, batch_size: 8}
  theirs: {arch: meso4, weights: Meso4_DF.h5, epochs: 0}
  odd: {arch: torchvision/resnet81, image_size: 64, epochs: 1}
  gone: {arch: meso4, weights: gone.pt, image_size: 64, epochs: 1}
train: {models: []}
evaluate: {bootstrap: 100, robustness: {jpeg: [50], blur: [], noise: [], resize: [], brightness: []}}
"""


def load(path: Path) -> dict:
    return torch.load(path, weights_only=True)


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def test_best_pt_has_everything_needed_to_use_it(modelled):
    found = load(modelled / "results/models/dataset_2gb/tiny/best.pt")
    kept = read(modelled / "results/plans/dataset_2gb.json")
    assert {"state", "classes", "threshold", "versions", "metrics", "mean", "std"} <= found.keys()
    assert found["network"]["arch"] == "meso4" and found["classes"] == ["real", "fake"]
    assert found["geometry"]["size"] == 64
    assert found["training"]["augment"] == "off"  # which YAML reads as false
    assert found["training"]["epochs"] == 4
    assert found["dataset"] == {"name": "dataset_2gb", "sha256": kept["sha256"], "images": kept["images"]}
    assert found["metrics"]["val"]["f1_macro"] >= 0.9, "fakes are redder, and that wasn't learnt"
    assert 0 < found["threshold"] < 1 and 0 < found["video_threshold"] < 1
    ready = found["preprocessing"]
    assert ready["shows"] == "faces" and ready["default"] in ready["corpora"].keys() == {"base", "mine"}
    crops = {"detector": "none", "size": 64, "format": "jpg", "quality": 95}
    assert ready["corpora"]["base"]["faces"] == crops
    detector, _ = load_detector(modelled / "results/models/dataset_2gb/tiny/best.pt")
    assert detector(torch.zeros(2, 3, 64, 64)).shape[0] == 2


def test_an_ensemble_is_the_weighted_mean_of_its_models_views(modelled):
    """For images that are their own mirror image, so that all views are equal."""
    paths = {m: modelled / f"results/models/dataset_2gb/{m}/best.pt" for m in MODELS}
    pair, facts = load_detector(paths["pair"])
    size = {m: load(paths[m])["geometry"]["size"] for m in ("tiny", "raw")}
    images = {m: torch.rand(3, 3, s, s) for m, s in size.items()}
    images = {m: (image + image.flip(-1)) / 2 for m, image in images.items()}
    members = facts["training"]["members"]
    with torch.inference_mode():
        wanted = sum(members[m]["weight"] * load_detector(paths[m])[0](images[m]) for m in images)
        found = pair(*images.values())
    assert size["tiny"] != size["raw"] and members["tiny"]["weight"] > members["raw"]["weight"] > 0
    assert torch.allclose(found, wanted / facts["temperature"], atol=1e-5)


def test_best_pt_has_the_thresholds_of_the_report(modelled):
    """Of evaluate.threshold, here `eer`, or of the ensemble's own."""
    for model in MODELS:
        best = load(modelled / f"results/models/dataset_2gb/{model}/best.pt")
        threshold = read(modelled / f"results/reports/dataset_2gb/{model}/metrics.json")["threshold"]
        assert (best["threshold"], best["video_threshold"]) == (threshold["frame"], threshold["video"]), model
        assert (threshold["how"], threshold["from"]) == (
            (0.3, "config") if model == "fixed" else ("eer", "val")
        )


def test_the_default_targets_write_everything_that_is_promised(modelled):
    folder = modelled / "results/reports/dataset_2gb/tiny"
    plots = "roc precision_recall confusion calibration histogram robustness".split()
    names = {f"{plot}.svg" for plot in plots} | {"metrics.json", "metrics.csv", "metrics.txt"}
    assert names | {"mistakes.png", "gradcam.png"} <= {path.name for path in folder.iterdir()}
    trained = {path.name for path in (modelled / "results/models/dataset_2gb/tiny").iterdir()}
    assert {"history.csv", "history.json", "curves.svg", "checkpoints", "tensorboard"} <= trained
    assert not list((modelled / "results/training").rglob("*.*")), "a finished run is left over"
    history = read(modelled / "results/models/dataset_2gb/tiny/history.json")
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]


def test_all_models_are_compared_with_each_other_on_the_test_videos(modelled):
    found = read(modelled / "results/report/significance.json")
    assert [(pair["model"], pair["other"]) for pair in found["pairs"]] == list(combinations(MODELS, 2))
    for model in found["models"]:
        metrics = read(modelled / f"results/reports/dataset_2gb/{model['model']}/metrics.json")
        video = metrics["splits"]["test"]["video"]
        assert (found["real"], found["fake"]) == (video["real"], video["fake"])
        for score in ("f1_macro", "roc_auc"):
            assert model[score] == pytest.approx(video["metrics"][score]["value"], abs=1e-8)
    page = (modelled / "results/report/index.html").read_text(encoding="utf-8")
    assert "Which model is better" in page


def test_the_best_model_on_the_validation_set_is_chosen(modelled):
    facts = {m: read(modelled / f"results/models/dataset_2gb/{m}/facts.json") for m in MODELS}
    scores = {model: found["metrics"]["val"]["f1_macro"] for model, found in facts.items()}
    assert scores["tiny"] != scores["raw"]
    losses = {model: found["metrics"]["val"]["log_loss"] for model, found in facts.items()}
    best = min(scores, key=lambda model: (-scores[model], losses[model], model))
    choice = read(modelled / "results/model/choice.json")
    assert choice["chosen"] == best
    assert {one["model"]: one["f1_macro"] for one in choice["candidates"]} == scores
    own = modelled / f"results/models/dataset_2gb/{best}/best.pt"
    assert (modelled / BEST).read_bytes() == own.read_bytes()


def test_each_image_of_a_split_has_a_prediction(modelled):
    rows = tables.read_rows(modelled / "results/dataset_2gb/metadata.csv")
    for split in ("val", "test"):
        found = tables.read_rows(modelled / f"results/predictions/dataset_2gb/tiny/{split}.csv")
        wanted = {row["file_name"]: row["label"] for row in rows if row["file_name"].startswith(split)}
        assert {row["image"]: row["label"] for row in found} == wanted
        assert all(0 <= float(row["probability"]) <= 1 for row in found)


def test_a_model_is_tested_on_what_it_has_not_seen_of_another_dataset(modelled):
    rows = {d: tables.read_rows(modelled / f"results/{d}/metadata.csv") for d in ("dataset_2gb", "other")}
    cross = {
        (row["trained"], row["tested"]): row
        for row in tables.read_rows(modelled / "results/report/cross.csv")
    }
    assert cross.keys() == {(a, b) for a in rows for b in rows}
    for (trained, tested), row in cross.items():
        known = {r["group"] for r in rows[trained] if not r["file_name"].startswith("test/")}
        test = [r for r in rows[tested] if r["file_name"].startswith("test/")]
        seen = [r for r in test if r["group"] in known]
        assert (len(seen) > 0) == (trained != tested)
        assert (int(row["images"]), int(row["left_out"])) == (len(test) - len(seen), len(seen))
        assert row["video_f1_macro"], "both classes should be left"


@pytest.fixture(scope="module")
def zoo(tmp_path_factory) -> Project:
    """A project with one audited dataset without a test set; nothing is trained yet."""
    project = copy_project(tmp_path_factory.mktemp("zoo") / "project")
    write_stills(project / "mine", range(20))
    made = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=8,
        id2label={0: "Deepfake", 1: "Realism"},
        label2id={"Deepfake": 0, "Realism": 1},
    )
    torch.manual_seed(0)
    transformers.ViTForImageClassification(made).save_pretrained(project / "vit")
    processor = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}
    (project / "vit/preprocessor_config.json").write_text(json.dumps(processor))
    done = run(project, models=[])
    assert done == {"index": 1, "faces": 1, "plan": 1, "dataset": 1, "audit": 1, "attrition": 1, "all": 1}
    return project


def run(project: Project, *args: str, models: list[str]) -> Counter:
    """Run with `models` in train.models, and return the number of executed jobs by rule."""
    text = ZOO.replace("train: {models: []}", f"train: {{models: [{', '.join(models)}]}}")
    options = ["--configfile", project.configure(text), "--set-threads", *ONE_THREAD]
    return project.run(*args, *options).jobs


def test_networks_of_the_libraries_are_trained(zoo):
    assert run(zoo, BEST, models=["vit", "mobile", "small"]) == {
        "decode": 3,
        "train": 3,
        "finish": 3,
        "choose": 1,
    }
    for model in ("vit", "mobile", "small"):
        found = load(zoo / f"results/models/dataset_2gb/{model}/best.pt")
        assert found["dataset"]["name"] == "dataset_2gb" and found["metrics"]["epoch"] == 1
        load_detector(zoo / f"results/models/dataset_2gb/{model}/best.pt")


def test_a_baseline_keeps_its_labels_and_is_saved_back(zoo):
    """transformers itself, with the saved folder, predicts what the workflow predicts."""
    name = "dataset_2gb/vit"
    run(zoo, f"results/predictions/{name}/val.csv", models=["vit"])
    folder = zoo / f"results/models/{name}/checkpoints/hf_best"
    network = transformers.ViTForImageClassification.from_pretrained(folder).eval()
    assert network.config.id2label == {0: "Deepfake", 1: "Realism"}
    processor = transformers.ViTImageProcessorPil.from_pretrained(folder)
    rows = tables.read_rows(zoo / f"results/predictions/{name}/val.csv")
    assert {row["label"] for row in rows} == {"0", "1"}
    images = [Image.open(zoo / "results/dataset_2gb" / row["image"]).convert("RGB") for row in rows]
    with torch.inference_mode():
        logits = network(**processor(images, return_tensors="pt")).logits
    found = [float(row["probability"]) for row in rows]
    assert np.ptp(found) > 0.001
    np.testing.assert_allclose(found, logits.softmax(1)[:, 0], atol=1e-4)


def test_published_weights_are_evaluated_without_training_and_without_a_test_set(zoo):
    weights = DATA / "mesonet/Meso4_DF.h5"
    if not weights.is_file():
        pytest.skip(f"no weights of MesoNet's authors: {weights} doesn't exist (set DEEPFAKE_TEST_DATA)")
    (zoo / weights.name).write_bytes(weights.read_bytes())
    run(zoo, models=["theirs"])
    found = read(zoo / "results/models/dataset_2gb/theirs/facts.json")
    assert found["geometry"]["size"] == 256 and found["training"]["weights"] == weights.name
    assert read(zoo / "results/models/dataset_2gb/theirs/history.json") == []
    assert tables.read_rows(zoo / "results/predictions/dataset_2gb/theirs/test.csv") == []
    page = (zoo / "results/report/index.html").read_text(encoding="utf-8")
    assert "This dataset has no test set: the scores are of the validation set" in " ".join(page.split())


def test_errors_of_a_model_are_in_its_log_or_end_the_run_at_its_start(zoo):
    options = ["--set-threads", *ONE_THREAD]
    zoo.configure(ZOO.replace("models: []", "models: [odd]"))
    done = zoo.run(BEST, "--keep-going", "--configfile", "mine.yaml", *options, check=False)
    assert done.code != 0 and "choose" not in done.rules
    log = (zoo / "logs/train/dataset_2gb/odd.log").read_text()
    assert "torchvision has no classifier 'resnet81'; did you mean" in log and "resnet18" in log
    assert "Traceback" not in log
    assert log.strip() in done.text, "the log of odd isn't shown"
    zoo.configure(ZOO.replace("models: []", "models: [gone]"))
    done = zoo.run(BEST, "--configfile", "mine.yaml", *options, check=False)
    assert done.code != 0 and not done.jobs and "Traceback" not in done.text
    assert "models.gone.weights: gone.pt doesn't exist" in done.text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("train: {models: [nobody]}", ["train.models", "nobody", "write some of meso4"]),
        ("train: {dataset: nothing}", ["train.dataset", "nothing", "write some of dataset_2gb"]),
        ("evaluate: {cross: {models: [meso4]}}", ["evaluate.cross", "name some of both, or none"]),
        ("models: {vit: {arch: hf/baselines}}", ["models.vit", "baselines doesn't exist", "save_pretrained"]),
        ("models: {x: {arch: resnet18}}", ["models.x.arch", "'resnet18'", "timm/<name>"]),
        ("models: {x: {arch: meso4, epochs: -1}}", ["models.x.epochs", "-1", "whole number from 0"]),
        ("models: {x: {arch: meso4, augment: weak}}", ["models.x.augment", "'weak'", "off | light | strong"]),
    ],
    ids=["model", "dataset", "cross", "folder", "arch", "epochs", "augment"],
)
def test_a_bad_config_is_named(project, settings, words):
    done = project.run("-n", "--configfile", project.configure(settings), check=False)
    assert done.code != 0
    for word in words:
        assert word in done.text
    assert "Traceback" not in done.text
