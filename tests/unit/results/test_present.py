"""recipes/results.yaml without what is absent: whatever that is, the rest is a config that can be run."""

import os

import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from made.config import checked
from results.present import absent_corpora, absent_weights, without

TEXT = (ROOT / "recipes/results.yaml").read_text(encoding="utf-8")
RECIPE = yaml.safe_load(TEXT)
SOURCES = [*RECIPE["corpora"].values(), *RECIPE["media"].values()] if "media" in RECIPE else []
SOURCES = SOURCES or list(RECIPE["corpora"].values())
PATHS = sorted(
    {path for source in SOURCES for path in source.get("archives") or [source["folder"]]}
    | {str(m["weights"]) for m in RECIPE["models"].values() if "/" in str(m.get("weights"))}
)


def cut(missing: set[str]) -> dict:
    def exists(path: str) -> bool:
        return path not in missing

    return without(RECIPE, set(absent_corpora(RECIPE, exists)), exists)


def test_with_everything_there_nothing_is_left_out():
    assert cut(set()) == RECIPE | {"media": RECIPE.get("media", {})}


def test_the_recipe_itself_stays_as_it_is():
    cut(set(PATHS))
    assert yaml.safe_load(TEXT) == RECIPE


def test_what_is_absent_is_named_with_its_path():
    missing = {"resources/real/celebdf", "resources/real/mesonet/Meso4_DF.h5"}
    assert absent_corpora(RECIPE, lambda p: p not in missing) == {"celebdf": "resources/real/celebdf"}
    assert absent_weights(RECIPE, lambda p: p not in missing) == {
        "meso4_df": "resources/real/mesonet/Meso4_DF.h5"
    }


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(PATHS)))
def test_what_is_left_fits_the_schema_and_names_only_what_is_there(missing):
    config = cut(missing)
    assert not {path for path in PATHS if path in missing} & set(_texts(config))
    if not config["corpora"]:  # the runner doesn't run Snakemake then
        return
    whole = checked(yaml.safe_dump(config))
    models = {*config["models"], *config["ensembles"]}
    assert set(whole["train"]["models"]) <= models
    assert all(set(d["corpora"]) <= set(config["corpora"]) for d in config["datasets"].values())
    for section in ("cross", "leave_out"):
        part = config["evaluate"].get(section, {"datasets": [], "models": [], "tested": []})
        assert {*part["datasets"], *part.get("tested", [])} <= set(config["datasets"])
        assert set(part["models"]) <= models


@pytest.mark.parametrize("corpus", RECIPE["corpora"])
def test_a_dataset_goes_with_its_corpus_and_no_other(corpus):
    config = without(RECIPE, {corpus}, lambda path: True)
    gone = RECIPE["datasets"].keys() - config["datasets"].keys()
    assert gone == {name for name, d in RECIPE["datasets"].items() if corpus in d["corpora"]}


def test_without_the_trained_dataset_nothing_is_trained_and_no_media_are_judged():
    config = without(RECIPE, {"dfdc"}, lambda path: True)
    assert not config["train"]["models"] and not config["media"] and "cross" not in config["evaluate"]


def test_without_weights_their_models_and_ensembles_go():
    path = "resources/real/tf_efficientnet_lite0.pth"
    config = cut({path})
    assert set(config["models"]) == {"meso4", "meso4_df", "meso4_f2f"} and not config["ensembles"]


def _texts(value: object) -> list[str]:
    """Return all texts in a config that are paths of the data."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) and os.sep in value else []
