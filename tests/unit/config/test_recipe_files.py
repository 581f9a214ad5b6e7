"""recipes/*.yaml: each fits the config, and docs/recipes.md compares each of its settings with its source.

results.yaml is no recipe for a model, but the whole config behind docs/results.md.
"""

import re

import pytest
import yaml
from conftest import ROOT
from made import huggingface as made_huggingface
from made.config import DEFAULTS, SCHEMA, checked, updated
from made.recipe_sources import SOURCES
from snakemake.utils import update_config

from deepfake.config.check import check_config
from deepfake.config.defaults import apply_own_names

TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("recipes/*.yaml"))}
RESULTS = TEXTS.pop("results")
PAGE = (ROOT / "docs/recipes.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w.]+)` \| (.*?) \| `(.*?)` \| (.*?) ?\|$", re.M)


@pytest.fixture
def baseline(tmp_path, monkeypatch):
    """The folder that recipes/vit.yaml names, in the folder where the tests run."""
    monkeypatch.chdir(tmp_path)
    made_huggingface.vit(tmp_path / "baseline/vit")


def settings(name: str) -> dict[str, object]:
    """Return the settings of a recipe's model, those of its augmentation as `augment.<operation>`."""
    model = dict(yaml.safe_load(TEXTS[name])["models"][name])
    if isinstance(model.get("augment"), dict):
        model |= {f"augment.{key}": value for key, value in model.pop("augment").items()}
    return model


def rows(name: str) -> dict[str, tuple[object, object, str]]:
    """Return the rows of a recipe's table: by their settings the source's value, the recipe's, and why."""
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)[1]
    return {
        setting: (value(source), yaml.safe_load(here), why)
        for setting, source, here, why in ROW.findall(section)
    }


def value(cell: str) -> object:
    """Return what a cell says: a value of the config, which is code, or a text."""
    return yaml.safe_load(cell.strip("`")) if cell.startswith("`") else cell


def test_each_recipe_has_a_source_and_a_line_that_says_when_to_take_it():
    training = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    assert set(TEXTS) <= set(re.findall(r"^\| `(\w+)` \|", training, re.M))
    assert TEXTS.keys() == SOURCES.keys() and len(TEXTS) > 7


@pytest.mark.parametrize("name", TEXTS)
def test_a_recipe_is_one_model_of_its_name_that_fits_the_config(name, baseline):
    assert list(yaml.safe_load(TEXTS[name])) == ["models"]
    config = checked(TEXTS[name])
    assert config["models"].keys() == {*DEFAULTS["models"], name}
    assert f"recipes/{name}.yaml" in TEXTS[name].partition("\nmodels:")[0]  # the command to run it


@pytest.mark.parametrize("name", TEXTS)
def test_the_page_compares_each_setting_with_the_source(name):
    table = rows(name)
    assert {setting: here for setting, (_, here, _) in table.items()} == settings(name)
    assert {setting: source for setting, (source, _, _) in table.items()} == SOURCES[name]
    for setting, (source, here, why) in table.items():
        assert (source == here) != bool(why), setting  # said where they differ, and only there


def test_all_recipes_are_trained_where_all_are_laid_over_a_config(baseline):
    own = {}
    for text in TEXTS.values():
        update_config(own, yaml.safe_load(text))
    config = updated(yaml.safe_dump(own))
    check_config(config, SCHEMA)
    apply_own_names(config, own)
    assert sorted(config["train"]["models"]) == sorted(TEXTS)


def test_the_config_of_the_results_fits_the_schema_and_can_be_run_by_the_line_at_its_top(
    monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)  # without the data
    config = checked(RESULTS)
    assert "--configfile recipes/results.yaml" in RESULTS.partition("\ncorpora:")[0]
    assert (
        config["datasets"].keys() - DEFAULTS["datasets"].keys() == yaml.safe_load(RESULTS)["datasets"].keys()
    )


def test_all_that_the_config_of_the_results_names_is_in_it():
    config = yaml.safe_load(RESULTS)
    models, datasets = {*config["models"], *config["ensembles"]}, set(config["datasets"])
    cross, left_out = config["evaluate"]["cross"], config["evaluate"]["leave_out"]
    assert {corpus for each in config["datasets"].values() for corpus in each["corpora"]} == set(
        config["corpora"]
    )
    assert {name for each in config["ensembles"].values() for name in each["models"]} <= set(config["models"])
    assert models == set(config["train"]["models"]) >= {*cross["models"], *left_out["models"]}
    assert {config["train"]["dataset"], *cross["tested"], *left_out["datasets"]} == datasets
    for media in config["media"].values():
        dataset, model = media["model"].split("/")[2:4]
        assert dataset == config["train"]["dataset"] and model in models
