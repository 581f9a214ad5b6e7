"""Input functions and settings of the rule that runs a model on any media."""

from deepfake.config.sources import check_media
from deepfake.detection.media import list_fingerprint

BEST = "results/model/best.pt"

list_fingerprint = functools.cache(list_fingerprint)


def training_dataset(w):
    """The dataset that the model for some media was trained on; "" for a model from elsewhere."""
    path = config["media"][w.media]["model"]
    if path in (None, BEST):
        return of_config(trained_dataset, *DATASETS)
    parts = Path(path).parts
    return parts[2] if parts[0] == "results" and parts[2:] and parts[2] in config["datasets"] else ""


def detection_model(w):
    """The model for some media: the one that the config names, or the workflow's best."""
    path = config["media"][w.media]["model"] or BEST
    require(check_media, w.media, made_for(w))
    return path if training_dataset(w) else local(path)


def made_for(w):
    """The paths that rules make, of those that some media may name."""
    model = config["media"][w.media]["model"]
    return (*produced_archives(), *([model] if model and training_dataset(w) else []))


def produced_archives():
    """All archives that the workflow itself makes or downloads."""
    return [produced_path(corpus) for corpus in config["corpora"] if is_produced(corpus)]


def media_paths(w):
    """The folder, archives or list of some media, as the config names them."""
    cfg = config["media"][w.media]
    return [cfg["list"]] if cfg["list"] else archive_paths(cfg)


def media_files(w):
    """The same as inputs. For a user's own, `media_fingerprint` decides, not file times."""
    return [path if path in produced_archives() else local(ancient(path)) for path in media_paths(w)]


def media_fingerprint(w):
    """A fingerprint of what a user's own folder, archives or list contain."""
    if path := config["media"][w.media]["list"]:
        return list_fingerprint(path)
    return fingerprint(tuple(path for path in media_paths(w) if path not in produced_archives()))


def media_options(w):
    """The command-line options of detect.py for some media."""
    cfg, detect = config["media"][w.media], config["detect"]
    options = ["--people", detect["people"], "--bootstrap", detect["bootstrap"], "--seed", config["seed"]]
    options += ["--limits", as_param(config["limits"])]
    options += ["--frames", as_param(cfg["frames"])] if cfg.get("frames") else []
    options += ["--faces", as_param(cfg["faces"])] if cfg.get("faces") else []
    options += ["--corpus", cfg["corpus"]] if cfg["corpus"] else []
    options += ["--face-model", config["faces"]["model"]] if config["faces"]["model"] else []
    return [str(option) for option in options] + (["--crops"] if cfg["crops"] else [])
