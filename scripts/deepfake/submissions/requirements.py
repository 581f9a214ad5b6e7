"""The packages that the code of a submission package needs, pinned to the project's versions."""

import ast
import re
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from deepfake.errors import UserError

PACKAGES = {
    "PIL": "pillow",
    "av": "av",
    "charset_normalizer": "charset-normalizer",
    "cv2": "opencv-python-headless",
    "dlib": "dlib-bin",
    "inflate64": "inflate64",
    "jsonschema": "jsonschema",
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "pillow_heif": "pillow-heif",
    "scipy": "scipy",
    "tqdm": "tqdm",
}
"""By module; the code of a submission package may need no others."""

DEPENDENCIES = {
    "jsonschema": ["attrs", "jsonschema-specifications", "referencing", "rpds-py", "typing_extensions"],
    "onnxruntime": ["flatbuffers", "numpy", "packaging", "protobuf"],
    "opencv-python-headless": ["numpy"],
    "pillow-heif": ["pillow"],
    "scipy": ["numpy"],
}
"""What those packages need themselves."""

PIN = re.compile(r"([\w.-]+)==[^\s#]+(?:\s*;[^#]*)?")


def modules_of(files: Iterable[Path]) -> dict[str, Path]:
    """Return the third-party modules that `files` import, each with the first file that does."""
    found: dict[str, Path] = {}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            for name in (name.split(".")[0] for name in names):
                if name not in sys.stdlib_module_names and name != "deepfake":
                    found.setdefault(name, path)
    return found


def requirements(files: Iterable[Path], pinned: str, unused: Collection[str] = ()) -> str:
    """Return lines `name==version` of all packages that `files` need.

    `pinned` is the text of the project's requirements.txt, `unused` are modules that need not be installed
    although a file imports them somewhere. Raises UserError if a file imports a module
    that is not in PACKAGES, or a package's version isn't pinned.
    """
    modules = modules_of(files)
    if unknown := sorted(set(modules) - set(PACKAGES)):
        where = ", ".join(f"{name} (in {modules[name].name})" for name in unknown)
        raise UserError(f"a submission package can't need {where}; only {', '.join(PACKAGES)}")
    needed = {PACKAGES[name] for name in modules if name not in unused}
    needed |= {other for name in needed for other in DEPENDENCIES.get(name, [])}
    pins = {found[1]: found[0].strip() for line in pinned.splitlines() if (found := PIN.match(line))}
    if missing := sorted(needed - set(pins)):
        raise UserError(f"requirements.txt pins no version of {', '.join(missing)}")
    return "".join(f"{pins[name]}\n" for name in sorted(needed))
