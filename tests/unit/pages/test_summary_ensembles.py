"""The one-page report of an ensemble: what it is made of stands where a model has its training."""

import json
import re
import shutil
from pathlib import Path

import pytest
from made.report import EVIL, inputs, make_results, write

from deepfake.pages.summary import page
from deepfake.pages.summary_data import BadReport, read_summary
from deepfake.pages.summary_ensembles import made_of

TTA = {"flip": True, "scales": [1, 0.9], "crops": 0.8}
SECTION = {"models": ["z", "a"], "weighted": "validation", "tta": None, "calibrate": True, "threshold": None}


def facts_of(views: int = 1, **changes) -> dict:
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
        "dataset": {"name": "small", "sha256": "c39e7c7c"},
        "versions": {"torch": "2.15.0"},
        "metrics": {"val": {"f1_macro": 0.9}},
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Results of which the chosen one, b, is an ensemble."""
    root = make_results(tmp_path_factory.mktemp("report"))
    folder = root / "models/small/b"
    for name in ("history.json", "curves.svg"):
        (folder / name).unlink()
    write(folder / "facts.json", facts_of())
    return root


@pytest.fixture
def results(made, tmp_path):
    """The same, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "results"))


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("</style>")[1]))


@pytest.mark.parametrize(
    ("views", "changes", "said"),
    [
        (1, {}, "of z, a; weighted by validation; T = 1.250"),
        (12, {"weighted": "equally", "tta": TTA}, "of z, a; weighted equally; 12 views; T = 1.250"),
        (2, {"models": ["a"], "tta": TTA, "calibrate": False}, "of a; 2 views"),
        (1, {"models": ["a"], "calibrate": False}, "of a"),
    ],
    ids=["two", "equally", "views", "nothing"],
)
def test_it_is_told_in_a_line_what_it_is_made_of(views, changes, said):
    assert made_of(facts_of(views, **changes)) == said


def test_a_chosen_ensemble_shows_its_members_and_no_training(results):
    html = page(read_summary(**inputs(results)))
    text = plain(html)
    assert "of z, a; weighted by validation; T = 1.250; 1,234 parameters" in text
    assert "b (of z, a; weighted by validation; T = 1.250) calls a frame fake" in text
    assert "<h3>What it is made of</h3>" in html and "<h3>Training</h3>" not in html
    assert (
        "mean of its models' logits, weighted by their macro F1 on val. They are divided by"
        in text.replace("&#x27;", "'")
    )
    assert "z meso4 0.500 0.810 a meso4 0.500 0.810" in text
    assert "48 by 48 pixels, the middle of an image scaled to 64, bilinear" in text
    assert "Seed 7" in text and "How the model was made" in text
    assert text.count("mean of the maps of all networks") == 1


def test_views_are_told(results):
    write(results / "models/small/b/facts.json", facts_of(12, tta=TTA))
    text = plain(page(read_summary(**inputs(results))))
    assert "averaged over 12 views of each image: squares of 1 and 0.9 of its side about the middle," in text
    assert "of 0.8 in the corners, each mirrored too" in text


def test_an_ensemble_that_was_not_chosen_has_dashes_for_a_history(results):
    choice = json.loads((results / "model/choice.json").read_text())
    write(results / "model/choice.json", choice | {"chosen": "a"})
    html = page(read_summary(**inputs(results)))
    row = next(row for row in html.split("<tr>") if "<strong>b</strong>" in row)
    assert re.findall(r'rowspan="2">([^<]*)</td>', row)[-2:] == ["–", "–"]
    assert "<h3>Training</h3>" in html and "mean of the maps" not in html


def test_names_of_members_are_only_text(results):
    write(results / "models/small/b/facts.json", facts_of(models=[EVIL]))
    assert EVIL not in page(read_summary(**inputs(results)))


@pytest.mark.parametrize("key", ["geometries", "views", "temperature", "training"])
def test_facts_that_lack_a_key_are_an_error(results, key):
    path = results / "models/small/b/facts.json"
    write(path, {name: value for name, value in facts_of().items() if name != key})
    with pytest.raises(BadReport, match=f"no key {key}"):
        read_summary(**inputs(results))
