"""The promise of docs/reruns.md for models and reports, checked row by row on the real workflow.

Rules, config, checkpoints and all steps up to the dataset and its audit are the real ones. The steps of
models and reports take seconds each, so stand-ins derive their outputs from their inputs, and write records.
"""

import json
import shutil
import sys
from collections import Counter

import pytest
from conftest import Project, copy_project, write_stills

from deepfake import tables

CONFIG = """
shard_size: 1
corpora: {mine: {layout: imagefolder, folder: mine, faces: {detector: none, size: 64}}}
datasets:
  small: {corpora: [mine], splits: {train: 0.6, val: 0.2, test: 0.2}}
  other: {corpora: [mine], splits: {train: 0.4, val: 0.2, test: 0.4}}
models:
  a: {arch: meso4, image_size: 64, epochs: 2, lr: 0.01, patience: null}
  b: {arch: mesoinception4, image_size: 64, epochs: 2, weights: weights.pt}
  c: {arch: meso4, image_size: 64, epochs: 3}
train: {dataset: small, models: [a, b]}
"""
TARGETS = ["results/model/best.pt", "results/report/index.html"]
PLANNED = {"plan": 1, "dataset": 1, "audit": 1, "attrition": 1}
DATA = {"index": 1, "faces": 1, **PLANNED}
EVALUATED = {"evaluate": 1, "distort": 1, "explain": 1}  # of one model
TRAINED = {"train": 1, "finish": 1, "predict": 2, **EVALUATED}
PAGE = {"summarise": 1}
COMPARED = {"significance": 1, **PAGE}  # the models with each other; only where there are several
ALL = {"choose": 1, **COMPARED}
STAND_IN = """#!{python} -ES
import hashlib, json, os, sys
script, args = os.path.basename(sys.argv[1]), sys.argv[2:]
if script not in {steps}:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
sys.path.insert(0, os.path.dirname(sys.argv[1]))
from deepfake import provenance
option = provenance.option_of(args)
args = args[: args.index("--record")]
given = dict(zip(args, args[1:]))
outputs = [flag for flag in given if flag.startswith("--output") or flag in {plots}]
text = repr(args).encode() + b"".join(open(name, "rb").read() for name in args if os.path.isfile(name))
with provenance.recorded(option):
    for flag in outputs:
        names = [given[flag]]
        if script == "train.py":
            names = [names[0] + "/" + name for name in {trained}]
        for name in names:
            os.makedirs(os.path.dirname(name), exist_ok=True)
            content = hashlib.sha256(text).hexdigest()
            if name.endswith("weights.json"):
                content = given["--config"]
            elif name.endswith("facts.json"):
                content = open(given["--facts"]).read()
            open(name, "w").write(content)
            if os.path.basename(name) == "kept":
                os.remove(name)
"""
STEPS = "decode features landmarks train combine finish choose predict evaluate significance".split()
STEPS += "compare distort explain summarise convert weigh package".split()
PLOTS = "--roc --precision-recall --confusion --calibration --histogram".split()
FILES = "weights.pt weights.json val.csv history.json history.csv curves.svg".split()
FILES += ["checkpoints/kept", "tensorboard/kept"]


