"""Gives the rules of models and reports their inputs and settings."""

from deepfake.config.check import model_section
from deepfake.networks.settings import geometries_of, threshold_of, weights_digest


def decoded(w, ending):
    """The decoded images (npy) of the dataset that is predicted, or their rows (csv), as the model takes them."""
    names = [geometry.name for geometry in geometries_of(config, w.model)]
    return [f"results/decoded/{tested(w)}/{name}.{ending}" for name in names]


def tested(w):
    """The dataset whose images a model takes: its own, or another one that the wildcard `part` names."""
    return getattr(w, "part", "").rpartition(".")[0] or w.dataset


def of_models(path):
    """A path of every model and ensemble that results/model/best.pt is chosen from."""
    return expand(path, dataset=config["train"]["dataset"], model=config["train"]["models"])


def of_trained(path):
    """The same of those alone that are trained; ensembles have no history."""
    models = [model for model in config["train"]["models"] if model in config["models"]]
    return expand(path, dataset=config["train"]["dataset"], model=models)


def folders(files):
    """The folder of each of some files, as the jobs of this machine see them."""
    return [str(Path(file).parent) for file in files]


def labelled(labels, files):
    """Each of some files or folders led by its label and a colon."""
    return [f"{label}:{file}" for label, file in zip(labels, files, strict=True)]


def crossed():
    """The datasets of evaluate.cross, as the config has them."""
    return [config["datasets"][name] for name in config["evaluate"]["cross"]["datasets"]]


def across(path):
    """A path of every model and pair of datasets of evaluate.cross."""
    cross = config["evaluate"]["cross"]
    pairs = [(a, b, "test" if a == b else f"{b}.test") for a in cross["datasets"] for b in cross["datasets"]]
    return [
        path.format(model=m, dataset=a, other=b, part=part) for m in cross["models"] for a, b, part in pairs
    ]
