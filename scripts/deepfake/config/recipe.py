"""The settings that a dataset's recipe is published with: all that its images depend on, and no path."""

import json
from pathlib import Path

from deepfake.config.sections import (
    dataset_section,
    faces_of_corpus,
    frames_of_corpus,
    image_sections,
    known_by,
    people_distances,
)
from deepfake.dataset.recipe import without_paths
from deepfake.extraction.settings import detector_names
from deepfake.plan.splits_file import asked_fractions


def recipe_settings(config: dict, dataset: str) -> dict:
    """Return what recipe.recipe_yaml needs to know of the config.

    `config` is what to lay over another lab's config; `fractions` are those that the splits were to be, {} if
    that isn't known; `steps` are image_sections; `asks` says in a line each what the other lab must add.
    """
    cfg = config["datasets"][dataset]
    own = {key: value for key, value in cfg.items() if key not in ("splits", "people")}
    for key in ("same_identity", "different_people"):
        own[key] = cfg[key] and Path(cfg[key]).name
    by = known_by(config, dataset)
    distances = {} if by == "names" else people_distances(config, dataset)
    own["people"] = {**cfg["people"], **distances}
    people = {"people": {"crops": config["people"]["crops"]}} if by != "names" else {}
    return {
        "config": {
            "seed": config["seed"],
            **people,
            "corpora": {corpus: _corpus(config, corpus) for corpus in cfg["corpora"]},
            "datasets": {dataset: own},
        },
        "fractions": asked_fractions(dataset_section(config, dataset)["splits"]),
        "steps": without_paths(image_sections(config, dataset)),
        "asks": _asks(config, dataset),
    }


def _corpus(config: dict, corpus: str) -> dict:
    cfg = config["corpora"][corpus]
    keys = ("layout", "demo", "columns", "max_videos")
    known = {key: cfg[key] for key in keys if cfg.get(key) is not None}
    faces = {key: value for key, value in faces_of_corpus(config, corpus).items() if key != "model"}
    return {**known, "frames": frames_of_corpus(config, corpus), "faces": faces}


def _asks(config: dict, dataset: str) -> list[str]:
    cfg, asks = config["datasets"][dataset], []
    for corpus in cfg["corpora"]:
        settings = config["corpora"][corpus]
        if not settings.get("demo"):
            kaggle = json.dumps(settings["kaggle"]) if settings.get("kaggle") else ""
            where = f", or kaggle: {kaggle}" if kaggle else ""
            asks.append(f"corpora.{corpus}.folder or .archives: where the corpus lies{where}")
        if settings.get("label_files"):
            names = ", ".join(Path(path).name for path in settings["label_files"])
            asks.append(f"corpora.{corpus}.label_files: {names}")
        if cfg["images"] == "faces" and "yunet" in detector_names(
            faces_of_corpus(config, corpus)["detector"]
        ):
            asks.append(f"corpora.{corpus}.faces.model: YuNet's file")
    if config["people"]["model"] and known_by(config, dataset) != "names":
        asks.append(f"people.model and .input: {Path(config['people']['model']).name}")
    asks += [
        f"datasets.{dataset}.{key}: {Path(cfg[key]).name}, to be published with the recipe"
        for key in ("same_identity", "different_people")
        if cfg[key]
    ]
    return asks
