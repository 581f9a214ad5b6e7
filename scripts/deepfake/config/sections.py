"""The part of the configuration that each step depends on.

A step gets its section and nothing else, so a changed key reruns only the steps that use it. A key that is
without effect, such as the quality of a PNG, is left out.
"""

import json
from pathlib import Path

from deepfake.corpora.archives import ARCHIVE_LIMITS
from deepfake.errors import UserError
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.sampling import STRATEGIES
from deepfake.extraction.settings import DETECTOR_KEYS, PAIR_KEYS, detector_keys, detector_names, uses_pairs
from deepfake.hashing import files_digest
from deepfake.layouts.registry import LAYOUTS
from deepfake.names import slugify
from deepfake.networks.feature_settings import encoder_name, keeps_features
from deepfake.networks.limits import MODEL_LIMITS
from deepfake.people.settings import DLIB_DISTANCES


def index_section(config: dict, corpus: str) -> dict:
    """Return the settings of a corpus's index."""
    settings = config["corpora"][corpus]
    shared = {key: config[key] for key in ("seed", "shard_size")}
    shared["limits"] = {key: config["limits"][key] for key in ARCHIVE_LIMITS}
    own = {key: settings[key] for key in ("layout", "max_videos", "columns")}
    if LAYOUTS[settings["layout"]].masks and "masks" in faces_section(config, corpus):
        own["masks"] = True
    if _has_segments(settings) and uses_pairs(faces_section(config, corpus)):
        own["pairs"] = True
    return {**own, **shared, "frames": _frames_of_index(config, corpus)}


def _has_segments(settings: dict) -> bool:
    """Whether a corpus may have partial fakes."""
    return LAYOUTS[settings["layout"]].segments or bool((settings["columns"] or {}).get("segments"))


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
    cfg = frames_of_corpus(config, corpus)
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


def people_section(config: dict) -> dict:
    """Return the settings of the embeddings of faces: none of the distances, which only datasets use."""
    return {"crops": config["people"]["crops"], **network_section(config)}


def network_section(config: dict) -> dict:
    """Return the settings of the network that embeds faces, and a digest of its file; {} for dlib's."""
    cfg = config["people"]
    if cfg["model"] is None:
        return {}
    return {"model": cfg["model"], "input": cfg["input"], "content": files_digest([Path(cfg["model"])])}


def people_distances(config: dict, dataset: str | None = None) -> dict[str, float]:
    """Return `link`, `together`, `guard` and `fail`: a dataset's own, else those of `people`."""
    own = config["datasets"][dataset]["people"] if dataset else {}
    shared = {**DLIB_DISTANCES, **{k: v for k, v in config["people"].items() if v is not None}}
    return {key: own.get(key, shared[key]) for key in ("link", "together", "guard", "fail")}


def known_by(config: dict, dataset: str) -> str:
    """Return what tells a dataset's people apart: "names", "faces" or "both".

    Whole frames go by names, and drawn people, for whom the network wasn't made.
    """
    return config["datasets"][dataset]["people"]["by"] if has_faces(config, dataset) else "names"


def has_faces(config: dict, dataset: str) -> bool:
    """Return whether a dataset consists of faces and some of its people aren't drawn."""
    cfg = config["datasets"][dataset]
    return cfg["images"] == "faces" and not all(config["corpora"][c].get("demo") for c in cfg["corpora"])


def embedded_corpora(config: dict, dataset: str) -> list[str]:
    """Return the corpora whose embeddings a dataset's plan reads: those with faces, or none."""
    return corpora_with_faces(config, dataset) if config["datasets"][dataset]["policy"] == "identity" else []


def corpora_with_faces(config: dict, dataset: str) -> list[str]:
    """Return the corpora of a dataset in which faces tell who is who: those that aren't drawn, or none."""
    if known_by(config, dataset) == "names":
        return []
    corpora = config["datasets"][dataset]["corpora"]
    return [corpus for corpus in corpora if not config["corpora"][corpus].get("demo")]


def people_of_cross_datasets(config: dict) -> dict[str, dict[str, float]]:
    """Return the distances link and guard of the datasets of `evaluate.cross` that go by faces."""
    cross = config["evaluate"]["cross"]
    distances = {
        dataset: people_distances(config, dataset)
        for dataset in [*cross["datasets"], *cross["tested"]]
        if corpora_with_faces(config, dataset)
    }
    return {dataset: {key: own[key] for key in ("link", "guard")} for dataset, own in distances.items()}


