"""Conflicts between keys of the configuration, which a schema can't express."""

from collections.abc import Collection, Iterator

from deepfake.config.sections import faces_of_corpus
from deepfake.errors import UserError
from deepfake.extraction.sampling import parse_fraction
from deepfake.extraction.settings import detector_names, is_aligned
from deepfake.networks.blend_settings import blend_conflict
from deepfake.networks.feature_settings import feature_conflict
from deepfake.networks.settings import checkpoint_conflict, geometry_of, head_conflict, is_missing_folder
from deepfake.people.settings import DLIB_DISTANCES
from deepfake.training.augmentation_settings import ranges_of
from deepfake.training.batch_settings import batch_conflict
from deepfake.training.tuning_settings import tuning_conflict

CORPUS_SOURCES = ("archives", "folder", "kaggle", "demo")
CLASS_LISTS = ("real", "fake")
MEDIA_SOURCES = ("folder", "archives", "list")
YUNET_KEYS = {
    "model": "the path of face_detection_yunet_2023mar.onnx",
    "sha256": "the SHA-256 of the model file, 64 digits",
}


def find_conflicts(config: dict) -> Iterator[str]:
    """Yield a line for each conflict in a config that fits the schema: the key, its value, what to write."""
    yield from _in_corpora(config)
    yield from _in_faces(config)
    yield from _in_fractions(config)
    yield from _in_people(config)
    yield from _in_datasets(config)
    yield from _in_models(config)
    yield from _in_ensembles(config)
    yield from _in_scores(config)
    yield from _in_names(config)
    yield from _in_media(config)
    yield from _in_submissions(config)


def _in_corpora(config: dict) -> Iterator[str]:
    for name, corpus in config["corpora"].items():
        given = [key for key in CORPUS_SOURCES if corpus.get(key) is not None]
        if len(given) != 1:
            yield (
                f"corpora.{name}: {' and '.join(given) or 'no source'} given; write just one of "
                f"{', '.join(CORPUS_SOURCES)} (a corpus of config.yaml keeps its source: "
                "take another name, or set that to null)"
            )
        yield from _in_columns(name, corpus["layout"], corpus["columns"])
        if corpus["layout"] == "auto" and given and given[0] in ("kaggle", "demo"):
            yield f"corpora.{name}.layout: auto can't be used with {given[0]}, which isn't there yet; name it"


def _in_columns(name: str, layout: str, columns: dict | None) -> Iterator[str]:
    key = f"corpora.{name}.columns"
    if layout == "csv":
        if missing := [column for column in ("path", "label") if column not in (columns or {})]:
            names = ", ".join(map(repr, missing))
            yield f"{key}: missing {names}; write {{path: <column>, label: <column>}}, see docs/corpora.md"
    elif layout == "labels":
        if extra := _not_in((*CLASS_LISTS, "table", "attributes"), columns or {}):
            names = ", ".join(extra)
            yield f"{key}: {names} can't be used with layout labels; write {{real: [1], fake: [0]}}"
    elif columns:
        yield f"{key}: can't be used with layout {layout}; leave it out"
    real, fake = ({str(value).lower() for value in (columns or {}).get(name, [])} for name in CLASS_LISTS)
    if both := ", ".join(sorted(real & fake)):
        yield f"{key}: {both} means both real and fake; write it in one of the lists `real` and `fake`"


def _in_faces(config: dict) -> Iterator[str]:
    faces = {name: faces_of_corpus(config, name) for name in config["corpora"]}
    for key, advice in YUNET_KEYS.items():
        missing = [
            name for name, cfg in faces.items() if "yunet" in detector_names(cfg["detector"]) and not cfg[key]
        ]
        if missing:
            detector = f"detector yunet (of {', '.join(missing)})"
            yield f"faces.{key}: None can't be used with {detector}; write {advice}"
    aligned = {name: cfg for name, cfg in faces.items() if is_aligned(cfg)}
    pointless = [
        name for name, cfg in aligned.items() if cfg["detector"] != "none" and cfg["landmarks"] == "none"
    ]
    if pointless:
        yield (
            f"faces.landmarks: none can't be used with align: five_points (of {', '.join(pointless)}); "
            "write five, which costs little, or 68"
        )
    yield from _in_smoothing(faces)
    yield from _in_crops(config, aligned)


