"""A model with all that it takes to run it elsewhere, in one zip: the same inputs give the same bytes."""

import hashlib
import json
import shutil
import stat
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

from deepfake.checkpoints.inference import open_model
from deepfake.code_digest import imported_files
from deepfake.extraction.detectors import verify_model
from deepfake.files import new_file
from deepfake.submissions import standalone  # imported, so that its code is among what a package is made of
from deepfake.submissions.card import card
from deepfake.submissions.requirements import requirements

LIBRARY = Path(__file__).resolve().parents[1]
PROGRAM = Path(standalone.__file__)
WITHOUT = ["inputs/decoded.py", "checkpoints/torch_runner.py", "checkpoints/safetensors.py"]
"""Imported by functions that predict.py doesn't call; they need pandas or torch."""

FACE_MODEL = "face_detector.onnx"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold
FILE = (stat.S_IFREG | 0o644) << 16


def package(
    path: str | Path,
    model: Path,
    name: str,
    metrics: dict,
    families: dict[str, str],
    pinned: Path,
    terms: Path,
    face_model: str | None = None,
) -> dict:
    """Write the zip `path` of the ONNX file `model`, and give what it holds, with sizes and checksums.

    `metrics` is what evaluate measured of the model `name`, `families` those of its corpora, `pinned` the
    project's requirements.txt, `terms` its licence. `face_model` is YuNet's file, where the model needs
    it and it isn't where it was in training. Raises WeightsDontFit for a model that can't be used, ValueError
    or FileNotFoundError where a part is missing.
    """
    facts = open_model(model).facts
    if not facts["preprocessing"]:
        raise ValueError(f"{model} doesn't say how its images were made; train it again")
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        files = _lay_code(top)
        shutil.copyfile(model, top / "model.onnx")
        shutil.copyfile(terms, top / "LICENSE")
        if needed := _face_detector(facts["preprocessing"], face_model):
            shutil.copyfile(needed, top / FACE_MODEL)
        told = facts | {"preprocessing": _portable(facts["preprocessing"])}
        steps = json.dumps(told["preprocessing"], indent=2, sort_keys=True, ensure_ascii=False)
        (top / "preprocessing.json").write_text(f"{steps}\n", encoding="utf-8")
        lines = requirements(files, pinned.read_text(encoding="utf-8"))
        (top / "requirements.txt").write_text(lines, encoding="utf-8")
        text = card(name, told, metrics, families, model.name, bool(needed))
        (top / "README.md").write_text(text, encoding="utf-8")
        sums = "".join(f"{_sha256(top / each)}  {each}\n" for each in _names(top))
        (top / "SHA256SUMS").write_text(sums, encoding="utf-8")
        with new_file(path) as part:
            members = _zip(top, part)
            return {
                "form": model.name,
                "bytes": part.stat().st_size,
                "sha256": _sha256(part),
                "members": members,
            }


def breakdown(facts: dict) -> str:
    """The sizes of a package's parts, for people: a line each, largest first; the library counts as one."""
    parts = defaultdict(lambda: [0, 0])
    for member in facts["members"]:
        first, slash, _ = member["name"].partition("/")
        parts[first + slash][0] += member["packed"]
        parts[first + slash][1] += 1
    ordered = sorted(parts.items(), key=lambda part: (-part[1][0], part[0]))
    lines = [
        f"{facts['bytes'] / 1e6:.2f} MB, unpacked {sum(m['bytes'] for m in facts['members']) / 1e6:.2f} MB"
    ]
    for name, (size, count) in ordered:
        lines.append(f"  {size / 1e6:9.3f} MB  {name}" + (f" ({count} files)" if count > 1 else ""))
    return "\n".join(lines)


def _lay_code(top: Path) -> list[Path]:
    """Put predict.py and all of the library that it runs into the folder `top`; gives the files."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder)
        shutil.copytree(LIBRARY, whole / "deepfake", ignore=shutil.ignore_patterns("__pycache__"))
        for path in WITHOUT:
            (whole / "deepfake" / path).unlink(missing_ok=True)
        shutil.copyfile(PROGRAM, whole / "predict.py")
        names = [path.relative_to(whole) for path in imported_files(whole / "predict.py")]
        for name in names:
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(whole / name, top / name)
    return [top / name for name in names]


def _face_detector(preprocessing: dict, given: str | None) -> Path | None:
    """YuNet's file, where images of any corpus are made with it. ValueError where they need several."""
    wanted = [steps["faces"] for steps in preprocessing["corpora"].values()]
    wanted = {faces["sha256"]: faces for faces in wanted if faces.get("detector") == "yunet"}
    if not wanted:
        return None
    if len(wanted) > 1:
        raise ValueError(
            f"its corpora have faces of {len(wanted)} files of YuNet, and a package takes one; "
            "give them all one faces.model"
        )
    (sha256, faces), *_ = wanted.items()
    return verify_model(given or faces["model"], sha256)


def _portable(preprocessing: dict) -> dict:
    """The same, with the face detector's file where the package has it."""
    corpora = {
        name: {**steps, "faces": {k: FACE_MODEL if k == "model" else v for k, v in steps["faces"].items()}}
        for name, steps in preprocessing["corpora"].items()
    }
    return {**preprocessing, "corpora": corpora}


def _names(top: Path) -> list[str]:
    return sorted(path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file())


def _zip(top: Path, path: Path) -> list[dict]:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name in _names(top):
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system, info.external_attr, info.compress_type = 3, FILE, zipfile.ZIP_DEFLATED
            out.writestr(info, (top / name).read_bytes())
        infos = out.infolist()
    return [
        {
            "name": info.filename,
            "bytes": info.file_size,
            "packed": info.compress_size,
            "sha256": _sha256(top / info.filename),
        }
        for info in infos
    ]


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
