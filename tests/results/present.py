"""Take out of a config what needs corpora or weights that aren't there."""

import copy
import os
from collections.abc import Callable
from typing import Any

Exists = Callable[[str], bool]


def absent_corpora(config: dict[str, Any], exists: Exists = os.path.exists) -> dict[str, str]:
    """Return the corpora whose folder or archives don't exist, each with the first missing path."""
    found = {name: _missing(corpus, exists) for name, corpus in config["corpora"].items()}
    return {name: path for name, path in found.items() if path}


def absent_weights(config: dict[str, Any], exists: Exists = os.path.exists) -> dict[str, str]:
    """Return the models whose file of weights doesn't exist, each with its path."""
    weights = {name: str(model.get("weights") or "") for name, model in config["models"].items()}
    return {name: path for name, path in weights.items() if "/" in path and not exists(path)}


def without(config: dict[str, Any], absent: set[str], exists: Exists = os.path.exists) -> dict[str, Any]:
    """Return a config without the corpora `absent`, models without weights, and all that needs either."""
    config = copy.deepcopy(config)
    config["corpora"] = _but(config["corpora"], absent)
    config["datasets"] = {
        name: dataset for name, dataset in config["datasets"].items() if not absent & set(dataset["corpora"])
    }
    config["models"] = _but(config["models"], absent_weights(config, exists))
    config["ensembles"] = {
        name: ensemble
        for name, ensemble in config.get("ensembles", {}).items()
        if set(ensemble["models"]) <= set(config["models"])
    }
    known = {*config["models"], *config["ensembles"]}
    train = config["train"]
    has_train = train["dataset"] in config["datasets"]
    train["models"] = [name for name in train["models"] if name in known and has_train]
    if not has_train:
        train.pop("dataset")
    _cut_evaluation(config["evaluate"], known, set(config["datasets"]))
    config["media"] = {
        name: media
        for name, media in config.get("media", {}).items()
        if _is_usable(media, has_train, known, set(config["corpora"]), exists)
    }
    return config


def _cut_evaluation(evaluate: dict[str, Any], known: set[str], datasets: set[str]) -> None:
    """Cut models and datasets that aren't there from `cross` and `leave_out`; without one of both they go."""
    for section in ("cross", "leave_out"):
        for key, names in evaluate.get(section, {}).items():
            evaluate[section][key] = [n for n in names if n in (known if key == "models" else datasets)]
        if not all(evaluate.get(section, {}).get(key) for key in ("models", "datasets")):
            evaluate.pop(section, None)


def _but(named: dict[str, Any], names: set[str] | dict[str, str]) -> dict[str, Any]:
    return {name: value for name, value in named.items() if name not in names}


def _missing(source: dict[str, Any], exists: Exists) -> str:
    """Return the first path of a corpus or of some media that doesn't exist, or ""."""
    paths = source.get("archives") or [source["folder"]]
    return next((path for path in paths if not exists(path)), "")


def _is_usable(
    media: dict[str, Any], has_train: bool, known: set[str], corpora: set[str], exists: Exists
) -> bool:
    """Whether the files of some media exist, their corpus, and the model that is trained for them."""
    model = media.get("model") or "results/model/best.pt"
    parts = model.split("/")  # results/models/<dataset>/<model>/best.pt, or results/model/best.pt
    has_model = has_train and (parts[1] == "model" or parts[3] in known)
    return has_model and media.get("corpus") in {None, *corpora} and not _missing(media, exists)
