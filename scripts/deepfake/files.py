"""Outputs that appear whole or not at all: written aside under a name of their own, then renamed."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Overtaken(RuntimeError):
    """Another process has begun to write the same output since; what this one wrote is dropped."""


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Yield an empty file to write to; when the block ends without an error it becomes `path`.

    What a killed writer of the same file left behind is removed first. A writer that lives on after
    its parent was killed loses its file by this and ends with Overtaken: it never overwrites the newer one.
    """
    path = Path(path)
    with _aside(path, Path.touch) as (part, check):
        yield part
        check()
        os.replace(part, path)


@contextmanager
def new_directory(path: str | Path) -> Iterator[Path]:
    """The same for a folder: yield an empty one to fill, that takes the place of `path`."""
    path = Path(path)
    with _aside(path, Path.mkdir) as (part, check):
        yield part
        check()
        old = _beside(path)
        with suppress(FileNotFoundError):
            os.rename(path, old)  # no folder can be renamed over one that isn't empty
        os.rename(part, path)
        _remove(old)


@contextmanager
def _aside(path: Path, make: Callable[[Path], None]) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Yield a new file or folder beside `path`, and a function that raises Overtaken once that is gone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f".{_literal(path.name)}.{'[0-9a-f]' * 8}.part"):
        _remove(stale)
    part = _beside(path)
    make(part)
    pin = os.open(part, os.O_RDONLY)  # no other file gets its number as long as this is open

    def check() -> None:
        if not (part.exists() and os.path.samestat(os.fstat(pin), part.stat())):
            raise Overtaken(f"{path}: another process has begun to write it; this one's is dropped")

    try:
        yield part, check
    finally:
        os.close(pin)
        _remove(part)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _remove(path: Path) -> None:
    """Remove a file or folder; a folder is first renamed, so that who still fills it can't go on."""
    if path.is_dir() and not path.is_symlink():
        gone = _beside(path)
        with suppress(FileNotFoundError):
            os.rename(path, gone)
            shutil.rmtree(gone, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
