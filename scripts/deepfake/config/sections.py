"""The part of the configuration that each step depends on.

A step gets its section and nothing else, so a changed key reruns only the steps that use it. A key that is
without effect, such as the quality of a PNG, is left out.
"""

import json

from deepfake.corpora.archives import ARCHIVE_LIMITS
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.sampling import STRATEGIES
from deepfake.extraction.settings import DETECTOR_KEYS, PAIR_KEYS, detector_keys, detector_names
from deepfake.layouts.registry import LAYOUTS
from deepfake.networks.limits import MODEL_LIMITS


def index_section(config: dict, corpus: str) -> dict:
    """Return the settings of a corpus's index."""
    settings = config["corpora"][corpus]
    shared = {key: config[key] for key in ("seed", "shard_size")}
    shared["limits"] = {key: config["limits"][key] for key in ARCHIVE_LIMITS}
    own = {key: settings[key] for key in ("layout", "max_videos", "columns")}
    if LAYOUTS[settings["layout"]].masks and "masks" in faces_section(config, corpus):
        own["masks"] = True
    return {**own, **shared, "frames": _frame_count(config, corpus)}


def media_limits(config: dict) -> dict:
    """Return the limits on one video or image."""
    return {key: config["limits"][key] for key in MEDIA_LIMITS}


def model_limits(config: dict) -> dict:
    """Return the limits on a model."""
    return {key: config["limits"][key] for key in MODEL_LIMITS}


def frames_section(config: dict, corpus: str) -> dict:
    """Return the `frames` settings of a corpus that its sampling strategy uses.

    Without `count`: the index turns it into a number for each video.
    """
    cfg = _frames(config, corpus)
    keys = {"strategy", "format", *STRATEGIES[cfg["strategy"]][1]} - {"count"}
    keys |= {"quality"} if cfg["format"] == "jpg" else set()
    seed = {"seed": config["seed"]} if cfg["strategy"] == "random" else {}
    return {key: cfg[key] for key in sorted(keys)} | seed


def faces_of_corpus(config: dict, corpus: str) -> dict:
    """Return the `faces` settings with those of the corpus in place of the shared ones."""
    return {**config["faces"], **config["corpora"][corpus].get("faces", {})}


def faces_section(config: dict, corpus: str) -> dict:
    """Return the `faces` settings of a corpus that its detector and search use."""
    cfg = faces_of_corpus(config, corpus)
    names = detector_names(cfg["detector"])
    cfg["detector"] = names if len(names) > 1 else names[0]
    unused = set().union(*DETECTOR_KEYS.values()) - detector_keys(names)
    unused |= {"quality"} if cfg["format"] == "png" else set()
    unused |= {"border"} if cfg["align"] == "none" else set()
    if cfg["smooth"] <= 1:  # over one frame is as it is
        cfg["smooth"] = 0
        unused.add("smoothing")
    unused |= {key for key, off in PAIR_KEYS.items() if names == ["none"] or cfg[key] == off}
    if cfg["search"] == "full":
        cfg["recount"] = 0  # every frame is searched whole anyway
    return {key: value for key, value in sorted(cfg.items()) if key not in unused}


def image_sections(config: dict, dataset: str) -> dict[str, dict[str, dict]]:
    """Return for each corpus of a dataset the `frames` and `faces` settings of its images, for the card."""
    return {
        corpus: {
            "frames": frames_section(config, corpus) | (_frame_count(config, corpus) or {}),
            "faces": faces_section(config, corpus),
        }
        for corpus in config["datasets"][dataset]["corpora"]
    }


def dataset_section(config: dict, dataset: str) -> dict:
    """Return the settings of a dataset's plan, with the family of each of its corpora."""
    cfg = config["datasets"][dataset]
    families = {corpus: _family(corpus, config["corpora"][corpus]) for corpus in cfg["corpora"]}
    return {**cfg, "families": families, "seed": config["seed"]}


def model_section(config: dict, model: str) -> dict:
    """Return the settings of a model's training."""
    cfg = config["models"][model]
    return {**cfg, "augment": cfg["augment"] or "off", "seed": config["seed"]}  # YAML reads off as false


def as_param(section: dict) -> str:
    """Return a section as JSON, with sorted keys: equal sections, and no others, give equal text."""
    return json.dumps(section, sort_keys=True, ensure_ascii=False)


def _frames(config: dict, corpus: str) -> dict:
    """Return the `frames` settings with those of the corpus in place of the shared ones."""
    return {**config["frames"], **config["corpora"][corpus].get("frames", {})}


def _frame_count(config: dict, corpus: str) -> dict | None:
    """Return `count` and `boost`, for the index to number frames by; None if the strategy has no count."""
    cfg = _frames(config, corpus)
    has_count = "count" in STRATEGIES[cfg["strategy"]][1]
    return {key: cfg[key] for key in ("count", "boost")} if has_count else None


def _family(corpus: str, settings: dict) -> str:
    """Return the family of a corpus; synthetic corpora share no family with the real ones of their layout."""
    return "demo" if settings.get("demo") else LAYOUTS[settings["layout"]].family or corpus
