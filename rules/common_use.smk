"""Gives the rules that use models their inputs and settings."""

from types import SimpleNamespace

from deepfake.detection.fingerprints import list_fingerprint

BEST = "results/model/best.pt"

list_fingerprint = functools.cache(list_fingerprint)


def learnt_from(w):
    """The dataset of ours that the model which judges media learnt from; "" for a model from elsewhere."""
    path = config["media"][w.media]["model"]
    if path in (None, BEST):
        return config["train"]["dataset"]
    parts = Path(path).parts
    return parts[2] if parts[0] == "results" and parts[2:] and parts[2] in config["datasets"] else ""


def judge(w):
    """The model that judges media: one that the config names, or the best of ours."""
    path = config["media"][w.media]["model"] or BEST
    return path if learnt_from(w) else local(path)


def made_here():
    """The archives that the workflow makes or downloads itself."""
    return [sources(SimpleNamespace(corpus=corpus)) for corpus in config["corpora"] if is_ours(corpus)]


def media_paths(w):
    """The folder, the archives or the list that media lie in, as the config names them."""
    cfg = config["media"][w.media]
    return [cfg["list"]] if cfg["list"] else archive_paths(cfg)


def media_files(w):
    """The same as inputs; a user's own are judged by `media_contents`, not by their times."""
    return [path if path in made_here() else local(ancient(path)) for path in media_paths(w)]


def media_contents(w):
    """What a user's own folder, archives or list hold; the rule that makes ours tells when those change."""
    if path := config["media"][w.media]["list"]:
        return list_fingerprint(path)
    return fingerprint(tuple(path for path in media_paths(w) if path not in made_here()))


def media_options(w):
    """How media are judged, as words of a command line."""
    cfg, detect = config["media"][w.media], config["detect"]
    words = ["--people", detect["people"], "--bootstrap", detect["bootstrap"], "--seed", config["seed"]]
    words += ["--limits", as_param(config["limits"])]
    words += ["--frames", as_param(cfg["frames"])] if cfg.get("frames") else []
    words += ["--corpus", cfg["corpus"]] if cfg["corpus"] else []
    words += ["--face-model", config["faces"]["model"]] if config["faces"]["model"] else []
    return [str(word) for word in words] + (["--crops"] if cfg["crops"] else [])
