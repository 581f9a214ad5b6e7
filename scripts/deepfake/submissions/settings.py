"""The config's section `submissions`: what each file for a competition is made from."""

from deepfake.config.paths import archive_paths
from deepfake.errors import UserError

SECTIONS = {"prediction.txt": "prediction", "submission.csv": "submission"}
LISTS = {
    "prediction": ("list", "the path of the test set's list"),
    "submission": ("sample", "the path of sample_submission.csv"),
}
MEDIA = {
    "prediction": ("folder", "the path of the folder of its images"),
    "submission": (
        "folder",
        "the path of the folder of its videos, or the paths of their zips under archives",
    ),
}
"""By section: the key that must be set, and what to write."""


def names_of(config: dict, file: str) -> str:
    """Return the path of the list that `file`, a key of SECTIONS, follows. Raises UserError without one."""
    section = SECTIONS[file]
    key, expected = LISTS[section]
    return config["submissions"][section][key] or _missing(file, key, expected)


def media_of(config: dict, file: str) -> list[str]:
    """Return the folder or the zips of the media files of `file`. Raises UserError for none or both."""
    section = SECTIONS[file]
    cfg = {"archives": None, **config["submissions"][section]}
    if cfg["folder"] and cfg["archives"]:
        raise UserError(f"submissions.{section}: folder and archives given; set one of them to null")
    return archive_paths(cfg) if cfg["folder"] or cfg["archives"] else _missing(file, *MEDIA[section])


def settings_of(config: dict, file: str) -> dict:
    """Return the other settings of `file`: how media files are judged, and the fallback."""
    section = config["submissions"][SECTIONS[file]]
    own = {key: section[key] for key in ("crops", "fallback", "clip") if key in section}
    return {**own, "people": config["detect"]["people"], "limits": config["limits"]}


def _missing(file: str, key: str, expected: str):
    raise UserError(f"submissions.{SECTIONS[file]}.{key}: null, so {file} can't be made; write {expected}")
