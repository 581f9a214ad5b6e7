"""How media are made ready for a model: as the images that it learnt from, which its checkpoint records."""

from collections.abc import Callable
from pathlib import Path

from deepfake.errors import UserError
from deepfake.extraction.sampling import STRATEGIES, parse_fraction

SHOWS = ("faces", "frames")
FORMATS = ("jpg", "png")
AGAIN = "train it again, or get it from whom you trust"
KEYS = {"strategy", "count", "boost", "every", "max", "at", "format", "quality", "seed"}


def preprocessing_of(
    facts: dict,
    corpus: str | None = None,
    frames: dict | None = None,
    crops: bool = False,
    face_model: str | Path | None = None,
) -> dict:
    """How to make media ready for the model whose `facts` these are.

    `shows` is "faces" or "frames", `frames` and `faces` are the sections by which frames are taken and faces
    are searched and cut, `stills` the `faces` section for stills. They are those of the recorded default
    corpus, or of `corpus`. What `frames` holds takes the place of the recorded settings; with `crops` stills
    are face crops already; `face_model` is where YuNet's file lies, if it isn't where it was. Raises
    ValueError where nothing is recorded, or what is asked for doesn't exist.
    """
    recorded = facts.get("preprocessing")
    if not recorded:
        raise UserError(
            "the model doesn't say how the images that it learnt from were made, so none can be made alike; "
            "train it on a dataset of this workflow"
        )
    corpora = recorded.get("corpora")
    corpus = recorded.get("default") if corpus is None else corpus
    if recorded.get("shows") not in SHOWS or not isinstance(corpora, dict) or not isinstance(corpus, str):
        raise UserError(f"the model's preprocessing is none of this workflow; {AGAIN}")
    if corpus not in corpora:
        known = ", ".join(sorted(map(str, corpora)))
        raise UserError(f"the model has learnt from no corpus {corpus!r}; write one of {known}")
    sections = corpora[corpus]
    if not isinstance(sections, dict) or not all(isinstance(sections.get(k), dict) for k in SHOWS):
        raise UserError(f"the model's preprocessing of {corpus} lacks frames or faces; {AGAIN}")
    faces = dict(sections["faces"])
    if wrong := [key for key in _needed(faces) if not FACES[key](faces.get(key))]:
        raise UserError(f"the model's faces.{wrong[0]} is {faces.get(wrong[0])!r}, which can't be; {AGAIN}")
    stills = {key: faces[key] for key in ("size", "format", "quality") if key in faces} | {"detector": "none"}
    if face_model is not None and faces["detector"] == "yunet":
        faces["model"] = str(face_model)
    return {
        "shows": recorded["shows"],
        "frames": _checked({**sections["frames"], **(frames or {})}),
        "faces": faces,
        "stills": stills if crops else faces,
    }


def _needed(faces: dict) -> list[str]:
    """The keys of a `faces` section that its detector needs."""
    keys = ["detector", "size", "format", *(["quality"] if faces.get("format") == "jpg" else [])]
    if faces.get("detector") == "none":
        return keys
    keys += ["search", "recount", "width", "margin"]
    return keys + (["upsample"] if faces.get("detector") == "dlib" else ["model", "sha256", "min_score"])


def _checked(cfg: dict) -> dict:
    """The `frames` section with all that its strategy needs. Raises UserError, naming the key."""
    if unknown := sorted(set(cfg) - KEYS):
        raise UserError(f"frames: unknown {', '.join(unknown)}; the keys are {', '.join(sorted(KEYS))}")
    if cfg.get("strategy") not in STRATEGIES:
        raise UserError(f"frames.strategy is {cfg.get('strategy')!r}: write one of {', '.join(STRATEGIES)}")
    cfg = {"max": None, **cfg} if cfg["strategy"] == "interval" else cfg
    for key in STRATEGIES[cfg["strategy"]][1]:
        if not _fits(key, cfg.get(key)):
            raise UserError(
                f"frames.{key} is {cfg.get(key)!r}: strategy {cfg['strategy']} needs {NEEDS[key]}"
            )
    if cfg.get("format") not in FORMATS:
        raise UserError(f"frames.format is {cfg.get('format')!r}: write one of {', '.join(FORMATS)}")
    if cfg["format"] == "jpg" and not (_is_whole(cfg.get("quality")) and cfg["quality"] <= 100):
        raise UserError(f"frames.quality is {cfg.get('quality')!r}: write a whole number from 1 to 100")
    return cfg


NEEDS = {
    "count": "a whole number from 1",
    "every": "a whole number from 1",
    "max": "a whole number from 1, or null for all",
    "at": 'a list of parts of the video, such as ["1/3", 0.5]',
}


def _fits(key: str, value: object) -> bool:
    if key == "at":
        return isinstance(value, list) and bool(value) and all(map(_is_part, value))
    return _is_whole(value) or (key == "max" and value is None)


def _is_whole(value: object) -> bool:
    return type(value) is int and value >= 1


def _is_part(value: object) -> bool:
    try:
        parse_fraction(value)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError):
        return False
    return True


def _is_number(low: float, high: float, kinds: tuple[type, ...] = (int,)) -> Callable[[object], bool]:
    return lambda value: type(value) in kinds and low <= value <= high


FACES = {
    "detector": lambda value: value in ("dlib", "yunet", "none"),
    "size": _is_number(16, 2048),
    "format": lambda value: value in FORMATS,
    "quality": _is_number(1, 100),
    "search": lambda value: value in ("full", "track"),
    "recount": _is_number(0, 10**6),
    "width": _is_number(80, 8192),
    "margin": _is_number(0.5, 5, (int, float)),
    "upsample": _is_number(0, 3),
    "model": lambda value: isinstance(value, str),
    "sha256": lambda value: isinstance(value, str),
    "min_score": _is_number(0, 1, (int, float)),
}
"""What the keys of a `faces` section may be, as in the config: a model may be from anywhere."""
