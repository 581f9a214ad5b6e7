"""How media files are preprocessed for a model: as its training images were, which the model file records.

A model file may come from anywhere, so what it records is validated here, also in the package for
submissions, where the config's schema is not present. A test checks that both allow the same values. It is
no JSON Schema, as that accepts nan as a number and 1.0 as an integer.
"""

import math
from collections.abc import Callable, Iterable
from pathlib import Path

from deepfake.errors import UserError
from deepfake.extraction.sampling import STRATEGIES, parse_fraction
from deepfake.extraction.settings import DETECTOR_KEYS, detector_keys, detector_names, is_aligned

SHOWS = ("faces", "frames")
UNTRUSTED = "train the model again, or get it from someone you trust"

UNSEARCHED = (
    "Videos were not searched for faces, since the model was trained on images that were face crops already: "
    "the middle of each frame was judged. Trust no verdict on a video that isn't cut to one face; have faces "
    'searched with --faces \'{"detector": "dlib"}\' (in a config media.<name>.faces), or train on a corpus '
    "whose faces this workflow found"
)

Check = tuple[Callable[[object], bool], str]
"""Whether a value is valid, and what to write instead."""


def preprocessing_of(
    metadata: dict,
    corpus: str | None = None,
    frames: dict | None = None,
    crops: bool = False,
    face_model: str | Path | None = None,
    faces: dict | None = None,
) -> dict:
    """Return the preprocessing that a model's `metadata` record, validated.

    `shows` is "faces" or "frames", `frames` and `faces` are sections as in the config, `images` is the
    `faces` section for images. They are those of `corpus`, or else of the recorded default corpus. The
    settings in `frames` and `faces` override the recorded ones, and SEARCH has those that a detector needs
    which the recorded one didn't. With `crops` images are face crops already.
    `face_model` is the path of YuNet's file, where it isn't the recorded one. Raises UserError if
    nothing valid is recorded, or the corpus or a setting doesn't exist.
    """
    recorded = metadata.get("preprocessing")
    if not recorded:
        raise UserError(
            "the model doesn't record how its training images were made, so that media files can't be "
            "preprocessed the same way; train it on a dataset of this workflow"
        )
    corpora = recorded.get("corpora")
    corpus = recorded.get("default") if corpus is None else corpus
    if recorded.get("shows") not in SHOWS or not isinstance(corpora, dict) or not isinstance(corpus, str):
        raise UserError(f"the model's preprocessing is not one of this workflow; {UNTRUSTED}")
    if corpus not in corpora:
        known = ", ".join(sorted(map(str, corpora)))
        raise UserError(f"the model was not trained on a corpus {corpus!r}; write one of {known}")
    sections = corpora[corpus]
    if not isinstance(sections, dict) or not all(isinstance(sections.get(k), dict) for k in SHOWS):
        raise UserError(f"the model's preprocessing of {corpus} lacks frames or faces; {UNTRUSTED}")
    faces = _checked_faces(_overridden(sections["faces"], faces) if faces else sections["faces"])
    images = {key: faces[key] for key in ("size", "format", "quality") if key in faces} | {"detector": "none"}
    if face_model is not None and "yunet" in detector_names(faces["detector"]):
        faces["model"] = str(face_model)
    return {
        "shows": recorded["shows"],
        "frames": _checked_frames({**sections["frames"], **(frames or {})}),
        "faces": faces,
        "images": images if crops else faces,
    }


def unsearched(preprocessing: dict, kinds: Iterable[str]) -> str:
    """Return a warning if a video among media of these `kinds` is not searched for faces; "" if all is well.

    `preprocessing` is the result of preprocessing_of, `kinds` are those of verdicts.
    """
    is_cut = preprocessing["shows"] == "faces" and preprocessing["faces"]["detector"] == "none"
    return UNSEARCHED if is_cut and "video" in kinds else ""


def _integer(low: int, high: int | None = None) -> Check:
    most = math.inf if high is None else high
    text = f"a whole number from {low}" + ("" if high is None else f" to {high}")
    return lambda value: type(value) is int and low <= value <= most, text


def _real(low: float, high: float) -> Check:
    return (
        lambda value: type(value) in (int, float) and low <= value <= high,
        f"a number from {low} to {high}",
    )


def _one_of(*values: str | int) -> Check:
    known = [(type(value), value) for value in values]
    return lambda value: (type(value), value) in known, f"one of {', '.join(map(str, values))}"


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check[0](value), f"{check[1]}, or null for all"


def _is_fractions(value: object) -> bool:
    try:
        return (
            isinstance(value, list)
            and bool(value)
            and all(parse_fraction(part) is not None for part in value)
        )
    except (ValueError, TypeError, ZeroDivisionError, OverflowError):
        return False


