"""Validation of the configuration: each error names the key and its value, and says what to write instead."""

import json
import math
from collections.abc import Iterator

import jsonschema

from deepfake.config.conflicts import find_conflicts
from deepfake.config.numbers import number_meant
from deepfake.config.paths import expand_paths
from deepfake.errors import UserError

TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "null",
}
BOUNDS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}


def check_config(config: dict, schema: dict) -> None:
    """Fill `config` in place with the defaults of the JSON schema `schema`, validate it, expand its paths.

    Raises UserError with one line for each error. Paths are only expanded, and conflicts between keys only
    looked for, in a config that fits the schema.
    """
    errors = set(_errors_of_yaml(config, ""))
    if not errors:
        errors = {_explain(error, schema) for error in _validator(schema).iter_errors(config)}
    if not errors:
        for dataset in config["datasets"].values():
            dataset.setdefault("policy", "given" if "from" in dataset["splits"] else "identity")
        errors = set(expand_paths(config)) or set(find_conflicts(config))
    if errors:
        raise UserError(
            "the configuration can't be used:\n" + "\n".join(f"  {line}" for line in sorted(errors))
        )


def _errors_of_yaml(value: object, key: str) -> Iterator[str]:
    """Yield a line for each value that YAML allows but JSON, and so a JSON schema, does not."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{key}: {value} can't be used; write a finite number"
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        inner_key = f"{key}.{name}".lstrip(".")
        if isinstance(value, dict) and isinstance(name, int) and item is None:
            yield f"{key}: {name} is read as a key, as in `0,{name}`; write numbers with a point, 0.{name}"
        elif isinstance(value, dict) and not isinstance(name, str):
            kind = type(name).__name__
            yield f"{inner_key}: {name!r} can't be a key, it is read as {kind}; write '{name}', in quotes"
        yield from _errors_of_yaml(item, inner_key)


def _validator(schema: dict) -> jsonschema.protocols.Validator:
    """Return a validator that also sets defaults, and for which 10.0 is no integer."""
    base = jsonschema.Draft202012Validator

    def with_defaults(validator, properties, instance, whole):
        if validator.is_type(instance, "object"):
            for key, sub in properties.items():
                if "default" in sub:
                    instance.setdefault(key, json.loads(json.dumps(sub["default"])))
        yield from base.VALIDATORS["properties"](validator, properties, instance, whole)

    def is_integer(checker, value):  # JSON takes 10.0 for an integer; range() doesn't
        return isinstance(value, int) and not isinstance(value, bool)

    types = base.TYPE_CHECKER.redefine("integer", is_integer)
    return jsonschema.validators.extend(base, {"properties": with_defaults}, type_checker=types)(schema)


def _explain(error: jsonschema.ValidationError, schema: dict) -> str:
    """Return one line for an error of the schema, with the description of the key as the advice."""
    key = ".".join(str(part) for part in error.absolute_path) or "the configuration"
    rules = {**_resolve(error.schema, schema), **error.schema}
    known = {name: {**_resolve(sub, schema), **sub} for name, sub in rules.get("properties", {}).items()}
    if error.validator == "additionalProperties":
        extra = sorted(set(error.instance) - set(known))
        digits = next((name for name in extra if name.isdigit()), "")
        comma = f" (0,{digits} is read as two; write 0.{digits}, with a point)" if digits else ""
        return f"{key}: unknown {', '.join(map(repr, extra))}{comma}; the keys are {', '.join(known)}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        advice = "; ".join(f"{name}: {known.get(name, {}).get('description', '')}" for name in missing)
        return f"{key}: missing {', '.join(map(repr, missing))}; write {advice}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{key}: {error.instance!r} can't be a name; write {rules['description']}"
    advice = ": ".join(filter(None, [_expected(error.validator, rules), rules.get("description", "")]))
    number = _number_meant(error, rules)
    if number and number != error.instance:
        return f"{key}: {error.instance!r} can't be used; write {number} ({advice})"
    hint = " (--config gives text: write it to a file for --configfile)" if _is_text(error, rules) else ""
    return f"{key}: {error.instance!r} can't be used; write {advice or error.message}{hint}"


def _expected(validator: str, rules: dict) -> str:
    """Return what the schema allows, such as `a whole number from 1 to 100` or `jpg | png`."""
    if "enum" in rules:
        return " | ".join(map(str, rules["enum"]))
    types = rules.get("type", [])
    kind = " or ".join(TYPES[name] for name in _as_list(types))
    bounds = [f"{word} {rules[name]}" for name, word in BOUNDS.items() if name in rules]
    return " ".join([kind, *bounds, *(["with nothing twice"] if validator == "uniqueItems" else [])]).strip()


def _number_meant(error: jsonschema.ValidationError, rules: dict) -> str:
    """Return the number, such as "0.8", that a value of another type means, such as "0,8"; "" if none."""
    parts = rules.get("anyOf", [rules])
    types = {kind for part in parts for kind in _as_list(part.get("type", []))}
    if isinstance(error.instance, str) and types & {"number", "integer"}:
        number = number_meant(error.instance, whole="number" not in types)
        return "" if number is None else str(number)
    is_item = error.absolute_path and isinstance(error.absolute_path[-1], int)
    if is_item and isinstance(error.instance, int) and any(part.get("maximum") == 1 for part in parts):
        return f"0.{error.instance} with a point, if that is a part of 0,{error.instance}"  # [0,8] is [0, 8]
    return ""


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _is_text(error: jsonschema.ValidationError, rules: dict) -> bool:
    """Whether the value is text where the schema wants another type, as from `snakemake --config`."""
    return error.validator == "type" and isinstance(error.instance, str) and "string" not in rules["type"]


def _resolve(sub: dict, schema: dict) -> dict:
    """Return the part of the schema that a `$ref`, such as `#/$defs/frames`, points to; {} without one."""
    return schema["$defs"][sub["$ref"].rpartition("/")[2]] if "$ref" in sub else {}
