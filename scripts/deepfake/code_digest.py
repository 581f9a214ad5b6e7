"""A digest of the code that a script runs. The workflow reruns a step when its script's digest changes.

Comments, docstrings and layout do not count: correcting a comment must not decode a corpus again.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = "deepfake"


@cache
def code_digest(script: Path) -> str:
    """Return 16 hexadecimal digits that identify the code of `script` and of all library files it uses.

    The digest changes with the name or the syntax tree of a Python file (docstrings and positions excluded),
    and with the name or the bytes of a data file, such as a page's template. A process computes it once.
    """
    digest = hashlib.sha256()
    modules = imported_files(script)
    contents = {path: _parsed(path)[0] for path in modules}
    contents |= {path: path.read_bytes() for path in data_files(modules)}
    for path in sorted(contents):
        digest.update(path.relative_to(script.parent).as_posix().encode() + b"\0" + contents[path] + b"\0")
    return digest.hexdigest()[:16]


def imported_files(script: Path) -> list[Path]:
    """Return `script` and every library file beside it that it imports, directly or not; sorted."""
    found, new = set(), {script}
    while new:
        found |= new
        new = {file for path in new for file in _imports(path, script.parent)} - found
    return sorted(found)


def data_files(modules: Iterable[Path]) -> list[Path]:
    """Return every file of the modules' packages that is no Python file, hidden ones excluded; sorted.

    A package's files are those in its folder and in subfolders that are not packages themselves.
    """
    packages = {path.parent for path in modules if (path.parent / "__init__.py").is_file()}
    return sorted(file for package in packages for file in _data_files(package))


def meaning(source: str) -> str:
    """Return the syntax tree of Python code as text, without docstrings, comments and positions.

    A string that is a statement by itself, such as one below a constant, is documentation too. Empty fields
    are left out: later versions of Python have more of them, and the text must be the same for all versions.
    """
    return _text(ast.parse(source))


@cache
def _parsed(path: Path) -> tuple[bytes, frozenset[str]]:
    """Return the meaning of a file, which many scripts import, and the names of the modules it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return _text(tree).encode(), frozenset(names)


def _text(node: object) -> str:
    if isinstance(node, ast.AST):  # one pass without generators: a run has several hundred thousand nodes
        texts = []
        for name in node._fields:
            value = getattr(node, name, None)
            if value is not None and (text := _text(value)) != "[]":
                texts.append(f"{name}={text}")
        return f"{type(node).__name__}({', '.join(texts)})"
    if isinstance(node, list):
        return f"[{', '.join([_text(item) for item in node if not _is_documentation(item)])}]"
    return repr(node)


def _is_documentation(node: object) -> bool:
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant and isinstance(node.value.value, str)


@cache
def _imports(path: Path, top: Path) -> frozenset[Path]:
    names = _parsed(path)[1]
    return frozenset(file for name in names if name.split(".")[0] == PACKAGE for file in _files(name, top))


def _files(module: str, top: Path) -> list[Path]:
    """Return the module's file, if it is a module, and the `__init__.py` of each package around it."""
    parts = module.split(".")
    packages = [top.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [file for file in [*packages, top.joinpath(*parts).with_suffix(".py")] if file.is_file()]


def _data_files(folder: Path) -> list[Path]:
    found = []
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_dir() and not (path / "__init__.py").is_file():
            found += _data_files(path)
        elif path.is_file() and path.suffix != ".py":
            found.append(path)
    return found
