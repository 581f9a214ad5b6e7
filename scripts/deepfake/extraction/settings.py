"""The face detectors by name, and the keys of the config section `faces` that each of them uses.

They stand apart from `detectors`, which needs OpenCV, because the config is checked without it.
"""

SEARCH_KEYS = (
    *("search", "recount", "width", "max_faces", "landmarks", "smooth", "smoothing"),
    *("margin", "align", "border"),
)
DETECTOR_KEYS: dict[str, tuple[str, ...]] = {
    "dlib": (*SEARCH_KEYS, "upsample"),
    "mmod": (*SEARCH_KEYS, "upsample"),
    "yunet": (*SEARCH_KEYS, "model", "sha256", "min_score"),
    "none": (),
}
"""By the value of `faces.detector`. Keys that are not here, such as `size`, are used with every detector."""

DETECTOR_TITLES = {"dlib": "dlib's HOG detector", "mmod": "dlib's CNN detector", "yunet": "YuNet"}
"""As a dataset's card names them; without a title by the name itself."""

PAIR_KEYS = {"boxes": "own", "masks": False}
"""The keys of `faces` that concern fakes and their originals, with the values at which neither is used."""


def uses_pairs(cfg: dict) -> bool:
    """Return whether the faces of a fake depend on those of its original; `cfg` is the `faces` section."""
    return any(cfg.get(key, off) != off for key, off in PAIR_KEYS.items())


def is_aligned(cfg: dict) -> bool:
    """Return whether crops are turned upright by their landmarks; `cfg` is the `faces` section."""
    return cfg.get("align", "none") != "none"


def is_smoothed(cfg: dict) -> bool:
    """Return whether boxes and landmarks are smoothed along a video; over one frame they are as they were."""
    return cfg.get("smooth", 0) > 1


def detector_names(detector: str | list[str]) -> list[str]:
    """Return the names in `faces.detector`, which is one name or a list of them."""
    return detector if isinstance(detector, list) else [detector]


def detector_keys(detector: str | list[str]) -> set[str]:
    """Return the keys of `faces` that are used with a value of `faces.detector`."""
    return {key for name in detector_names(detector) for key in DETECTOR_KEYS[name]}
