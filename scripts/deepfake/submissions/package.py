"""A zip with a model and all that is needed to run it elsewhere; the same inputs give the same bytes."""

import json
import shutil
import stat
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

from deepfake.checkpoints.open_model import open_model
from deepfake.code_digest import imported_files
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.hashing import sha256_of, write_checksums
from deepfake.submissions import standalone  # imported so that the digest of package.py covers its code
from deepfake.submissions.card import model_card
from deepfake.submissions.face_models import face_models_of, unused_modules, with_packed_detector
from deepfake.submissions.requirements import requirements

LIBRARY = Path(__file__).resolve().parents[1]
PROGRAM = Path(standalone.__file__)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can store
MODE = (stat.S_IFREG | 0o644) << 16


def write_package(
    path: str | Path,
    *,
    model: Path,
    name: str,
    metrics: dict,
    families: dict[str, str],
    pinned: Path,
    licence: Path,
    face_model: str | None = None,
    limits: dict | None = None,
    plan: dict | None = None,
) -> dict:
    """Write the zip `path`, and return its format, size, SHA-256 and members.

    `model` is an ONNX file, `name` the model's name in the config, `metrics` the contents of its
    metrics.json, `families` those of its corpora, `pinned` the project's requirements.txt, `licence` the
    project's licence. `face_model` is YuNet's file, where the model needs it and it isn't where it was in
    training; `limits` are those of the config. `plan` is the JSON beside the plan of the dataset on which the
    model was trained: with it the card says what is known of its people. Raises UserError or
    FileNotFoundError if the model can't be used or a file is missing.
    """
    metadata = open_model(model, limits=limits).metadata
    if not metadata["preprocessing"]:
        raise UserError(f"{model} doesn't record how its training images were made; train it again")
    for corpus in (None, *metadata["preprocessing"].get("corpora", {})):
        preprocessing_of(metadata, corpus)  # what predict.py would refuse is refused here
    face_models = face_models_of(metadata["preprocessing"], face_model)
    metadata = metadata | {"preprocessing": with_packed_detector(metadata["preprocessing"])}
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        code = copy_code(top)
        shutil.copyfile(model, top / "model.onnx")
        shutil.copyfile(licence, top / "LICENSE")
        for file, source in face_models.items():
            shutil.copyfile(source, top / file)
        steps = json.dumps(metadata["preprocessing"], indent=2, sort_keys=True, ensure_ascii=False)
        texts = {
            "preprocessing.json": f"{steps}\n",
            "requirements.txt": requirements(
                code, pinned.read_text(encoding="utf-8"), unused_modules(metadata["preprocessing"])
            ),
            "README.md": model_card(name, metadata, metrics, families, model.name, list(face_models), plan),
        }
        for file, text in texts.items():
            (top / file).write_text(text, encoding="utf-8")
        write_checksums(top)
        with new_file(path) as part:
            members = _zip(top, part)
            size, sha256 = part.stat().st_size, sha256_of(part)
    return {"form": model.name, "bytes": size, "sha256": sha256, "members": members}


def size_table(contents: dict) -> str:
    """Return the sizes of a package's parts as text, a line each, largest first; a folder counts as one."""
    parts = defaultdict(lambda: [0, 0])
    for member in contents["members"]:
        first, slash, _ = member["name"].partition("/")
        parts[first + slash][0] += member["packed"]
        parts[first + slash][1] += 1
    unpacked = sum(member["bytes"] for member in contents["members"])
    lines = [f"{contents['bytes'] / 1e6:.2f} MB, unpacked {unpacked / 1e6:.2f} MB"]
    for name, (size, count) in sorted(parts.items(), key=lambda part: (-part[1][0], part[0])):
        lines.append(f"  {size / 1e6:9.3f} MB  {name}" + (f" ({count} files)" if count > 1 else ""))
    return "\n".join(lines)


def copy_code(top: Path) -> list[Path]:
    """Copy predict.py and the library files that it imports into the folder `top`; return their paths."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder)
        shutil.copytree(LIBRARY, whole / "deepfake", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(PROGRAM, whole / "predict.py")
        names = [path.relative_to(whole) for path in imported_files(whole / "predict.py")]
        for name in names:
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(whole / name, top / name)
    return [top / name for name in names]


def _files(top: Path) -> list[str]:
    return sorted(path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file())


def _zip(top: Path, path: Path) -> list[dict]:
    """Write all files below `top` to the zip `path`; return their names, sizes and SHA-256."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name in _files(top):
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system, info.external_attr, info.compress_type = 3, MODE, zipfile.ZIP_DEFLATED
            out.writestr(info, (top / name).read_bytes())
        infos = out.infolist()
    return [
        {
            "name": info.filename,
            "bytes": info.file_size,
            "packed": info.compress_size,
            "sha256": sha256_of(top / info.filename),
        }
        for info in infos
    ]
