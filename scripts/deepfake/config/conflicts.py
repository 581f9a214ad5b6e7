"""What in a configuration can't be true at once, beyond what the schema can say."""

from collections.abc import Iterator

from deepfake.extraction.sampling import parse_fraction
from deepfake.networks.settings import geometry_of

SOURCES = ("archives", "folder", "kaggle", "demo")
PLACES = ("folder", "archives", "list")
YUNET = {
    "model": "the path of face_detection_yunet_2023mar.onnx",
    "sha256": "the SHA-256 of the model file, 64 digits",
}


def contradictions(config: dict) -> Iterator[str]:
    """A line for each thing that is wrong, with its key, its value and what to write."""
    for name, corpus in config["corpora"].items():
        given = [key for key in SOURCES if corpus.get(key) is not None]
        if len(given) != 1:
            yield (
                f"corpora.{name}: {' and '.join(given) or 'no source'} given; write just one of "
                f"{', '.join(SOURCES)} (a name that config.yaml has already keeps its source: "
                "take another name, or set that to null)"
            )
        if corpus["layout"] == "csv" and not corpus["columns"]:
            yield f"corpora.{name}.columns: missing; write {{path: <column>, label: <column>}}, see README"
        if corpus["layout"] != "csv" and corpus["columns"]:
            yield f"corpora.{name}.columns: can't be used with layout {corpus['layout']}; leave it out"
        yield from _bad_fractions(f"corpora.{name}.frames.at", corpus.get("frames", {}).get("at", []))
    yield from _bad_fractions("frames.at", config["frames"]["at"])
    faces = {
        name: {**config["faces"], **corpus.get("faces", {})} for name, corpus in config["corpora"].items()
    }
    for key, wanted in YUNET.items():
        lacking = [name for name, cfg in faces.items() if cfg["detector"] == "yunet" and not cfg[key]]
        if lacking:
            where = f"detector yunet (of {', '.join(lacking)})"
            yield f"faces.{key}: None can't be used with {where}; write {wanted}"
    for name, dataset in config["datasets"].items():
        unknown = [c for c in dataset["corpora"] if c not in config["corpora"]]
        if unknown:
            known = ", ".join(config["corpora"])
            yield f"datasets.{name}.corpora: {unknown} can't be used, no such corpora; write some of {known}"
        if extra := [c for c in dataset["test_only"] if c not in dataset["corpora"]]:
            yield f"datasets.{name}.test_only: {extra} can't be used; write some of {dataset['corpora']}"
        if not set(dataset["corpora"]) - set(dataset["test_only"]):
            yield f"datasets.{name}.test_only: nothing is left to train on; leave a corpus out of it"
        total = sum(dataset["splits"].values())
        if abs(total - 1) > 1e-6:
            yield (
                f"datasets.{name}.splits: {dataset['splits']} add up to {total:g}; write parts that add up "
                "to 1 (a part of config.yaml that isn't wanted: 0)"
            )

    models = [*config["models"], *config["ensembles"]]
    asked = {
        "train.models": (config["train"]["models"], "models", models),
        "train.dataset": ([config["train"]["dataset"]], "datasets", config["datasets"]),
        "evaluate.cross.models": (config["evaluate"]["cross"]["models"], "models", models),
        "evaluate.cross.datasets": (config["evaluate"]["cross"]["datasets"], "datasets", config["datasets"]),
    }
    for name, ensemble in config["ensembles"].items():
        asked[f"ensembles.{name}.models"] = (ensemble["models"], "models", models)
    for key, (names, kind, known) in asked.items():
        if unknown := [name for name in names if name not in known]:
            yield f"{key}: {unknown} can't be used, no such {kind}; write some of {', '.join(known)}"
    yield from _bad_ensembles(config)
    yield from _bad_media(config)
    cross = config["evaluate"]["cross"]
    if bool(cross["models"]) != bool(cross["datasets"]):
        yield "evaluate.cross: models or datasets alone can't be used; name some of both, or none"
    for name, model in config["models"].items():
        try:
            geometry_of(model)
        except ValueError as error:
            yield f"models.{name}: {error}"


def _bad_fractions(key: str, parts: list[str | float]) -> Iterator[str]:
    for part in parts:
        try:
            parse_fraction(part)
        except ValueError:
            yield f"{key}: {part!r} can't be used; write a part from 0 to 1, such as 1/3"


def _bad_ensembles(config: dict) -> Iterator[str]:
    ensembles = config["ensembles"]
    for name in ensembles:
        if name in config["models"]:
            yield f"ensembles.{name}: a model has this name; take another one"
        seen, new = set(), {name}
        while new:
            new = {m for e in new for m in ensembles[e]["models"] if m in ensembles} - seen
            seen |= new
        if name in seen:
            yield f"ensembles.{name}.models: it would be part of itself; leave out what leads back to it"


def _bad_media(config: dict) -> Iterator[str]:
    for name, media in config["media"].items():
        given = [key for key in PLACES if media[key]]
        if len(given) != 1:
            yield (
                f"media.{name}: {' and '.join(given) or 'no place'} given; write just one of "
                f"{', '.join(PLACES)} (set that of config.yaml to null, or take another name)"
            )
        yield from _bad_fractions(f"media.{name}.frames.at", media.get("frames", {}).get("at", []))
    low, high = config["submissions"]["submission"]["clip"]
    if low >= high:
        yield f"submissions.submission.clip: {[low, high]} can't be used; write the lower number first"
