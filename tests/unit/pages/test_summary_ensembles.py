"""The summary page of an ensemble shows its models where a single model has its training."""

import json
import re
import shutil
from pathlib import Path

import pytest
from made.report import EVIL, inputs, make_results, plain, write

from deepfake.errors import UserError
from deepfake.pages.summary import page
from deepfake.pages.summary_inputs import read_summary
from deepfake.pages.summary_models import ensemble_line

TTA = {"flip": True, "scales": [1, 0.9], "crops": 0.8}
SECTION = {"models": ["z", "a"], "weighted": "validation", "tta": None, "calibrate": True, "threshold": None}


def metadata_of(views: int = 1, **changes) -> dict:
    """The facts.json of an ensemble; `changes` are those of its section of the config."""
    section = SECTION | changes
    member = {"weight": 0.5, "f1_macro": 0.81, "archs": ["meso4"]}
    training = {"seed": 7, "epochs": 2}
    geometry = {"size": 64, "resize": 64, "resample": "bilinear"}
    return {
        "members": {name: member for name in sorted(section["models"])},
        "parameters": 1234,
        "geometries": [geometry, geometry | {"size": 48}],
        "views": views,
        "temperature": 1.25,
        "training": {
            "ensemble": section,
            "members": {name: {"weight": 0.5, "training": training} for name in section["models"]},
        },
        "dataset": {"name": "small", "sha256": "c39e7c7c" * 8},
        "versions": {"torch": "2.15.0"},
        "metrics": {"val": {"f1_macro": 0.9}},
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Results in which the chosen model, b, is an ensemble."""
    root = make_results(tmp_path_factory.mktemp("report"))
    folder = root / "models/small/b"
    for name in ("history.json", "curves.svg"):
        (folder / name).unlink()
    write(folder / "facts.json", metadata_of())
    return root


@pytest.fixture
def results(made, tmp_path):
    """The same results, to be changed by a test."""
    return Path(shutil.copytree(made, tmp_path / "results"))


@pytest.mark.parametrize(
    ("views", "changes", "line"),
    [
        (1, {}, "of z, a; weighted by validation; T = 1.250"),
        (12, {"weighted": "equally", "tta": TTA}, "of z, a; weighted equally; 12 views; T = 1.250"),
        (2, {"models": ["a"], "tta": TTA, "calibrate": False}, "of a; 2 views"),
        (1, {"models": ["a"], "calibrate": False}, "of a"),
    ],
    ids=["two", "equally", "views", "nothing"],
)
def test_an_ensemble_in_one_line(views, changes, line):
    assert ensemble_line(metadata_of(views, **changes)) == line


def test_a_chosen_ensemble_shows_its_models_and_no_training(results):
    html = page(read_summary(**inputs(results)))
    text = plain(html)
    assert "of z, a; weighted by validation; T = 1.250; 1,234 parameters" in text
    assert "b (of z, a; weighted by validation; T = 1.250) calls a frame fake" in text
    assert "<h3>Models of the ensemble</h3>" in html and "<h3>Training</h3>" not in html
    weighted = "mean of its models' logits, weighted by their macro F1 on the validation set. The logits are"
    assert f"{weighted} divided by a temperature of 1.2500" in text
    assert "z meso4 0.500 0.810 a meso4 0.500 0.810" in text
    assert "48 by 48 pixels, the centre of an image resized to 64, bilinear" in text
    assert "Seed 7" in text and "Settings of the ensemble" in text
    assert text.count("mean of the maps of all networks") == 1


def test_views_are_described(results):
    write(results / "models/small/b/facts.json", metadata_of(12, tta=TTA))
    text = plain(page(read_summary(**inputs(results))))
    assert "averaged over 12 views of each image: centred squares of 1 and 0.9 of its side," in text
    assert "squares of 0.8 in the corners, each also mirrored." in text


def test_an_ensemble_that_was_not_chosen_has_no_epochs_and_no_speed(results):
    choice = json.loads((results / "model/choice.json").read_text())
    write(results / "model/choice.json", choice | {"chosen": "a"})
    html = page(read_summary(**inputs(results)))
    row = next(row for row in html.split("<tr>") if "<strong>b</strong>" in row)
    assert re.findall(r'rowspan="2">([^<]*)</td>', row)[-2:] == ["–", "–"]
    assert "<h3>Training</h3>" in html and "mean of the maps" not in html


def test_names_of_models_are_escaped(results):
    write(results / "models/small/b/facts.json", metadata_of(models=[EVIL]))
    assert EVIL not in page(read_summary(**inputs(results)))


@pytest.mark.parametrize("key", ["geometries", "views", "temperature", "training"])
def test_metadata_without_a_required_key_is_an_error(results, key):
    path = results / "models/small/b/facts.json"
    write(path, {name: value for name, value in metadata_of().items() if name != key})
    with pytest.raises(UserError, match=f"missing key {key}"):
        read_summary(**inputs(results))
