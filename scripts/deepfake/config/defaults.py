"""Which datasets and models are meant where the user's own settings name some and config.yaml names others.

config.yaml works as it is, on the demo corpus. Its dataset and its model are not what a user means who only
adds a dataset or a model.
"""

from collections.abc import Collection

from deepfake.config.sections import faces_of_corpus
from deepfake.errors import UserError
from deepfake.extraction.settings import is_aligned


def apply_own_names(config: dict, own: dict) -> list[str]:
    """Set `train.dataset` and `train.models` in place where `own` implies them; return the datasets to make.

    `config` is checked; `own` is what the user has merged over config.yaml. The datasets to make by default
    are the user's own, or those of config.yaml where there are none. An own dataset is trained on if it is
    the only one; with several, `train.dataset` becomes None. Own models, with ensembles, are trained instead
    of config.yaml's. What the user has written under `train` always stays.
    """
    train, written = config["train"], own.get("train") or {}
    datasets = [name for name in config["datasets"] if name in (own.get("datasets") or {})]
    if datasets and train["dataset"] not in datasets and "dataset" not in written:
        train["dataset"] = datasets[0] if len(datasets) == 1 else None
    mine = {**(own.get("models") or {}), **(own.get("ensembles") or {})}
    models = [name for name in [*config["models"], *config["ensembles"]] if name in mine]
    if models and not set(train["models"]) & set(models) and "models" not in written:
        train["models"] = models
    return datasets or list(config["datasets"])


def unused_corpora(config: dict, own: dict) -> list[str]:
    """Return the corpora of `own`, what the user has merged over config.yaml, that no dataset contains."""
    used = {corpus for dataset in config["datasets"].values() for corpus in dataset["corpora"]}
    return [name for name in config["corpora"] if name in (own.get("corpora") or {}) and name not in used]


def mixed_alignment(config: dict, datasets: Collection[str]) -> list[str]:
    """Return a warning for each of `datasets` in which the face crops of some corpora alone are aligned.

    Corpora of images that are crops already count for nothing.
    """
    warnings = []
    for dataset in datasets:
        cfg, aligned, plain = config["datasets"][dataset], [], []
        for corpus in cfg["corpora"] if cfg["images"] == "faces" else []:
            faces = faces_of_corpus(config, corpus)
            if faces["detector"] != "none":
                (aligned if is_aligned(faces) else plain).append(corpus)
        if aligned and plain:
            warnings.append(
                f"datasets.{dataset}: faces of {', '.join(aligned)} are aligned, and those of "
                f"{', '.join(plain)} are not, which tells them apart; write the same faces.align for all"
            )
    return warnings


def trained_dataset(config: dict, *datasets: str) -> str:
    """Return `train.dataset`. Raises UserError if it doesn't follow from the user's own `datasets`."""
    if config["train"]["dataset"] is None:
        raise UserError(
            f"train.dataset: missing, and your config has more than one dataset ({', '.join(datasets)}); "
            f"write train: {{dataset: {datasets[0]}}}, or train: {{models: []}} to train nothing"
        )
    return config["train"]["dataset"]
