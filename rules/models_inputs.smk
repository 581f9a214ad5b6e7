"""Input functions and settings of the rules of models and their evaluation."""

import json

from deepfake.config.defaults import trained_dataset
from deepfake.config.sections import ensemble_section, left_out_methods, model_of_encoder
from deepfake.config.sections import model_section, people_of_cross_datasets
from deepfake.config.sources import check_model, check_scores
from deepfake.networks.blend_settings import landmark_kind, takes_neighbours
from deepfake.networks.feature_settings import encoder_name, encoder_section, keeps_features
from deepfake.networks.settings import geometries_of, geometry_of, threshold_of, weights_digest


def decoded_images(w, ending):
    """The decoded images (npy) of the dataset to predict, or their rows (csv), at the model's input sizes."""
    require(check_model, w.model)
    names = [geometry.name for geometry in geometries_of(config, w.model)]
    return [f"results/decoded/{predicted_dataset(w)}/{name}.{ending}" for name in names]


def landmarks_of(w, ending):
    """The landmarks (npy) of the dataset's images, or their table (csv), where the model's training needs them."""
    kind = landmark_kind(config["models"][w.model])
    return [f"results/landmarks/{w.dataset}/{kind}.{ending}"] if kind else []


def people_of_blends(w):
    """The table of who is seen, where the model's training blends in the faces of others."""
    return plan_of(w.dataset).people if takes_neighbours(config["models"][w.model]) else []


def kept_features(w, *endings):
    """The files of the features that a model's head is trained on; none for models that need the images."""
    model = model_section(config, w.model)
    if not keeps_features(model) or getattr(w, "method", ""):  # they are those of all images of train
        return []
    return [f"results/features/{w.dataset}/{encoder_name(model)}.{ending}" for ending in endings]


def images_of_encoder(w, ending):
    """The decoded images (npy) of which features are computed, or their rows (csv)."""
    geometry = geometry_of(of_config(model_of_encoder, w.encoder))
    return f"results/decoded/{w.dataset}/{geometry.name}.{ending}"


def predicted_dataset(w):
    """The dataset that a model is run on: its own, or another one that the wildcard `part` names."""
    return getattr(w, "part", "").rpartition(".")[0] or w.dataset


def logger_of_training(w, threads):
    """What logs trainings, and its folder, as a param that makes no step stale: results don't depend on it."""
    return config["train"]["logger"], f"results/{config['train']['logger']}"


def for_models(path):
    """A path for each model and ensemble that results/model/best.pt is chosen from."""
    return expand(path, dataset=config["train"]["dataset"], model=config["train"]["models"])


def ranked_models():
    """The names in the report's leader table: models, ensembles, and scores from elsewhere for the same dataset."""
    return [*config["train"]["models"], *ranked_scores()]


def ranked_scores():
    """The names of the scores from elsewhere that are of the dataset that is trained on."""
    return [name for name, s in config["scores"].items() if s["dataset"] == config["train"]["dataset"]]


def for_ranked_models(path):
    """A path for each name in the report's leader table."""
    return expand(path, dataset=config["train"]["dataset"], model=ranked_models())


def for_ranked_scores(path):
    """A path for each of the scores from elsewhere in it."""
    return expand(path, dataset=config["train"]["dataset"], model=ranked_scores())


def score_table(w):
    """The table of scores that the config names."""
    require(check_scores, w.scores)
    return local(config["scores"][w.scores]["table"])


def facts_of_model(w):
    """The facts of a model's training, with its threshold; scores from elsewhere have none."""
    return [] if w.model in config["scores"] else f"results/models/{w.dataset}/{w.model}/facts.json"


def for_trained_models(path):
    """A path for each of those models that is trained; ensembles have no history."""
    models = [model for model in config["train"]["models"] if model in config["models"]]
    return expand(path, dataset=config["train"]["dataset"], model=models)


def left_out_pairs():
    """The pairs of a model and a dataset of evaluate.leave_out."""
    cfg = config["evaluate"]["leave_out"]
    return [(model, dataset) for model in cfg["models"] for dataset in cfg["datasets"]]


def methods_of(dataset):
    """The methods of a dataset that are left out of training, one at a time, as names of folders."""
    with plan_of(dataset).summary.open() as summary:
        return of_config(left_out_methods, dataset, json.load(summary))


def for_left_out(path, all_methods):
    """A path for each model, dataset and method left out, and `all_methods`, where none is left out."""
    found = []
    for model, dataset in left_out_pairs():
        found.append(all_methods.format(model=model, dataset=dataset))
        found += [path.format(model=model, dataset=dataset, method=m) for m in methods_of(dataset)]
    return found


def folders(files):
    """The folder of each file, as the jobs of this machine see it."""
    return [str(Path(file).parent) for file in files]


def with_labels(labels, files):
    """Each file or folder as `label:file`."""
    return [f"{label}:{file}" for label, file in zip(labels, files, strict=True)]


def cross_datasets():
    """The names of the datasets of evaluate.cross, first those that models are trained on."""
    cross = config["evaluate"]["cross"]
    return list(dict.fromkeys([*cross["datasets"], *cross["tested"]]))


def for_cross_pairs(path):
    """A path for each model, dataset that it is trained on and dataset that it is tested on, of evaluate.cross."""
    cross = config["evaluate"]["cross"]
    pairs = [(a, b, "test" if a == b else f"{b}.test") for a in cross["datasets"] for b in cross_datasets()]
    return [
        path.format(model=m, dataset=a, other=b, part=part) for m in cross["models"] for a, b, part in pairs
    ]