def _in_smoothing(faces: dict[str, dict]) -> Iterator[str]:
    medians = {
        name: cfg["smooth"]
        for name, cfg in faces.items()
        if cfg["detector"] != "none" and cfg["smoothing"] == "median"
    }
    for n in sorted(n for n in set(medians.values()) if n and n % 2 == 0):
        yield (
            f"faces.smooth: {n} can't be used with smoothing: median "
            f"(of {', '.join(name for name in medians if medians[name] == n)}); "
            f"write {n + 1}, a frame and as many before as after it"
        )


def _in_crops(config: dict, aligned: dict[str, dict]) -> Iterator[str]:
    """Yield a line for each `align` of images that no detector searches; inherited ones count for nothing."""
    asked = {}
    for name, cfg in aligned.items():
        own = config["corpora"][name].get("faces", {})
        if cfg["detector"] == "none" and ("align" in own or "detector" not in own):
            key = f"corpora.{name}.faces.align" if "align" in own else "faces.align"
            asked.setdefault(key, []).append(name)
    for key, names in asked.items():
        yield (
            f"{key}: five_points can't be used with detector: none (of {', '.join(names)}), "
            "whose images are crops already; write none"
        )


def _in_fractions(config: dict) -> Iterator[str]:
    keys = {"frames.at": config["frames"]["at"]}
    for section in ("corpora", "media"):
        for name, settings in config[section].items():
            keys[f"{section}.{name}.frames.at"] = settings.get("frames", {}).get("at", [])
    for key, fractions in keys.items():
        for fraction in fractions:
            try:
                parse_fraction(fraction)
            except ValueError:
                yield f"{key}: {fraction!r} can't be used; write a part from 0 to 1, such as 1/3"


def _in_people(config: dict) -> Iterator[str]:
    people = config["people"]
    if people["model"] is None:
        if people["input"] is not None:
            yield (
                f"people.input: {people['input']} can't be used with dlib's network, which knows its own; "
                "write null, or the path of your network as people.model"
            )
        return
    if people["input"] is None:
        yield (
            "people.input: null can't be used with a network of your own; write what it wants, such as "
            "{side: 112, template: arcface, mean: 127.5, std: 127.5, channels: rgb}"
        )
    for key in DLIB_DISTANCES:
        if people[key] is None:
            yield (
                f"people.{key}: null means a distance of dlib's network, and people.model is another; write "
                "one that you have measured with yours, between unit vectors (0 to 2; see docs/people.md)"
            )


def _in_datasets(config: dict) -> Iterator[str]:
    for name, dataset in config["datasets"].items():
        if problem := _without_faces(config, dataset):
            yield f"datasets.{name}.people.by: faces can't be used with {problem}; write names or both"
        if unknown := _not_in(config["corpora"], dataset["corpora"]):
            known = ", ".join(config["corpora"])
            yield f"datasets.{name}.corpora: {unknown} can't be used, no such corpora; write some of {known}"
        if extra := _not_in(dataset["corpora"], dataset["test_only"]):
            yield f"datasets.{name}.test_only: {extra} can't be used; write some of {dataset['corpora']}"
        if not _not_in(dataset["test_only"], dataset["corpora"]):
            yield f"datasets.{name}.test_only: nothing is left to train on; leave a corpus out of it"
        if problem := _splits_conflict(dataset):
            yield f"datasets.{name}.{problem}"


def _splits_conflict(dataset: dict) -> str:
    """Return what is wrong with a dataset's `splits`, or "". Fractions beside `from` count for nothing."""
    splits = dataset["splits"]
    if "from" in splits:
        return ""
    if dataset["policy"] == "given":
        return "policy: given is for splits from a file; write splits: {from: splits.csv}, or another policy"
    if "made" in splits:
        return "splits.made: says how a file was made, and there is none; write from: splits.csv beside it"
    if "train" not in splits:
        return "splits: missing 'train'; write train: fraction for training (0 for none), or from: splits.csv"
    if abs((total := sum(splits.values())) - 1) > 1e-6:
        return (
            f"splits: {splits} add up to {total:g}; write parts that add up to 1 (0 for a split of "
            "config.yaml that you don't want)"
        )
    return ""


def _without_faces(config: dict, dataset: dict) -> str:
    """Return why a dataset can't go by faces alone, though it is to; "" if it can, or isn't to."""
    if dataset["people"]["by"] != "faces":
        return ""
    if dataset["images"] == "frames":
        return "images: frames"
    drawn = [bool(config["corpora"].get(corpus, {}).get("demo")) for corpus in dataset["corpora"]]
    return "demo corpora alone, whose people are drawn" if all(drawn) else ""


