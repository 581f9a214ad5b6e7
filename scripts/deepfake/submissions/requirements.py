"""What a package's code needs of others' packages, pinned to the project's versions."""

import ast
import re
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGES = {
    "PIL": "pillow",
    "av": "av",
    "cv2": "opencv-python-headless",
    "dlib": "dlib-bin",
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "scipy": "scipy",
    "tqdm": "tqdm",
}
"""By module; a package for submission takes no others."""

NEEDED = {
    "onnxruntime": ["flatbuffers", "numpy", "packaging", "protobuf"],
    "opencv-python-headless": ["numpy"],
    "scipy": ["numpy"],
}
"""What those packages need themselves."""

PIN = re.compile(r"([\w.-]+)==[^\s#]+(?:\s*;[^#]*)?")


def modules_of(files: Iterable[Path]) -> dict[str, Path]:
    """The modules of others, by their first names, that `files` import, and the first file that does."""
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


def requirements(files: Iterable[Path], pinned: str) -> str:
    """Lines `name==version` of all that `files` need; `pinned` is the text of the project's requirements.txt.

    ValueError where they import what no package takes along, or where a version isn't pinned.
    """
    modules = modules_of(files)
    if strange := sorted(set(modules) - set(PACKAGES)):
        where = ", ".join(f"{name} (in {modules[name].name})" for name in strange)
        raise ValueError(f"a package can't take along {where}; only {', '.join(PACKAGES)}")
    wanted = {PACKAGES[name] for name in modules}
    wanted |= {need for name in wanted for need in NEEDED.get(name, [])}
    pins = {found[1]: found[0].strip() for line in pinned.splitlines() if (found := PIN.match(line))}
    if missing := sorted(wanted - set(pins)):
        raise ValueError(f"requirements.txt pins no version of {', '.join(missing)}")
    return "".join(f"{pins[name]}\n" for name in sorted(wanted))
