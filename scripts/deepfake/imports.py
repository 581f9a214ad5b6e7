"""Which files of ours a script runs, so that a step is stale when one of them changes, and only then."""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "deepfake"


def code_of(script: Path) -> list[Path]:
    """`script` and every file of the library beside it that it imports, directly or not; in order."""
    found, new = set(), {script}
    while new:
        found |= new
        new = {file for path in new for file in _imported(path, script.parent)} - found
    return sorted(found)


def code_digest(script: Path) -> str:
    """A digest of the contents of all that `script` runs of ours: an edit changes it, a touch does not."""
    digest = hashlib.sha256()
    for path in code_of(script):
        digest.update(f"{path.relative_to(script.parent).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _imported(path: Path, top: Path) -> frozenset[Path]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(file for name in names if name.split(".")[0] == PACKAGE for file in _files(name, top))


def _files(module: str, top: Path) -> list[Path]:
    """The module's file and those of the packages round it; a name that is no module has none of its own."""
    place = top.joinpath(*module.split("."))
    packages = [
        top.joinpath(*module.split(".")[:depth]) / "__init__.py" for depth in range(1, module.count(".") + 2)
    ]
    return [file for file in [*packages, place.with_suffix(".py")] if file.is_file()]