def _in_models(config: dict) -> Iterator[str]:
    for name, model in config["models"].items():
        try:
            if not is_missing_folder(model):  # sources.check_model reports that, where the model is used
                geometry_of(model)
            if problem := head_conflict(model) or checkpoint_conflict(model):
                yield f"models.{name}: {problem}"
        except ValueError as error:
            yield f"models.{name}: {error}"
        if problem := batch_conflict(model) or tuning_conflict(model) or feature_conflict(model):
            yield f"models.{name}.{problem}"
        if problem := blend_conflict(model):
            yield f"models.{name}: {problem}"
        try:
            ranges_of(model["augment"] or "off")
        except UserError as error:
            yield f"models.{name}.{error}"


def _in_ensembles(config: dict) -> Iterator[str]:
    ensembles = config["ensembles"]
    for name in ensembles:
        if name in config["models"]:
            yield f"ensembles.{name}: a model has this name; take another one"
        seen, new = set(), {name}
        while new:
            new = {m for e in new for m in ensembles[e]["models"] if m in ensembles} - seen
            seen |= new
        if name in seen:
            yield f"ensembles.{name}.models: it would contain itself; leave out what leads back to it"


def _in_scores(config: dict) -> Iterator[str]:
    for name, scores in config["scores"].items():
        if name in config["models"] or name in config["ensembles"]:
            yield f"scores.{name}: a model or an ensemble has this name; take another one"
        if scores["dataset"] not in config["datasets"]:
            known = ", ".join(config["datasets"])
            yield (
                f"scores.{name}.dataset: {scores['dataset']} can't be used, no such dataset; "
                f"write one of {known}"
            )


def _in_names(config: dict) -> Iterator[str]:
    """Yield a line for each key that names a model or a dataset which the config doesn't have."""
    models = [*config["models"], *config["ensembles"]]
    cross, left_out = config["evaluate"]["cross"], config["evaluate"]["leave_out"]
    used = {
        "train.models": (config["train"]["models"], "models", models),
        "train.dataset": ([config["train"]["dataset"]], "datasets", config["datasets"]),
        "evaluate.cross.models": (cross["models"], "models", models),
        "evaluate.leave_out.models": (left_out["models"], "models", config["models"]),
        "evaluate.leave_out.datasets": (left_out["datasets"], "datasets", config["datasets"]),
        "evaluate.cross.datasets": (cross["datasets"], "datasets", config["datasets"]),
        "evaluate.cross.tested": (cross["tested"], "datasets", config["datasets"]),
    }
    for name, ensemble in config["ensembles"].items():
        used[f"ensembles.{name}.models"] = (ensemble["models"], "models", models)
    for key, (names, kind, known) in used.items():
        if unknown := _not_in(known, names):
            yield f"{key}: {unknown} can't be used, no such {kind}; write some of {', '.join(known)}"
    if bool(left_out["models"]) != bool(left_out["datasets"]):
        yield "evaluate.leave_out: models or datasets alone can't be used; name some of both, or none"
    if bool(cross["models"]) != bool(cross["datasets"]):
        yield "evaluate.cross: models or datasets alone can't be used; name some of both, or none"
    trained = {config["train"]["dataset"] if config["train"]["models"] else None}
    trained |= {*cross["datasets"], *left_out["datasets"]}
    for name in sorted(trained & set(config["datasets"])):
        splits = config["datasets"][name]["splits"]
        if "from" not in splits and splits.get("train") == 0:
            yield f"datasets.{name}.splits.train: 0 can't be used, as models are trained on it; write a part"
    if cross["tested"] and not cross["datasets"]:
        yield "evaluate.cross.tested: can't be used without datasets that models are trained on; name some"


def _in_media(config: dict) -> Iterator[str]:
    for name, media in config["media"].items():
        given = [key for key in MEDIA_SOURCES if media[key]]
        if len(given) != 1:
            yield (
                f"media.{name}: {' and '.join(given) or 'no source'} given; write just one of "
                f"{', '.join(MEDIA_SOURCES)} (set that of config.yaml to null, or take another name)"
            )


def _in_submissions(config: dict) -> Iterator[str]:
    low, high = config["submissions"]["submission"]["clip"]
    if low >= high:
        yield f"submissions.submission.clip: {[low, high]} can't be used; write the lower number first"


def _not_in(known: Collection[str], names: Collection[str]) -> list[str]:
    return [name for name in names if name not in known]