class Quick(Project):
    """A project in which `python` runs stand-ins for the steps of models and reports."""

    def environment(self, preloaded: bool = True) -> dict[str, str]:
        found = super().environment(preloaded)
        return {**found, "PATH": f"{self.folder / 'bin'}:{found['PATH']}"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Quick:
    project = Quick(copy_project(tmp_path_factory.mktemp("finished") / "project").folder)
    (project / "bin").mkdir()
    steps = [f"{step}.py" for step in STEPS]
    text = STAND_IN.format(python=sys.executable, steps=steps, plots=PLOTS, trained=FILES)
    (project / "bin/python").write_text(text)
    (project / "bin/python").chmod(0o755)
    (project / "weights.pt").write_bytes(b"weights")
    write_stills(project / "mine", range(20))
    project.configure(CONFIG)
    assert run(project) == DATA | {"decode": 1} | twice(TRAINED) | ALL
    return project


@pytest.fixture
def settled(finished, tmp_path) -> Quick:
    shutil.copytree(finished.folder, tmp_path / "project", symlinks=True)
    return Quick(tmp_path / "project")


def times(factor: int, jobs: dict[str, int]) -> dict[str, int]:
    return {rule: factor * number for rule, number in jobs.items()}


def twice(jobs: dict[str, int]) -> dict[str, int]:
    return times(2, jobs)


def run(project: Project, *models: str) -> Counter:
    """Run, and return the number of executed jobs by rule; a second run must execute none.

    If `models` are given, exactly their jobs must have run.
    """
    done = project.run(*TARGETS, "--configfile", "mine.yaml")
    if done.jobs:
        again = project.run(*TARGETS, "--configfile", "mine.yaml")
        assert not again.jobs, again.text
    if models:
        lines = [line for line in done.text.splitlines() if line.strip().startswith("wildcards:")]
        assert {line.rpartition("model=")[2].split(",")[0] for line in lines if "model=" in line} == {*models}
    return done.jobs


def reconfigure(project: Project, old: str, new: str) -> None:
    text = (project / "mine.yaml").read_text()
    assert old in text
    project.configure(text.replace(old, new))


def add(project: Project, text: str) -> None:
    project.configure((project / "mine.yaml").read_text() + text)


def edit(project: Project, file: str) -> None:
    path = project / f"scripts/{file}"
    path.write_text(path.read_text() + "\nEDITED = True\n")


def test_touching_results_and_code_runs_nothing(settled):
    """Except the time stamps that Snakemake keeps in folders."""
    for top in ("results", "scripts"):
        for path in (settled / top).rglob("[!.]*"):
            path.touch()
    assert run(settled) == {}


def test_settings_of_a_model_train_that_model(settled):
    reconfigure(settled, "lr: 0.01", "lr: 0.02")
    assert run(settled, "a") == TRAINED | ALL
    reconfigure(settled, "lr: 0.02", "lr: 0.02, augment: off")
    assert run(settled, "a") == TRAINED | ALL
    reconfigure(settled, "augment: off", "self_blend: 0.5, self_blend_landmarks: five")
    assert run(settled, "a") == {"landmarks": 1} | TRAINED | ALL
    reconfigure(settled, "landmarks: five", "landmarks: five, self_blend_source: neighbour")
    assert run(settled, "a") == TRAINED | ALL


def test_writing_out_a_default_runs_nothing(settled):
    reconfigure(settled, "lr: 0.01", "lr: 0.01, warmup: null")
    assert run(settled) == {}


def test_a_logger_runs_nothing(settled):
    reconfigure(settled, "models: [a, b]}", "models: [a, b], logger: mlflow}")
    assert run(settled) == {}


def test_an_image_size_decodes_for_that_model(settled):
    reconfigure(settled, "arch: meso4, image_size: 64, epochs: 2", "arch: meso4, image_size: 48, epochs: 2")
    assert run(settled, "a") == {"decode": 1} | TRAINED | ALL


def test_heads_on_the_same_network_share_its_features(settled):
    head = "arch: torchvision/resnet18, image_size: 64, weights: weights.pt, tune: head"
    reconfigure(
        settled, "  c: {", f"  d: {{{head}}}\n  e: {{{head}, lr: 0.1, label_smoothing: 0.1}}\n  c: {{"
    )
    reconfigure(settled, "models: [a, b]", "models: [a, b, d, e]")
    assert run(settled, "d", "e") == {"features": 1} | twice(TRAINED) | ALL
    reconfigure(settled, "lr: 0.1", "lr: 0.2")
    assert run(settled, "e") == TRAINED | ALL
    reconfigure(settled, "lr: 0.2", "lr: 0.2, feature_views: 2")
    assert run(settled, "e") == {"features": 1} | TRAINED | ALL
    (settled / "weights.pt").write_bytes(b"weighty")
    assert run(settled, "b", "d", "e") == {"features": 2} | times(3, TRAINED) | ALL


def test_only_an_added_model_is_trained(settled):
    reconfigure(settled, "models: [a, b]", "models: [a, b, c]")
    assert run(settled, "c") == TRAINED | ALL


def test_a_removed_model_trains_nothing(settled):
    reconfigure(settled, "models: [a, b]", "models: [a]")
    assert run(settled) == {"choose": 1} | PAGE


def test_an_ensemble_trains_nothing(settled):
    combined = {"combine": 1, "finish": 1, "predict": 2, **EVALUATED}
    reconfigure(settled, "models: [a, b]", "models: [a, b, both]")
    add(settled, "ensembles: {both: {models: [a, b], weighted: equally}}\n")
    assert run(settled, "both") == combined | ALL
    reconfigure(settled, "weighted: equally", "calibrate: true")
    assert run(settled, "both") == combined | ALL
    reconfigure(settled, "calibrate: true", "calibrate: true, threshold: 0.4")
    assert run(settled, "both") == {"finish": 1, **EVALUATED} | ALL
    reconfigure(settled, "lr: 0.01", "lr: 0.02")
    assert run(settled, "a", "both") == Counter(TRAINED) + Counter(combined) + Counter(ALL)


def test_exported_models_follow_their_model(settled):
    def run(*targets: str) -> Counter:
        return settled.run(*targets, "--configfile", "mine.yaml").jobs

    weighed, packed = "results/forms/small/a/forms.txt", "results/submissions/small/a/package.zip"
    assert run(weighed, packed) == {"convert": 4, "weigh": 1, "package": 1}
    add(settled, "forms: {calibration: 50}\n")
    assert run(weighed, packed) == {"convert": 1, "weigh": 1}
    add(settled, "submissions: {package: {form: int8_static.onnx}}\n")
    assert run(weighed, packed) == {"package": 1}
    assert run(weighed, packed) == {}
    reconfigure(settled, "lr: 0.01", "lr: 0.02")
    assert run(packed) == {
        "train": 1,
        "finish": 1,
        "convert": 1,
        "predict": 2,
        "evaluate": 1,
        "package": 1,
    }


def test_settings_of_evaluation_predict_nothing(settled):
    add(settled, "evaluate: {bootstrap: 200}\n")
    assert run(settled, "a", "b") == twice(EVALUATED) | COMPARED
    reconfigure(settled, "bootstrap: 200", "bootstrap: 200, threshold: eer")
    assert run(settled, "a", "b") == twice({"finish": 1, **EVALUATED}) | ALL


def test_distortions_run_only_robustness(settled):
    add(settled, "evaluate: {robustness: {jpeg: [40]}}\n")
    assert run(settled, "a", "b") == {"distort": 2} | PAGE


def test_a_comparison_runs_what_it_needs(settled):
    add(settled, "evaluate: {cross: {models: [a], datasets: [small, other]}}\n")
    needs = {
        "plan": 1,
        "dataset": 1,
        "audit": 1,
        "decode": 1,
        "train": 1,
        "finish": 1,
        "predict": 4,
        "evaluate": 1,
    }
    assert run(settled, "a") == needs | {"compare": 1} | PAGE
    reconfigure(settled, "models: [a], datasets", "models: [a, b], datasets")
    assert (
        run(settled, "b")
        == {
            "train": 1,
            "finish": 1,
            "predict": 4,
            "evaluate": 1,
            "compare": 1,
        }
        | PAGE
    )
    reconfigure(settled, "models: [a, b], datasets: [small, other]", "models: [], datasets: []")
    assert run(settled) == PAGE


def test_weights_are_compared_by_their_bytes(settled):
    (settled / "weights.pt").touch()
    assert run(settled) == {}
    (settled / "weights.pt").write_bytes(b"weighty")
    assert run(settled, "b") == TRAINED | ALL


def test_an_added_image_trains_again(settled):
    write_stills(settled / "mine", range(20, 22))
    assert run(settled, "a", "b") == DATA | {"decode": 1} | twice(TRAINED) | ALL


def test_a_plan_that_keeps_the_same_images_trains_nothing(settled):
    """An unreadable image is left out, which changes only the account of losses."""
    (settled / "mine/real/p000/9.png").write_bytes(b"nothing")
    assert run(settled) == {"index": 1, "faces": 1, "plan": 1, "attrition": 1} | PAGE


def test_settings_of_dataset_and_model_changed_together_both_reach_training(settled):
    """Snakemake must notice changed settings of a job that waits for a checkpoint."""
    reconfigure(
        settled, "small: {corpora: [mine],", "small: {corpora: [mine], duplicates: null, size_mb: 0.2,"
    )
    reconfigure(settled, "lr: 0.01", "lr: 0.03")
    assert run(settled, "a", "b") == PLANNED | {"decode": 1} | twice(TRAINED) | ALL
    assert json.loads((settled / "results/models/small/a/facts.json").read_text())["lr"] == 0.03


def test_settings_of_a_model_reach_training_in_the_run_in_which_index_and_plan_run(settled):
    """The same images are kept, so only its own settings make the model stale."""
    (settled / "mine/real/p000/9.png").write_bytes(b"nothing")
    reconfigure(settled, "lr: 0.01", "lr: 0.03")
    assert run(settled, "a") == {"index": 1, "faces": 1, "plan": 1, "attrition": 1} | TRAINED | ALL
    assert json.loads((settled / "results/models/small/a/facts.json").read_text())["lr"] == 0.03


EDITS = {
    "deepfake/inputs/decoded.py": {"decode": 1} | twice(TRAINED) | ALL,
    "deepfake/training/augmentation.py": twice(TRAINED) | ALL,
    "deepfake/evaluation/metrics.py": twice(TRAINED) | ALL,  # the best epoch is chosen by it
    "deepfake/evaluation/bootstrap.py": twice(EVALUATED) | COMPARED,
    "deepfake/evaluation/delong.py": COMPARED,
    "deepfake/evaluation/distortions.py": {"distort": 2} | PAGE,
    "deepfake/networks/gradcam.py": {"explain": 2} | PAGE,
    "deepfake/pages/summary.py": PAGE,
    "deepfake/evaluation/cross_dataset.py": {},  # nothing is compared
    "choose.py": {"choose": 1, **PAGE},
}


def test_an_edit_of_code_runs_the_steps_that_use_it(settled):
    for file, jobs in EDITS.items():
        edit(settled, file)
        assert settled.run(*TARGETS, "--configfile", "mine.yaml").jobs == jobs, file
    assert run(settled) == {}


def test_a_failed_audit_trains_nothing(settled):
    one = next((settled / "results/small/train/real").iterdir())
    shutil.copy(one, settled / "results/small/val/real" / one.name)
    reconfigure(settled, "lr: 0.01", "lr: 0.04")
    done = settled.run(*TARGETS, "--forcerun", "audit", "--configfile", "mine.yaml", check=False)
    assert done.code != 0 and "audit" in done.rules
    assert not done.rules & {"train", "choose", "summarise"}, done.text


def test_scores_from_elsewhere_are_imported_and_evaluated_and_train_nothing(settled):
    rows = tables.read_rows(settled / "results/small/metadata.csv")
    lines = [f"{row['file_name']},0.{row['label']}" for row in rows if row["split"] != "train"]
    (settled / "theirs.csv").write_text("\n".join(["image,probability", *lines]))
    add(settled, "scores: {theirs: {table: theirs.csv, dataset: small}}\n")
    imported = {"import_scores": 1, "evaluate": 1} | COMPARED
    assert run(settled, "theirs") == imported
    (settled / "theirs.csv").touch()
    assert run(settled) == {}
    (settled / "theirs.csv").write_text("\n".join(["image,probability", *lines[1:]]))
    assert run(settled, "theirs") == imported
    reconfigure(settled, "dataset: small}}\n", "dataset: small, missing: fake}}\n")
    assert run(settled, "theirs") == imported
