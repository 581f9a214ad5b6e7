"""Take out of a config what needs corpora that aren't there."""

import copy
from pathlib import Path
from typing import Any


def absent_corpora(config: dict[str, Any]) -> dict[str, str]:
    """Return the corpora whose folder or archives don't exist, each with the first missing path."""
    found = {}
    for name, corpus in config["corpora"].items():
        paths = corpus.get("archives") or [corpus["folder"]]
        missing = [path for path in paths if not Path(path).exists()]
        if missing:
            found[name] = missing[0]
    return found


def without(config: dict[str, Any], absent: set[str]) -> dict[str, Any]:
    """Return a config without some corpora, their datasets, and models whose weights are missing."""
    config = copy.deepcopy(config)
    config["corpora"] = {name: corpus for name, corpus in config["corpora"].items() if name not in absent}
    config["datasets"] = {
        name: dataset for name, dataset in config["datasets"].items() if not absent & set(dataset["corpora"])
    }
    config["models"] = {name: model for name, model in config["models"].items() if not _lacks_weights(model)}
    config["ensembles"] = {
        name: ensemble
        for name, ensemble in config.get("ensembles", {}).items()
        if set(ensemble["models"]) <= set(config["models"])
    }
    known = {*config["models"], *config["ensembles"]}
    train, evaluate = config["train"], config["evaluate"]
    has_train = train["dataset"] in config["datasets"]
    train["models"] = [name for name in train["models"] if name in known and has_train]
    for section in ("cross", "leave_out"):
        for key, names in evaluate.get(section, {}).items():
            evaluate[section][key] = [
                n for n in names if n in (known if key == "models" else config["datasets"])
            ]
        if not evaluate.get(section, {}).get("datasets"):
            evaluate.pop(section, None)
    if not has_train:
        train.pop("dataset")
    config["media"] = {
        name: media for name, media in config.get("media", {}).items() if _is_usable(media, has_train, known)
    }
    return config


def _lacks_weights(model: dict[str, Any]) -> bool:
    weights = str(model.get("weights") or "")
    return "/" in weights and not Path(weights).exists()


def _is_usable(media: dict[str, Any], has_train: bool, known: set[str]) -> bool:
    """Whether the files of some media exist, and the model that the workflow trains for them."""
    paths = media.get("archives") or [media["folder"]]
    model = Path(media.get("model") or "results/model/best.pt").parts
    trained = has_train and (model[1] == "model" or model[3] in known)
    return trained and all(Path(path).exists() for path in paths)
