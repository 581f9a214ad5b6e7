"""The configuration: checked against the schema, with errors that name the key and say what to write."""

import glob
import json
from collections.abc import Iterator

import jsonschema

from deepfake.sampling import STRATEGIES

SOURCES = ("archives", "folder", "kaggle", "demo")
DETECTOR_KEYS = {"dlib": {"upsample"}, "yunet": {"model", "sha256", "min_score"}}


class BadConfig(ValueError):
    """One line for each thing that is wrong, each with key, value and what to write."""


def check_config(config: dict, schema: dict) -> None:
    """Fill `config` with the schema's defaults; raises BadConfig for everything wrong at once."""
    problems = [_explain(error) for error in _validator(schema).iter_errors(config)]
    if not problems:
        problems = list(_contradictions(config))
    if problems:
        raise BadConfig("the configuration can't be used:\n" + "\n".join(f"  {p}" for p in sorted(problems)))


def _validator(schema: dict) -> jsonschema.protocols.Validator:
    base = jsonschema.Draft202012Validator

    def with_defaults(validator, properties, instance, whole):
        if validator.is_type(instance, "object"):
            for key, sub in properties.items():
                if "default" in sub:
                    instance.setdefault(key, json.loads(json.dumps(sub["default"])))
        yield from base.VALIDATORS["properties"](validator, properties, instance, whole)

    return jsonschema.validators.extend(base, {"properties": with_defaults})(schema)


def _explain(error: jsonschema.ValidationError) -> str:
    key = ".".join(str(part) for part in error.absolute_path) or "the configuration"
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties":
        extra = sorted(set(error.instance) - set(known))
        return f"{key}: unknown {', '.join(map(repr, extra))}; the keys are {', '.join(known)}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        wanted = "; ".join(f"{name}: {known.get(name, {}).get('description', '')}" for name in missing)
        return f"{key}: missing {', '.join(map(repr, missing))}; write {wanted}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{key}: {error.instance!r} can't be a name; write {error.schema['description']}"
    wanted = error.schema.get("description") or error.message
    kind = {"enum": " | ".join(map(str, error.schema.get("enum", []))), "type": error.schema.get("type")}
    bounds = [
        f"{word} {error.schema[name]}"
        for name, word in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"))
        if name in error.schema
    ]
    form = kind.get(error.validator) or " ".join(bounds) or error.message
    return f"{key}: {error.instance!r} can't be used; write {form}: {wanted}"


def _contradictions(config: dict) -> Iterator[str]:
    for name, corpus in config["corpora"].items():
        given = [key for key in SOURCES if corpus.get(key) is not None]
        if len(given) != 1:
            yield (
                f"corpora.{name}: {' and '.join(given) or 'no source'} given; write just one of {', '.join(SOURCES)}"
                " (a name that config.yaml has already keeps its source: take another name, or set that to null)"
            )
        faces = {**config["faces"], **corpus.get("faces", {})}
        for key in ("model", "sha256"):
            if faces["detector"] == "yunet" and not faces[key]:
                yield f"faces.{key}: {faces[key]!r} can't be used with detector yunet (corpus {name}); write its {key}"
    for name, dataset in config["datasets"].items():
        unknown = [c for c in dataset["corpora"] if c not in config["corpora"]]
        if unknown:
            yield f"datasets.{name}.corpora: {unknown} not among corpora; write some of {list(config['corpora'])}"
        total = sum(dataset["splits"].values())
        if abs(total - 1) > 1e-6:
            yield f"datasets.{name}.splits: {dataset['splits']} add up to {total:g}; write parts that add up to 1"


def archive_paths(corpus: dict) -> list[str]:
    """The paths that a corpus's `archives` patterns stand for, or its `folder`; sorted, each once.

    A pattern that fits nothing stays as it is, so that the error names it.
    """
    if corpus.get("folder"):
        return [corpus["folder"]]
    return sorted({path for pattern in corpus["archives"] for path in glob.glob(pattern, recursive=True) or [pattern]})


def frames_section(config: dict, corpus: str) -> dict:
    """The `frames` settings of a corpus, and of them only those that its strategy uses."""
    cfg = {**config["frames"], **config["corpora"][corpus].get("frames", {})}
    keys = {"strategy", "format", *STRATEGIES[cfg["strategy"]][1]}
    keys |= {"quality"} if cfg["format"] == "jpg" else set()
    seed = {"seed": config["seed"]} if cfg["strategy"] == "random" else {}
    return {key: cfg[key] for key in sorted(keys)} | seed


def faces_section(config: dict, corpus: str) -> dict:
    """The `faces` settings of a corpus, and of them only those that its detector and search use."""
    cfg = {**config["faces"], **config["corpora"][corpus].get("faces", {})}
    unused = set().union(*DETECTOR_KEYS.values()) - DETECTOR_KEYS[cfg["detector"]]
    unused |= {"quality"} if cfg["format"] == "png" else set()
    settled = {"recount": 0} if cfg["search"] == "full" else {}  # every frame is searched whole anyway
    return {key: value for key, value in sorted((cfg | settled).items()) if key not in unused}


def index_section(config: dict, corpus: str) -> dict:
    """What the index of a corpus depends on."""
    wanted = config["corpora"][corpus]
    shared = {key: config[key] for key in ("seed", "shard_size", "limits")}
    return {"layout": wanted["layout"], "max_videos": wanted["max_videos"], **shared}


def dataset_section(config: dict, dataset: str) -> dict:
    """What the plan of a dataset depends on."""
    return {**config["datasets"][dataset], "seed": config["seed"]}


def as_param(section: dict) -> str:
    """A section as the text that a script gets: any change of it, and no other, changes the text."""
    return json.dumps(section, sort_keys=True, ensure_ascii=False)
