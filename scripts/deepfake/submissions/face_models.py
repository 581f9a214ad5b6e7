"""The files that find faces and their landmarks: a package holds those that its model's crops need."""

from pathlib import Path

from deepfake.errors import UserError
from deepfake.extraction.detectors import verify_model
from deepfake.extraction.landmarks import landmark_model
from deepfake.extraction.package_models import MMOD, package_model
from deepfake.extraction.settings import detector_names, is_aligned

FACE_MODEL = "face_detector.onnx"
"""YuNet's file in a package; dlib's keep their names."""


def face_models_of(preprocessing: dict, face_model: str | None) -> dict[str, Path]:
    """Return the files that the faces of any corpus need, by their names in the package, sorted.

    `preprocessing` is what the model records. Landmarks that don't align the crops need none. `face_model` is
    the path of YuNet's file, where it isn't where it was in training. Raises UserError or FileNotFoundError
    if a file can't be had.
    """
    sections = _sections(preprocessing)
    names = {name for faces in sections if (name := _aligning_model(faces))}
    names |= {MMOD for faces in sections if "mmod" in detector_names(faces["detector"])}
    found = {name: package_model(name, "the section faces of the model") for name in names}
    if yunet := yunet_file(preprocessing, face_model):
        found[FACE_MODEL] = yunet
    return dict(sorted(found.items()))


def unused_modules(preprocessing: dict) -> set[str]:
    """Return the modules that the package's code imports, but not for the faces of any corpus."""
    sections = _sections(preprocessing)
    by_dlib = any({"dlib", "mmod"} & set(detector_names(faces["detector"])) for faces in sections)
    return set() if by_dlib or any(_aligning_model(faces) for faces in sections) else {"dlib"}


def yunet_file(preprocessing: dict, face_model: str | None) -> Path | None:
    """Return YuNet's file, verified, where the faces of any corpus were found by it; else None.

    Raises UserError if the corpora need different files.
    """
    sections = [faces for faces in _sections(preprocessing) if "yunet" in detector_names(faces["detector"])]
    by_checksum = {faces["sha256"]: faces for faces in sections}
    if not by_checksum:
        return None
    if len(by_checksum) > 1:
        raise UserError(
            f"the faces of the model's corpora were found by {len(by_checksum)} files of YuNet, and a "
            "package contains one; train it on corpora with the same faces.model"
        )
    ((sha256, faces),) = by_checksum.items()
    return verify_model(face_model or faces["model"], sha256)


def with_packed_detector(preprocessing: dict) -> dict:
    """Return `preprocessing` with the path of the face detector's file in the package."""
    corpora = {
        name: {**steps, "faces": {k: FACE_MODEL if k == "model" else v for k, v in steps["faces"].items()}}
        for name, steps in preprocessing["corpora"].items()
    }
    return {**preprocessing, "corpora": corpora}


def _sections(preprocessing: dict) -> list[dict]:
    return [steps["faces"] for steps in preprocessing["corpora"].values()]


def _aligning_model(faces: dict) -> str | None:
    """Return the name of the file that locates the points by which crops are aligned, if there is one."""
    return landmark_model(faces) if is_aligned(faces) else None
