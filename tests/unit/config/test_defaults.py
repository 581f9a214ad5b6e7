"""Datasets and models of the user's own, where config.yaml has others by default."""

import pytest
import yaml
from made.config import checked, updated

from deepfake.config.defaults import apply_own_names, mixed_alignment, trained_dataset, unused_corpora
from deepfake.errors import UserError

MINE = "mine: {corpora: [demo]}"
OTHER = "other: {corpora: [demo]}"
TINY = "tiny: {arch: meso4}"


def applied(text: str) -> tuple[dict, list[str]]:
    config = checked(text)
    return config, apply_own_names(config, yaml.safe_load(text) or {})


@pytest.mark.parametrize(
    ("text", "trained", "made"),
    [
        ("", "dataset_2gb", ["dataset_2gb"]),
        ("seed: 1", "dataset_2gb", ["dataset_2gb"]),
        (f"datasets: {{{MINE}}}", "mine", ["mine"]),
        ("datasets: {dataset_2gb: {size_mb: 5}}", "dataset_2gb", ["dataset_2gb"]),
        (f"datasets: {{{MINE}, dataset_2gb: {{size_mb: 5}}}}", "dataset_2gb", ["dataset_2gb", "mine"]),
        (f"datasets: {{{MINE}, {OTHER}}}\ntrain: {{dataset: other}}", "other", ["mine", "other"]),
        (f"datasets: {{{MINE}}}\ntrain: {{dataset: dataset_2gb}}", "dataset_2gb", ["mine"]),
        (f"datasets: {{{MINE}}}\ntrain: {{models: []}}", "mine", ["mine"]),
    ],
)
def test_an_own_dataset_is_the_one_that_is_meant(text, trained, made):
    config, datasets = applied(text)
    assert trained_dataset(config, *datasets) == config["train"]["dataset"] == trained
    assert datasets == made
    assert "dataset_2gb" in config["datasets"]  # it can still be asked for


def test_several_own_datasets_leave_the_choice_to_the_user():
    config, datasets = applied(f"datasets: {{{MINE}, {OTHER}}}")
    assert datasets == ["mine", "other"]
    with pytest.raises(UserError, match=r"train\.dataset: missing.*\(mine, other\); write .*dataset: mine"):
        trained_dataset(config, *datasets)


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("", ["meso4"]),
        (f"models: {{{TINY}}}", ["tiny"]),
        ("models: {meso4: {epochs: 1}}", ["meso4"]),
        (f"models: {{{TINY}, meso4: {{epochs: 1}}}}", ["meso4"]),
        (f"models: {{{TINY}}}\nensembles: {{pair: {{models: [tiny, meso4]}}}}", ["tiny", "pair"]),
        (f"models: {{{TINY}}}\ntrain: {{models: [meso4]}}", ["meso4"]),
        (f"models: {{{TINY}}}\ntrain: {{models: []}}", []),
    ],
)
def test_own_models_are_the_ones_that_are_meant(text, models):
    assert applied(text)[0]["train"]["models"] == models


def test_a_corpus_of_the_user_that_no_dataset_contains_is_told():
    def unused(text: str) -> list[str]:
        return unused_corpora(checked(text), yaml.safe_load(text))

    corpus = "corpora: {new: {layout: dfdc, folder: /data}}"
    assert unused(corpus) == ["new"]
    assert unused(f"{corpus}\ndatasets: {{mine: {{corpora: [new]}}}}") == []
    assert unused("corpora: {demo: {max_videos: 3}}") == unused("seed: 1") == []


def test_a_dataset_in_which_alignment_tells_the_corpora_apart_has_a_warning():
    def warnings(faces: str, more: str = "") -> list[str]:
        corpora = f"corpora: {{demo: {{faces: {faces}}}}}"
        text = f"{corpora}\ndatasets: {{mine: {{corpora: [demo, demo_ffpp]{more}}}}}"
        return mixed_alignment(checked(text), ["mine"])

    (line,) = warnings("{align: five_points}")
    assert line.startswith("datasets.mine: faces of demo are aligned, and those of demo_ffpp are not")
    assert warnings("{align: five_points}", ", images: frames") == []
    assert warnings("{align: none}") == warnings("{detector: none}") == []


def test_empty_sections_of_the_user_are_none():
    config = updated()
    assert apply_own_names(config, {"datasets": None, "train": None, "models": {}}) == ["dataset_2gb"]
    assert config == updated()
