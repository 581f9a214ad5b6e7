"""How media are made ready for a model: as the images that it learnt from, which its checkpoint records."""

from pathlib import Path

from deepfake.media.sampling import STRATEGIES, parse_fraction

FORMATS = ("jpg", "png")
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
        raise ValueError(
            "the model doesn't say how the images that it learnt from were made, so none can be made alike; "
            "train it on a dataset of this workflow"
        )
    corpus = recorded["default"] if corpus is None else corpus
    if corpus not in recorded["corpora"]:
        known = ", ".join(sorted(recorded["corpora"]))
        raise ValueError(f"the model has learnt from no corpus {corpus!r}; write one of {known}")
    sections = recorded["corpora"][corpus]
    faces = dict(sections["faces"])
    stills = {key: faces[key] for key in ("size", "format", "quality") if key in faces} | {"detector": "none"}
    if face_model is not None and faces["detector"] == "yunet":
        faces["model"] = str(face_model)
    return {
        "shows": recorded["shows"],
        "frames": _checked({**sections["frames"], **(frames or {})}),
        "faces": faces,
        "stills": stills if crops else faces,
    }


def _checked(cfg: dict) -> dict:
    """The `frames` section with all that its strategy needs. Raises ValueError, naming the key."""
    if unknown := sorted(set(cfg) - KEYS):
        raise ValueError(f"frames: unknown {', '.join(unknown)}; the keys are {', '.join(sorted(KEYS))}")
    if cfg.get("strategy") not in STRATEGIES:
        raise ValueError(f"frames.strategy is {cfg.get('strategy')!r}: write one of {', '.join(STRATEGIES)}")
    cfg = {"max": None, **cfg} if cfg["strategy"] == "interval" else cfg
    for key in STRATEGIES[cfg["strategy"]][1]:
        if not _fits(key, cfg.get(key)):
            raise ValueError(
                f"frames.{key} is {cfg.get(key)!r}: strategy {cfg['strategy']} needs {NEEDS[key]}"
            )
    if cfg.get("format") not in FORMATS:
        raise ValueError(f"frames.format is {cfg.get('format')!r}: write one of {', '.join(FORMATS)}")
    if cfg["format"] == "jpg" and not (_is_whole(cfg.get("quality")) and cfg["quality"] <= 100):
        raise ValueError(f"frames.quality is {cfg.get('quality')!r}: write a whole number from 1 to 100")
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
