"""Folders for the Hugging Face Hub: other libraries give best.pt's scores, and the Hub reads the card."""

import json

import huggingface_hub
import numpy as np
import pytest
import timm
import torch
import transformers
from made import huggingface as made_huggingface
from made import report as made_report
from made.decoded import MODEL
from made.models import KINDS, METADATA, save
from made.programs import run_program
from PIL import Image

from deepfake.checkpoints import hub_folder
from deepfake.checkpoints.hub_folder import two_outputs
from deepfake.checkpoints.open_model import open_model
from deepfake.evaluation.evaluate import evaluate
from deepfake.inputs.pixels import fit
from deepfake.submissions.hub_card import hub_card

pytestmark = pytest.mark.usefixtures("one_thread")

IMAGE = np.random.default_rng(3).integers(0, 256, (6, 5, 3), np.uint8).repeat(20, 0).repeat(20, 1)
"""Large coloured squares, 120 by 100 pixels."""


@pytest.fixture(scope="module")
def metrics() -> dict:
    splits = made_report.predictions("test", 2.0), made_report.predictions("val", 2.0)
    return evaluate(*splits, {"threshold": "f1_macro", "bootstrap": 100}, seed=1)


def share(checkpoint, folder, metrics: dict, code: int = 0):
    """Run share.py, which must exit with `code`, and return the folder of the model."""
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "plan.json").write_text(json.dumps({"images": 88, "known": {"originals": 22, "people": 0}}))
    options = ["--checkpoint", checkpoint, "--name", "mine", "--metrics", folder / "metrics.json"]
    options += ["--families", '{"made": "ffpp"}', "--plan-summary", folder / "plan.json", "--threads", 1]
    assert run_program("share.py", *options, "--output", folder / "shared") == code
    return folder / "shared"


def expected(checkpoint) -> float:
    """The probability of fake that best.pt gives for IMAGE."""
    model = open_model(checkpoint)
    probability = 1 / (1 + np.exp(-model.logits([np.stack([fit(IMAGE, g)]) for g in model.geometries])[0]))
    assert abs(probability - 0.5) > 0.01  # else a swap would go unnoticed
    return float(probability)


def by_pipeline(folder) -> dict[str, float]:
    """The probability of each label that transformers alone gives for IMAGE."""
    pipeline = transformers.pipeline("image-classification", model=str(folder))
    return {found["label"]: found["score"] for found in pipeline(Image.fromarray(IMAGE))}


def other_vit(folder, **options):
    """The best.pt of a ViT of transformers whose labels, size or head are others."""
    made_huggingface.vit(folder / "vit", **options.pop("vit", {}))
    return save(folder / "hf.pt", made_huggingface.section(folder / "vit", **options), 0.3)


@pytest.mark.parametrize("labels", [("Realism", "Deepfake"), ("Deepfake", "Realism")], ids=["1", "0"])
def test_transformers_gives_the_scores_of_best_pt_with_the_labels_real_and_fake(tmp_path, metrics, labels):
    checkpoint = other_vit(tmp_path, vit={"labels": labels}, head="keep")
    folder = share(checkpoint, tmp_path, metrics)
    found = by_pipeline(folder)
    assert found["fake"] == pytest.approx(expected(checkpoint), abs=1e-5)
    assert found["real"] == pytest.approx(1 - found["fake"], abs=1e-5)
    assert transformers.AutoConfig.from_pretrained(folder).id2label == {0: "real", 1: "fake"}


@pytest.mark.parametrize("arch", ["test_vit", "test_resnet"])
def test_timm_and_transformers_give_the_scores_of_a_network_of_timm(tmp_path, metrics, arch):
    checkpoint = save(tmp_path / "a.pt", MODEL | {"arch": f"timm/{arch}", "image_size": 96}, 0.1)
    folder = share(checkpoint, tmp_path, metrics)
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
    with torch.inference_mode():
        outputs = model(transform(Image.fromarray(IMAGE))[None])
    assert outputs[0, 0] == 0  # the logit of real: softmax is then the sigmoid of the other
    assert outputs.softmax(1)[0, 1] == pytest.approx(expected(checkpoint), abs=1e-5)
    found = by_pipeline(folder)
    assert found["fake"] == pytest.approx(expected(checkpoint), abs=1e-5) and set(found) == {"real", "fake"}


