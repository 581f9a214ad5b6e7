"""What every form of a model tells of itself beside its weights, as one JSON text; imports no torch."""

import json
from collections.abc import Iterator
from pathlib import Path

from deepfake.inputs.geometry import RESAMPLE, Geometry
from deepfake.networks.errors import WeightsDontFit

KEY = "deepfake"
"""Under it the facts lie in the metadata of a file that others can read too."""

FORMAT = 2
CLASSES = ["real", "fake"]  # by label
LARGEST = 8192  # pixels; no network takes more
MOST_PARTS = 64  # of an ensemble
MOST_TEXT = 4_000_000  # characters of the facts
KEYS = {
    "format": int,
    "classes": list,
    "threshold": float,
    "video_threshold": float,
    "preprocessing": dict,
    "training": dict,
    "dataset": dict,
    "versions": dict,
    "metrics": dict,
}


def as_text(facts: dict) -> str:
    """The facts of a checkpoint (all but its weights) as JSON; the same facts give the same text."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))


def read_facts(text: str | None, path: str | Path) -> dict:
    """What as_text wrote, checked; `path` is the file that it was found in.

    WeightsDontFit, naming the key, where it is absent or isn't what a model of this workflow tells.
    """
    if text is None:
        raise WeightsDontFit(
            f"{path} doesn't say how its images are made; only files that convert.py wrote can be used"
        )
    if len(text) > MOST_TEXT:
        raise WeightsDontFit(f"{path}: its facts have {len(text)} characters, and {MOST_TEXT} are the most")
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightsDontFit(f"{path}: its facts are no JSON: {error}") from None
    if not isinstance(facts, dict):
        raise WeightsDontFit(f"{path}: its facts are {type(facts).__name__}, and dict is needed")
    if problem := _problem(facts):
        raise WeightsDontFit(f"{path}: {problem}")
    return facts


def facts_of(checkpoint: dict) -> dict:
    """All of a checkpoint but its weights."""
    facts = {key: value for key, value in checkpoint.items() if key != "state"}
    if "parts" in facts:
        facts["parts"] = [{k: v for k, v in part.items() if k != "state"} for part in facts["parts"]]
    return facts


def geometries_of(facts: dict) -> list[Geometry]:
    """What checked facts say that the model takes, each once, in the order of a batch."""
    parts = facts.get("parts", [facts])
    return list(dict.fromkeys(Geometry(**part["geometry"]) for part in parts))


def _problem(facts: dict) -> str | None:
    """The first thing that is wrong."""
    if missing := [key for key in KEYS if key not in facts]:
        return f"its facts lack {', '.join(missing)}"
    for key, kind in KEYS.items():
        if type(facts[key]) is not kind:
            return f"{key} is {type(facts[key]).__name__}, and {kind.__name__} is needed"
    if problem := next(shared_problems(facts), None):
        return problem
    parts = facts.get("parts", [facts])
    if not isinstance(parts, list) or not 1 <= len(parts) <= MOST_PARTS:
        return f"parts are no list of 1 to {MOST_PARTS}"
    for part in parts:
        geometry = part.get("geometry") if isinstance(part, dict) else None
        if not is_geometry(geometry):
            return f"geometry is {geometry}, which is none"
    return None


def shared_problems(facts: dict) -> Iterator[str]:
    """What is wrong with values of KEYS, whose types are right, in a checkpoint or in facts alone."""
    if facts["format"] != FORMAT:
        yield f"its format is {facts['format']}, and {FORMAT} is known"
    if facts["classes"] != CLASSES:
        yield f"classes are {facts['classes']}, and {CLASSES} are needed"
    for key in ("threshold", "video_threshold"):
        if not 0 <= facts[key] <= 1:
            yield f"{key} is {facts[key]}, not from 0 to 1"
    if any(not isinstance(facts["dataset"].get(key), str) for key in ("name", "sha256")):
        yield "dataset has no name or no sha256"


def is_geometry(geometry: object) -> bool:
    """Whether `geometry`, whoever wrote it, is that of a Geometry."""
    if not isinstance(geometry, dict) or geometry.keys() != {"size", "resize", "resample"}:
        return False
    size, resize = geometry["size"], geometry["resize"]
    return (
        type(size) is int
        and type(resize) is int
        and 1 <= size <= resize <= LARGEST
        and geometry["resample"] in RESAMPLE
    )
