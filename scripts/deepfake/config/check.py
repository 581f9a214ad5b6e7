"""The configuration: checked against the schema, with errors that name the key and say what to write."""

import glob
import json
import math
from collections.abc import Iterator

import jsonschema

from deepfake.config.conflicts import contradictions
from deepfake.errors import UserError
from deepfake.extraction.sampling import STRATEGIES
from deepfake.layouts import FAMILIES

SEARCH_KEYS = {"search", "recount", "width", "max_faces", "margin"}
DETECTOR_KEYS = {
    "dlib": {"upsample", *SEARCH_KEYS},
    "yunet": {"model", "sha256", "min_score", *SEARCH_KEYS},
    "none": set(),
}
COUNTED = ("uniform", "random")
"""Strategies whose number of frames the index settles for each video, as `frames_wanted`."""


def check_config(config: dict, schema: dict) -> None:
    """Fill `config` with the schema's defaults; raises UserError for everything wrong at once."""
    problems = set(_strange(config, ""))
    if not problems:
        problems = {_explain(error, schema) for error in _validator(schema).iter_errors(config)}
    if not problems:
        problems = set(contradictions(config))
    if problems:
        raise UserError("the configuration can't be used:\n" + "\n".join(f"  {p}" for p in sorted(problems)))


def _strange(value: object, key: str) -> Iterator[str]:
    """What YAML can say and JSON, which schemas are made for, can not."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{key}: {value} can't be used; write a finite number"
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        place = f"{key}.{name}".lstrip(".")
        if isinstance(value, dict) and not isinstance(name, str):
            kind = type(name).__name__
            yield f"{place}: {name!r} can't be a key, it is read as {kind}; write '{name}', in quotes"
        yield from _strange(item, place)


def _validator(schema: dict) -> jsonschema.protocols.Validator:
    base = jsonschema.Draft202012Validator

    def with_defaults(validator, properties, instance, whole):
        if validator.is_type(instance, "object"):
            for key, sub in properties.items():
                if "default" in sub:
                    instance.setdefault(key, json.loads(json.dumps(sub["default"])))
        yield from base.VALIDATORS["properties"](validator, properties, instance, whole)

    def is_whole(checker, value):  # JSON takes 10.0 for an integer; range() doesn't
        return isinstance(value, int) and not isinstance(value, bool)

    types = base.TYPE_CHECKER.redefine("integer", is_whole)
    return jsonschema.validators.extend(base, {"properties": with_defaults}, type_checker=types)(schema)


KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "null",
}
BOUNDS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}


def _explain(error: jsonschema.ValidationError, schema: dict) -> str:
    key = ".".join(str(part) for part in error.absolute_path) or "the configuration"
    rules = {**_referred(error.schema, schema), **error.schema}
    known = {name: {**_referred(sub, schema), **sub} for name, sub in rules.get("properties", {}).items()}
    if error.validator == "additionalProperties":
        extra = sorted(set(error.instance) - set(known))
        return f"{key}: unknown {', '.join(map(repr, extra))}; the keys are {', '.join(known)}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        wanted = "; ".join(f"{name}: {known.get(name, {}).get('description', '')}" for name in missing)
        return f"{key}: missing {', '.join(map(repr, missing))}; write {wanted}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{key}: {error.instance!r} can't be a name; write {rules['description']}"
    form = ": ".join(filter(None, [_form(error.validator, rules), rules.get("description", "")]))
    hint = (
        " (--config gives text: write it to a file for --configfile)" if _is_from_shell(error, rules) else ""
    )
    return f"{key}: {error.instance!r} can't be used; write {form or error.message}{hint}"


def _form(validator: str, rules: dict) -> str:
    if "enum" in rules:
        return " | ".join(map(str, rules["enum"]))
    types = rules.get("type", [])
    kind = " or ".join(KINDS[name] for name in ([types] if isinstance(types, str) else types))
    bounds = [f"{word} {rules[name]}" for name, word in BOUNDS.items() if name in rules]
    return " ".join([kind, *bounds, *(["with nothing twice"] if validator == "uniqueItems" else [])]).strip()


def _is_from_shell(error: jsonschema.ValidationError, rules: dict) -> bool:
    return error.validator == "type" and isinstance(error.instance, str) and "string" not in rules["type"]


def _referred(sub: dict, schema: dict) -> dict:
    """What a `$ref` of the schema, such as `#/$defs/frames`, stands for."""
    return schema["$defs"][sub["$ref"].rpartition("/")[2]] if "$ref" in sub else {}


def archive_paths(corpus: dict) -> list[str]:
    """The paths that a corpus's `archives` patterns stand for, or its `folder`; sorted, each once.

    A pattern that fits nothing stays as it is, so that the error names it.
    """
    if corpus.get("folder"):
        return [corpus["folder"]]
    found = {pattern: glob.glob(pattern, recursive=True) or [pattern] for pattern in corpus["archives"]}
    return sorted({path for paths in found.values() for path in paths})


def label_paths(config: dict, corpus: str) -> list[str]:
    """The files that a corpus's `label_files` stand for; sorted, each once. UserError if one fits nothing."""
    patterns = config["corpora"][corpus]["label_files"] or []
    found = {pattern: glob.glob(pattern, recursive=True) for pattern in patterns}
    for pattern, paths in found.items():
        if not paths:
            raise UserError(
                f"corpora.{corpus}.label_files: {pattern!r} fits no file; write a path or pattern"
            )
    return sorted({path for paths in found.values() for path in paths})