@pytest.mark.parametrize("kind", ["meso", "torchvision", "ensemble"])
def test_other_models_are_in_the_own_format(tmp_path, metrics, kind):
    checkpoint = KINDS[kind](tmp_path)
    folder = share(checkpoint, tmp_path, metrics)
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "SHA256SUMS",
        "detector.json",
        "model.safetensors",
    ]
    assert expected(folder / "model.safetensors") == expected(checkpoint)
    assert "--model model.safetensors" in (folder / "README.md").read_text()


def test_a_head_that_timm_lacks_makes_the_own_format(tmp_path, metrics):
    arch = {"arch": "timm/test_vit", "image_size": 64, "head_norm": "l2"}
    folder = share(save(tmp_path / "l2.pt", MODEL | arch), tmp_path, metrics)
    assert not (folder / "config.json").exists()


def test_the_hub_reads_the_card(tmp_path, metrics):
    folder = share(KINDS["timm"](tmp_path), tmp_path, metrics)
    card = huggingface_hub.ModelCard.load(folder / "README.md")
    data = card.data
    assert (data.license, data.pipeline_tag, data.library_name) == ("other", "image-classification", "timm")
    assert "deepfake-detection" in data.tags and data.metrics == ["f1", "roc_auc", "accuracy"]
    test = metrics["splits"]["test"]
    found = {result.metric_name: result.metric_value for result in data.eval_results}
    assert found["macro F1, images"] == test["frame"]["metrics"]["f1_macro"]["value"]
    assert found["ROC AUC, videos"] == test["video"]["metrics"]["roc_auc"]["value"]
    assert {(r.dataset_name, r.dataset_split) for r in data.eval_results} == {("made", "test")}
    for text in ("resized to 64×64 pixels (bicubic, by Pillow)", "(0.5, 0.5, 0.5)", '"count": 3'):
        assert text in card.text
    assert "- made: on request, for research and teaching without commerce" in card.text
    assert "people: unknown" in card.text
    detector = json.loads((folder / "detector.json").read_text())
    assert (detector["threshold"], detector["classes"]) == (0.0625, ["real", "fake"])
    assert detector["preprocessing"] == METADATA["preprocessing"]


def test_a_model_without_a_test_split_has_no_results_in_its_head(tmp_path, metrics):
    untested = metrics | {"splits": {**metrics["splits"], "test": None}}
    folder = share(KINDS["meso"](tmp_path), tmp_path, untested)
    assert huggingface_hub.ModelCard.load(folder / "README.md").data.eval_results is None


def test_names_of_a_foreign_model_stay_text(tmp_path, metrics):
    evil = 'x"\n---\n<script>alert(1)</script> \u202e'
    metadata = open_model(KINDS["meso"](tmp_path)).metadata
    metadata |= {"dataset": {"name": evil, "sha256": evil}}
    text = hub_card(evil, metadata, metrics, {}, {"images": 1, "known": {}})
    data = huggingface_hub.ModelCard(text).data
    assert data.license == "other" and data.pipeline_tag == "image-classification"
    assert text.count("\n---\n") == 1 and "\u202e" not in text


def test_a_folder_that_scores_otherwise_is_refused(tmp_path, metrics, monkeypatch, caplog):
    monkeypatch.setattr(hub_folder, "two_outputs", lambda state, names, fake: {
        key: value * 2 if key == "head.weight" else value
        for key, value in two_outputs(state, names, fake).items()
    })  # fmt: skip
    folder = share(KINDS["timm"](tmp_path), tmp_path, metrics, code=1)
    assert "its folder gives probabilities that differ by up to" in caplog.text and not folder.exists()


def test_two_outputs_keep_the_difference_of_logits():
    rng = torch.Generator().manual_seed(0)
    features = torch.randn(5, 7, generator=rng)
    for outputs, fake in ((1, 1), (2, 0), (2, 1)):
        state = {"head.weight": torch.randn(outputs, 7, generator=rng), "head.bias": torch.randn(outputs)}
        state["other.weight"] = torch.ones(1, 7)
        changed = two_outputs(state, ["head"], fake)
        own = features @ state["head.weight"].T + state["head.bias"]
        logit = own[:, 0] if outputs == 1 else own[:, fake] - own[:, 1 - fake]
        real, fakes = (features @ changed["head.weight"].T + changed["head.bias"]).T
        assert (
            torch.allclose(fakes - real, logit, atol=1e-5)
            and changed["other.weight"] is state["other.weight"]
        )
