"""Whether the files and folders that the configuration names exist: each error names the key."""

import errno
import os
import re
import stat
from collections.abc import Collection

from deepfake.config.paths import WILDCARD, files_of_pattern, is_weights_file
from deepfake.config.sections import embedded_corpora, faces_of_corpus, known_by
from deepfake.errors import UserError
from deepfake.extraction.settings import detector_names
from deepfake.networks.settings import is_hub_name, parse_arch

YUNET = "write the path of face_detection_yunet_2023mar.onnx"
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://")
ABSENT = (errno.ENOENT, errno.ENOTDIR)


def check_corpus(config: dict, corpus: str) -> None:
    """Raise UserError unless a corpus's own folder, archives and label files exist and can be read."""
    cfg, key = config["corpora"][corpus], f"corpora.{corpus}"
    _check_media(key, cfg, f"put the path right, or take {corpus} out of the datasets")
    _check_patterns(f"{key}.label_files", cfg.get("label_files"), "put the path right, or leave it out")


def check_sheet(config: dict, corpus: str, keeps_frames: bool) -> None:
    """Raise UserError unless a corpus's frames, which a sheet of its faces shows, are kept."""
    if not keeps_frames:
        raise UserError(
            f"keep_frames: false deletes the frames that results/sheets/{corpus}.jpg shows; write "
            "keep_frames: true (the frames are then made again), and false again after it"
        )


def check_people_page(config: dict, dataset: str) -> None:
    """Raise UserError unless a dataset's plan says who is who by faces, which the page of people shows."""
    if not embedded_corpora(config, dataset):
        raise UserError(
            f"datasets.{dataset}: results/reports/{dataset}/people.html shows who is who by faces, and this "
            "dataset doesn't go by them; write policy: identity, images: faces and people: {by: both}, with "
            "a corpus whose people aren't drawn"
        )


def check_dataset(config: dict, dataset: str) -> None:
    """Raise UserError unless a dataset's corpora, splits, tables of pairs and models for faces exist."""
    cfg = config["datasets"][dataset]
    for corpus in cfg["corpora"]:
        check_corpus(config, corpus)
        if cfg["images"] == "faces":
            _check_face_model(config, corpus)
    if known_by(config, dataset) != "names":
        check_people(config)
    if path := cfg["splits"].get("from"):
        _check_file(f"datasets.{dataset}.splits.from", path, "put the path right, or write fractions instead")
    for key in ("same_identity", "different_people"):
        if table := cfg[key]:
            _check_file(f"datasets.{dataset}.{key}", table, "put the path right, or write null")


def check_people(config: dict) -> None:
    """Raise UserError unless the network for faces exists, where it is the user's own."""
    if path := config["people"]["model"]:
        _check_file("people.model", path, "put the path right, or write null for dlib's", is_input=False)


def check_scores(config: dict, name: str) -> None:
    """Raise UserError unless the table of somebody's scores exists."""
    advice = f"put the path right, or take {name} out of scores"
    _check_file(f"scores.{name}.table", config["scores"][name]["table"], advice)


def check_media(config: dict, media: str, made: Collection[str] = ()) -> None:
    """Raise UserError unless some media, and the model for them, exist; `made` are paths that rules make."""
    cfg, key = config["media"][media], f"media.{media}"
    advice = f"put the path right, or take {media} out of media"
    if cfg["list"]:
        _check_file(f"{key}.list", cfg["list"], advice)
    _check_media(key, cfg, advice, made)
    if cfg["model"] and cfg["model"] not in made:
        _check_file(f"{key}.model", cfg["model"], "put the path right, or write null for the best model")
    if config["faces"]["model"] and not cfg["crops"]:
        _check_file("faces.model", config["faces"]["model"], YUNET, is_input=False)


def check_audit(config: dict, audit: str) -> None:
    """Raise UserError unless the folder of an audit, and the network for faces, exist."""
    folder = config["audits"][audit]["folder"]
    _check_folder(f"audits.{audit}.folder", folder, f"put the path right, or take {audit} out of audits")
    check_people(config)


def check_submission(config: dict, section: str) -> None:
    """Raise UserError unless the files that `submissions.<section>` names exist. A null is no error here."""
    cfg, key = config["submissions"][section], f"submissions.{section}"
    for name in ("list", "sample"):
        if cfg.get(name):
            _check_file(f"{key}.{name}", cfg[name], "put the path right")
    _check_media(key, cfg, "put the path right")