def frames_section(config: dict, corpus: str) -> dict:
    """The `frames` settings of a corpus, and of them only those that its strategy uses."""
    cfg = _frames(config, corpus)
    keys = {"strategy", "format", *STRATEGIES[cfg["strategy"]][1]} - {"count"}  # the index has settled that
    keys |= {"quality"} if cfg["format"] == "jpg" else set()
    seed = {"seed": config["seed"]} if cfg["strategy"] == "random" else {}
    return {key: cfg[key] for key in sorted(keys)} | seed


def _frames(config: dict, corpus: str) -> dict:
    """The `frames` settings of a corpus, its own laid over everybody's."""
    return {**config["frames"], **config["corpora"][corpus].get("frames", {})}


def faces_section(config: dict, corpus: str) -> dict:
    """The `faces` settings of a corpus, and of them only those that its detector and search use."""
    cfg = {**config["faces"], **config["corpora"][corpus].get("faces", {})}
    unused = set().union(*DETECTOR_KEYS.values()) - DETECTOR_KEYS[cfg["detector"]]
    unused |= {"quality"} if cfg["format"] == "png" else set()
    if cfg["search"] == "full":
        cfg["recount"] = 0  # every frame is searched whole anyway
    return {key: value for key, value in sorted(cfg.items()) if key not in unused}


def index_section(config: dict, corpus: str) -> dict:
    """What the index of a corpus depends on."""
    wanted = config["corpora"][corpus]
    shared = {key: config[key] for key in ("seed", "shard_size", "limits")}
    own = {key: wanted[key] for key in ("layout", "max_videos", "columns")}
    return {**own, **shared, "frames": _counted(config, corpus)}


def _counted(config: dict, corpus: str) -> dict | None:
    """The settings by which the index says how many frames each video gives, where the strategy counts."""
    cfg = _frames(config, corpus)
    return {key: cfg[key] for key in ("count", "boost")} if cfg["strategy"] in COUNTED else None


def dataset_section(config: dict, dataset: str) -> dict:
    """What the plan of a dataset depends on."""
    cfg = config["datasets"][dataset]
    families = {corpus: _family(corpus, config["corpora"][corpus]) for corpus in cfg["corpora"]}
    return {**cfg, "families": families, "seed": config["seed"]}


def _family(corpus: str, wanted: dict) -> str:
    """What the names of a corpus's people and originals belong to; those of the demo to no real corpus."""
    return "demo" if wanted.get("demo") else FAMILIES.get(wanted["layout"], corpus)


def model_section(config: dict, model: str) -> dict:
    """What the training of a model depends on, its dataset apart."""
    cfg = config["models"][model]
    return {**cfg, "augment": cfg["augment"] or "off", "seed": config["seed"]}  # YAML reads off as false


def image_sections(config: dict, dataset: str) -> dict[str, dict[str, dict]]:
    """How the images of each of a dataset's corpora were made: for its card."""
    return {
        corpus: {
            "frames": frames_section(config, corpus) | (_counted(config, corpus) or {}),
            "faces": faces_section(config, corpus),
        }
        for corpus in config["datasets"][dataset]["corpora"]
    }


def as_param(section: dict) -> str:
    """A section as the text that a script gets: any change of it, and no other, changes the text."""
    return json.dumps(section, sort_keys=True, ensure_ascii=False)
