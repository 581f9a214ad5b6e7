"""Outputs that appear whole or not at all: written aside under a name of their own, then renamed."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to; when the block ends without an error it becomes `path`.

    What a killed writer of the same file left behind is removed first. A writer that lives on after
    its parent was killed loses its file by this and fails, so it can never overwrite the newer one.
    """
    with _aside(Path(path)) as part:
        yield part
        os.replace(part, path)


@contextmanager
def new_directory(path: str | Path) -> Iterator[Path]:
    """Yield an empty folder to fill; when the block ends without an error it becomes `path`."""
    path = Path(path)
    with _aside(path) as part:
        part.mkdir()
        yield part
        if path.exists():
            shutil.rmtree(path)
        os.replace(part, path)


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f".{_literal(path.name)}.*.part"):
        _remove(stale)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        yield part
    finally:
        _remove(part)


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