def check_model(config: dict, name: str) -> None:
    """Raise UserError unless the weights of a model, or of each model of an ensemble, exist."""
    if name in config["ensembles"]:
        for member in config["ensembles"][name]["models"]:
            check_model(config, member)
        return
    cfg, key = config["models"][name], f"models.{name}"
    if cfg["weights"] and is_weights_file(cfg["weights"]):
        _check_file(f"{key}.weights", cfg["weights"], "put the path right, or write null", is_input=False)
    library, folder = parse_arch(cfg["arch"])
    if library == "hf" and not is_hub_name(folder):
        _check_folder(f"{key}.arch", folder, "write hf/ and a folder of save_pretrained", is_input=False)


def _check_face_model(config: dict, corpus: str) -> None:
    own = config["corpora"][corpus].get("faces", {})
    cfg = faces_of_corpus(config, corpus)
    if "yunet" in detector_names(cfg["detector"]):
        key = f"corpora.{corpus}.faces.model" if own.get("model") else "faces.model"
        _check_file(key, cfg["model"], YUNET, is_input=False)


def _check_media(key: str, cfg: dict, advice: str, made: Collection[str] = ()) -> None:
    """Check the folder or the archives of a section that may have either."""
    if cfg.get("folder"):
        _check_folder(f"{key}.folder", cfg["folder"], advice)
    patterns = [pattern for pattern in cfg.get("archives") or [] if pattern not in made]
    _check_patterns(f"{key}.archives", patterns, advice)


def _check_patterns(key: str, patterns: Collection[str] | None, advice: str) -> None:
    for pattern in patterns or []:
        files = files_of_pattern(pattern)
        if not files and any(character in pattern for character in "*?["):
            raise UserError(
                f"{key}: {pattern} matches no file; {_foreign(pattern) or advice}{_start(pattern)}"
            )
        for path in files or [pattern]:
            _check(key, path, advice)


def _check_file(key: str, path: str, advice: str, is_input: bool = True) -> None:
    if stat.S_ISDIR(_check(key, path, advice, is_input)):
        raise UserError(f"{key}: {path} is a folder, not a file; {advice}")


def _check_folder(key: str, path: str, advice: str, is_input: bool = True) -> None:
    if not stat.S_ISDIR(_check(key, path, advice, is_input)):
        zips = "write it under archives, as a list" if path.lower().endswith((".zip", ".parquet")) else advice
        raise UserError(f"{key}: {path} is a file, not a folder; {zips}")


def _check(key: str, path: str, advice: str, is_input: bool = True) -> int:
    """Return the mode of the file or folder `path`.

    Raises UserError if it doesn't exist, can't be read, or is to be an input of a rule and Snakemake would
    see a wildcard in it.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if error.errno not in ABSENT:
            raise UserError(f"{key}: {path} can't be read: {error.strerror}; {advice}") from None
        if os.path.islink(path):
            raise UserError(
                f"{key}: {path} is a link to {os.readlink(path)}, which doesn't exist; {advice}"
            ) from None
        raise UserError(f"{key}: {path} doesn't exist; {_foreign(path) or advice}{_start(path)}") from None
    if not os.access(path, os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0)):
        raise UserError(f"{key}: {path} can't be read: no permission; get it with chmod, or from its owner")
    if is_input and (wildcard := WILDCARD.search(path)):
        raise UserError(
            f"{key}: {path} can't be used, Snakemake takes {wildcard[0]} for a wildcard; rename it, or make "
            "a link to it (ln -s) and write the link's path"
        )
    return mode


def _foreign(path: str) -> str:
    """Return what to do about a path that is none here, such as an address; "" for any other."""
    if ADDRESS.match(path):
        return "this is an address; download or mount it, and write the path"
    if path != path.strip():
        return "it begins or ends with a space; take that away"
    if os.name == "posix" and "\\" in path:
        return "this is a path of Windows; write it as this system does, with / between folders"
    return ""


def _start(path: str) -> str:
    """Return where a relative path starts, for an error about it; "" for an absolute one."""
    return "" if os.path.isabs(path) or _foreign(path) else f" (relative paths start at {os.getcwd()})"
