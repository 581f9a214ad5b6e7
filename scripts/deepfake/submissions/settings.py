"""What the config's section `submissions` says of each file that can be made for a competition."""

from deepfake.config.paths import archive_paths
from deepfake.errors import UserError

SECTIONS = {"prediction.txt": "prediction", "submission.csv": "submission"}
LISTS = {
    "prediction": ("list", "the path of the test set's list"),
    "submission": ("sample", "the path of sample_submission.csv"),
}
PLACES = {
    "prediction": ("folder", "the path of the folder of its images"),
    "submission": ("folder", "the path of the folder of its videos, or under archives that of their zips"),
}


def names_of(config: dict, file: str) -> str:
    """The path of the list that `file`, one of SECTIONS, follows. UserError where the config has none."""
    key, wanted = LISTS[SECTIONS[file]]
    return config["submissions"][SECTIONS[file]][key] or _lacking(file, key, wanted)


def media_of(config: dict, file: str) -> list[str]:
    """The folder or the zips of what `file` judges. UserError where it has neither or both."""
    section = SECTIONS[file]
    cfg = {"archives": None, **config["submissions"][section]}
    if cfg["folder"] and cfg["archives"]:
        raise UserError(f"submissions.{section}: folder and archives given; set one of them to null")
    return archive_paths(cfg) if cfg["folder"] or cfg["archives"] else _lacking(file, *PLACES[section])


def settings_of(config: dict, file: str) -> dict:
    """What else `file` depends on: how images are judged, and what stands for those that can't be."""
    own = config["submissions"][SECTIONS[file]]
    kept = {key: own[key] for key in ("crops", "fallback", "clip") if key in own}
    return {**kept, "people": config["detect"]["people"], "limits": config["limits"]}


def _lacking(file: str, key: str, wanted: str):
    raise UserError(f"submissions.{SECTIONS[file]}.{key}: null, and {file} can't be made; write {wanted}")
