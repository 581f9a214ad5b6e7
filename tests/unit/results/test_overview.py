"""The README's picture: made of the sections that were measured, and absent without any."""

import json

import pytest
from PIL import Image
from results.overview import OVERVIEW, PANELS, draw

ROW = {
    "dataset": "d",
    "corpus": "c",
    "images": 4,
    "left_out": {"guard": 1},
    "splits": {"train": 3, "val": 0, "test": 0},
}
AUC = {"mean": 0.8, "interval": [0.78, 0.82]}
NUMBERS = {
    "leaks": {
        "worth": [
            {"split": split, "seeds": 3, "known": 0.5, "auc": AUC}
            for split in ("by image", "by original", "by people", "knows nobody")
        ]
    },
    "detectors": {
        "models": [
            {"name": "best", "auc": {"value": 0.9, "interval": [0.88, 0.92]}},
            {"name": "rough", "auc": {"value": 0.6, "interval": None}},
        ],
        "test": {"videos": 40, "people": 8},
    },
    "generalisation": {
        "trained": "d",
        "models": [{"name": "best"}, {"name": "rough"}],
        "datasets": [{"name": "d", "videos": 40}, {"name": "e", "videos": 3}],
        "cells": {"best": {"d": {"auc": {"value": 0.9}}, "e": {"auc": {"value": None}}}, "rough": {}},
    },
    "accounting": {"trained": {label: ROW | {"class": label} for label in ("real", "fake")}},
}


def test_each_panel_is_tried():
    assert PANELS.keys() == NUMBERS.keys()


@pytest.fixture
def folder(tmp_path):
    """A folder with an old picture."""
    (tmp_path / OVERVIEW).write_bytes(b"old")
    return tmp_path


def height(folder, *sections: str) -> int:
    for name in sections:
        (folder / f"{name}.json").write_text(json.dumps(NUMBERS[name]), encoding="utf-8")
    draw(folder)
    with Image.open(folder / OVERVIEW) as picture:
        return picture.size[1]


@pytest.mark.parametrize("section", PANELS)
def test_one_section_is_enough_for_a_picture(section, folder):
    assert height(folder, section) > 300


def test_all_sections_make_one_picture(folder):
    assert height(folder, *PANELS) > 300


def test_without_any_the_old_picture_goes(folder):
    draw(folder)
    assert not (folder / OVERVIEW).exists()


def test_where_nothing_is_trained_there_is_no_bar(folder):
    (folder / "accounting.json").write_text(json.dumps({"trained": {}}), encoding="utf-8")
    draw(folder)
    assert not (folder / OVERVIEW).exists()