def _is_detector(value: object) -> bool:
    if not isinstance(value, list):
        return isinstance(value, str) and value in DETECTOR_KEYS
    names = {name for name in value if isinstance(name, str) and name in DETECTOR_KEYS and name != "none"}
    return 0 < len(value) == len(names)


FORMAT = {"format": _one_of("jpg", "png"), "quality": _integer(1, 100)}
FRAMES = FORMAT | {
    "strategy": _one_of(*STRATEGIES),
    "count": _integer(1),
    "every": _integer(1),
    "max": _or_null(_integer(1)),
    "at": (_is_fractions, 'a list of fractions of the video, such as ["1/3", 0.5]'),
}
FACES = FORMAT | {
    "detector": (_is_detector, f"one of {', '.join(DETECTOR_KEYS)}, or a list of them without none"),
    "size": _integer(16, 2048),
    "search": _one_of("full", "track"),
    "recount": _integer(0, 10**6),
    "width": _integer(80, 8192),
    "margin": _real(0.5, 5),
    "upsample": _integer(0, 3),
    "model": (lambda value: isinstance(value, str), "a path"),
    "sha256": (lambda value: isinstance(value, str), "a checksum"),
    "min_score": _real(0, 1),
    "landmarks": _one_of("none", "five", 68),
    "align": _one_of("none", "five_points"),
    "border": _one_of("black", "replicate", "reflect"),
    "smooth": _integer(0, 31),
    "smoothing": _one_of("median", "exponential"),
}
"""The valid values of the keys of `frames` and `faces`; they are those of rules/config.schema.yaml."""

EARLIER = {"landmarks": "none", "align": "none", "border": "black", "smooth": 0, "smoothing": "median"}
"""What models of earlier versions don't record."""

SEARCH = {
    **{"search": "full", "recount": 0, "width": 640, "upsample": 1, "min_score": 0.6, "margin": 1.3},
    **{"landmarks": "five", "align": "none", "border": "black", "smooth": 0, "smoothing": "median"},
}
"""How faces are searched for a model that doesn't record it, as its images were face crops already: as by
default, which is that of config.yaml, a test says."""

FRAME_KEYS = sorted({*FRAMES, "boost", "seed"})  # `boost` and `seed` are recorded, and not used here


def _problem(section: str, cfg: dict, keys: list[str], checks: dict[str, Check]) -> str:
    """Return a message about the first of `keys` that is missing or invalid; "" if there is none."""
    for key in keys:
        is_valid, expected = checks[key]
        if not is_valid(cfg.get(key)):
            return f"{section}.{key} is {cfg.get(key)!r}: write {expected}"
    return ""


def _overridden(recorded: dict, own: dict) -> dict:
    """Return a recorded `faces` section with `own` settings. Raises UserError that names a bad one's key."""
    if unknown := sorted(set(own) - set(FACES)):
        raise UserError(f"faces: unknown {', '.join(unknown)}; the keys are {', '.join(sorted(FACES))}")
    if problem := _problem("faces", own, list(own), FACES):
        raise UserError(problem)
    earlier = {} if recorded.get("detector") == "none" else EARLIER
    return SEARCH | earlier | recorded | own


def _checked_faces(cfg: dict) -> dict:
    """Return a copy of a `faces` section. Raises UserError if a key that its detector needs is invalid."""
    problem = _problem("faces", cfg, ["detector"], FACES)
    if not problem:
        own = sorted(detector_keys(cfg["detector"]) - {"max_faces"})  # all faces are scored
        cfg = {key: value for key, value in EARLIER.items() if key in own} | cfg
        keys = ["size", "format", *_quality(cfg), *own]
        problem = _problem("faces", cfg, keys, FACES)
    if not problem and is_aligned(cfg) and cfg["landmarks"] == "none":
        problem = f"faces.landmarks is none, and faces.align: {cfg['align']} needs them: write five or 68"
    if problem:
        raise UserError(f"the model's preprocessing is invalid: {problem}; {UNTRUSTED}")
    return dict(cfg)


def _checked_frames(cfg: dict) -> dict:
    """Return a `frames` section with all that its strategy needs. Raises UserError that names the key."""
    if unknown := sorted(set(cfg) - set(FRAME_KEYS)):
        raise UserError(f"frames: unknown {', '.join(unknown)}; the keys are {', '.join(FRAME_KEYS)}")
    problem = _problem("frames", cfg, ["strategy"], FRAMES)
    if not problem:
        cfg = {"max": None, **cfg} if cfg["strategy"] == "interval" else cfg
        keys = [*STRATEGIES[cfg["strategy"]][1], "format", *_quality(cfg)]
        problem = _problem("frames", cfg, keys, FRAMES)
    if problem:
        raise UserError(problem)
    return cfg


def _quality(cfg: dict) -> list[str]:
    return ["quality"] if cfg.get("format") == "jpg" else []
