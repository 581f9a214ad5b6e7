"""Files: inputs that are files indeed, and outputs that appear whole or not at all.

Outputs are written under a temporary name, then renamed.
"""

import errno
import glob
import io
import os
import re
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deepfake.disk import creation_error, writing_error
from deepfake.errors import UserError

TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.part")


class ConcurrentWrite(UserError):
    """Another process began to write the same output later; the output of this one is discarded."""


def open_regular(path: str | Path) -> io.FileIO:
    """Open a file of unknown origin to read, unbuffered.

    Raises OSError, also for pipes, sockets and devices: opening or reading one of them may take for ever.
    """
    _require_regular(os.stat(path).st_mode, path)
    file = io.FileIO(path, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))
    try:
        _require_regular(os.fstat(file.fileno()).st_mode, path)  # it may have been replaced since
    except OSError:
        file.close()
        raise
    return file


def read_regular(path: str | Path) -> bytes:
    """Return the bytes of a file. Raises OSError as open_regular does."""
    with open_regular(path) as file:
        return file.read()


def _require_regular(mode: int, path: str | Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a file", str(path))


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Yield an empty temporary file to write to; it becomes `path` if the block ends without an error.

    Temporary files of killed writers of `path` are removed first. If the process that wrote one of them is
    still alive, its block ends with ConcurrentWrite, so it never overwrites the newer output.
    """
    path = Path(path)
    with _temporary(path, Path.touch) as (temporary, check):
        yield temporary
        check()
        os.replace(temporary, path)


@contextmanager
def new_directory(path: str | Path) -> Iterator[Path]:
    """Yield an empty temporary folder to fill; it replaces `path` if the block ends without an error.

    Otherwise like `new_file`.
    """
    path = Path(path)
    with _temporary(path, Path.mkdir) as (temporary, check):
        yield temporary
        check()
        old = _temporary_name(path)
        with suppress(FileNotFoundError):
            os.rename(path, old)  # a folder can't be renamed over one that isn't empty
        os.rename(temporary, path)
        _remove(old)


@contextmanager
def _temporary(path: Path, make: Callable[[Path], None]) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Yield a new file or folder beside `path`, and a function that raises ConcurrentWrite if it is gone.

    Raises WriteError if it can't be written.
    """
    temporary = _temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for stale in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}.part"):
            _remove(stale)
        make(temporary)
    except OSError as error:
        raise creation_error(error, _finished_folder(path)) from None
    descriptor = os.open(temporary, os.O_RDONLY)  # keeps its inode number from being used for another file

    def check() -> None:
        if not (temporary.exists() and os.path.samestat(os.fstat(descriptor), temporary.stat())):
            raise ConcurrentWrite(f"{path}: another process has begun to write it; this one's is dropped")

    try:
        yield temporary, check
    except Exception as error:
        if failure := writing_error(error, _finished_folder(path)):
            raise failure from None
        raise
    finally:
        os.close(descriptor)
        _remove(temporary)


def _finished_folder(path: Path) -> Path:
    """Return the folder of `path`, or that of the unfinished folder that it is in, for an error."""
    names = [part for part in path.parents if TEMPORARY.fullmatch(part.name)]
    return (names[-1] if names else path).parent


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


def _remove(path: Path) -> None:
    """Remove a file or folder; a folder is renamed first, so that a process that still fills it fails."""
    if path.is_dir() and not path.is_symlink():
        doomed = _temporary_name(path)
        with suppress(FileNotFoundError):
            os.rename(path, doomed)
            shutil.rmtree(doomed, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
