"""Which files of ours a script runs, so that a step is stale when one of them changes, and only then."""

import ast
from functools import cache
from pathlib import Path

PACKAGE = "deepfake"


def code_of(script: str) -> list[str]:
    """`script` and every file of the library that it imports, directly or not, as paths beside it; in order."""
    top = Path(script).parent
    found, new = set(), {Path(script)}
    while new:
        found |= new
        new = {file for path in new for file in _imported(path, top)} - found
    return sorted(path.as_posix() for path in found)


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
    packages = [top.joinpath(*module.split(".")[:depth]) / "__init__.py" for depth in range(1, module.count(".") + 2)]
    return [file for file in [*packages, place.with_suffix(".py")] if file.is_file()]
