"""What a script runs of this project, and a digest of its meaning: a step is stale when that changes.

Comments, docstrings and layout count for nothing, so that a mended comment decodes no corpus again.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "deepfake"


def imported_files(script: Path) -> list[Path]:
    """`script` and every file of the library beside it that it imports, directly or not; sorted."""
    found, new = set(), {script}
    while new:
        found |= new
        new = {file for path in new for file in _imports(path, script.parent)} - found
    return sorted(found)


def code_digest(script: Path) -> str:
    """16 hexadecimal digits of the meaning of `script` and of all that it imports of the library.

    Two versions of the code have the same digest if their files have the same names and the same syntax
    trees, docstrings and positions apart.
    """
    digest = hashlib.sha256()
    for path in imported_files(script):
        name = path.relative_to(script.parent).as_posix()
        digest.update(f"{name}\0{meaning(path.read_text(encoding='utf-8'))}\0".encode())
    return digest.hexdigest()[:16]


def meaning(source: str) -> str:
    """The syntax tree of Python code as text, without docstrings, comments and positions.

    A string that stands alone as a statement, such as one below a constant, is documentation as well. Empty
    fields are left out, since later versions of Python have more of them: the text is the same in all.
    """
    return _text(ast.parse(source))


def _text(node: object) -> str:
    if isinstance(node, list):
        return f"[{', '.join(_text(item) for item in node if not _is_documentation(item))}]"
    if isinstance(node, ast.AST):
        fields = ((name, _text(value)) for name, value in ast.iter_fields(node) if value is not None)
        return (
            f"{type(node).__name__}({', '.join(f'{name}={text}' for name, text in fields if text != '[]')})"
        )
    return repr(node)


def _is_documentation(node: object) -> bool:
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant and isinstance(node.value.value, str)


@cache
def _imports(path: Path, top: Path) -> frozenset[Path]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(file for name in names if name.split(".")[0] == PACKAGE for file in _files(name, top))


def _files(module: str, top: Path) -> list[Path]:
    """The module's file and those of the packages around it; a name that is no module has none of its own."""
    parts = module.split(".")
    packages = [top.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [file for file in [*packages, top.joinpath(*parts).with_suffix(".py")] if file.is_file()]