def dataset_section(config: dict, dataset: str) -> dict:
    """Return the settings of a dataset's plan, with the family of each of its corpora.

    `people` has `by`, and the distances only where faces count. Of files there are the names alone: their
    content decides.
    """
    cfg = config["datasets"][dataset]
    families = {corpus: _family(corpus, config["corpora"][corpus]) for corpus in cfg["corpora"]}
    by = known_by(config, dataset)
    people = {"by": by} | ({} if by == "names" else people_distances(config, dataset))
    names = {key: cfg[key] and Path(cfg[key]).name for key in ("same_identity", "different_people")}
    splits = {"splits": _splits(cfg["splits"])}
    return {**cfg, **names, **splits, "people": people, "families": families, "seed": config["seed"]}


def _splits(splits: dict) -> dict:
    """Return the fractions; or of splits from a file its name, and what its recipe says that they were."""
    if "from" not in splits:
        return splits
    made = {key: value for key, value in splits.get("made", {}).items() if key in ("digest", "fractions")}
    return {"from": Path(splits["from"]).name, **made}


def model_section(config: dict, model: str) -> dict:
    """Return the settings of a model's training."""
    cfg = config["models"][model]
    return {**cfg, "augment": cfg["augment"] or "off", "seed": config["seed"]}  # YAML reads off as false


def ensemble_section(config: dict, ensemble: str) -> dict:
    """Return the settings that an ensemble is combined by: all but its threshold, which `finish` sets."""
    return {key: value for key, value in config["ensembles"][ensemble].items() if key != "threshold"}


def model_of_encoder(config: dict, encoder: str) -> dict:
    """Return the section of the first model whose features have the name `encoder`; UserError if none has."""
    for name in config["models"]:
        model = model_section(config, name)
        if keeps_features(model) and encoder_name(model) == encoder:
            return model
    raise UserError(f"no model of this config has features of the name {encoder}; name the model's best.pt")


def left_out_methods(config: dict, dataset: str, plan: dict) -> list[str]:
    """Return the methods of a dataset that can be left out of training, as `slugify` makes them; sorted.

    `plan` is the summary of the dataset's plan. These are the methods of which train and test have fakes,
    where train has fakes of another one too. Raises UserError if there are none.
    """
    methods = plan["methods"]
    trained = [name for name, counts in methods.items() if counts.get("train")]
    fakes = plan["splits"].get("train", {}).get("fake", {}).get("images", 0)
    found = [name for name in trained if methods[name].get("test") and methods[name]["train"] < fakes]
    if not found:
        names = ", ".join(methods) or "none"
        raise UserError(
            f"evaluate.leave_out.datasets: {dataset} has no method with fakes in train and test beside fakes "
            f"of another one (its methods: {names}); take {dataset} out of them"
        )
    return sorted(map(slugify, found))


def as_param(section: dict) -> str:
    """Return a section as JSON, with sorted keys: equal sections, and no others, give equal text."""
    return json.dumps(section, sort_keys=True, ensure_ascii=False)


def frames_of_corpus(config: dict, corpus: str) -> dict:
    """Return the `frames` settings with those of the corpus in place of the shared ones."""
    return {**config["frames"], **config["corpora"][corpus].get("frames", {})}


def _frames_of_index(config: dict, corpus: str) -> dict | None:
    """Return the settings that the index numbers frames by; None if the strategy has no count."""
    cfg, factor = _frame_count(config, corpus), config["corpora"][corpus].get("frames_factor")
    return cfg and {**cfg, **({"factor": factor} if factor else {})}


def _frame_count(config: dict, corpus: str) -> dict | None:
    """Return `count` and `boost`, for the index to number frames by; None if the strategy has no count."""
    cfg = frames_of_corpus(config, corpus)
    has_count = "count" in STRATEGIES[cfg["strategy"]][1]
    return {key: cfg[key] for key in ("count", "boost")} if has_count else None


def _family(corpus: str, settings: dict) -> str:
    """Return the family of a corpus; synthetic corpora share no family with the real ones of their layout."""
    return "demo" if settings.get("demo") else LAYOUTS[settings["layout"]].family or corpus
