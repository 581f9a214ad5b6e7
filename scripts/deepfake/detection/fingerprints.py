"""What media are judged from, in a few letters: so that they are judged again once they change."""

import hashlib
import os
from pathlib import Path

from deepfake.corpora.sources import fingerprint


def list_fingerprint(path: str | Path) -> str:
    """A digest that changes with a list of media, and with the files, folders and zips that it names.

    Of a file size and time count, of folders and zips what sources.fingerprint takes. Lines that name
    nothing count by their text; a list that can't be read gives a digest too, and judging it the error.
    """
    digest = hashlib.sha256()
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        return hashlib.sha256(type(error).__name__.encode()).hexdigest()
    digest.update(data)
    for line in filter(str.strip, data.decode("utf-8-sig", "surrogateescape").splitlines()):
        named = os.path.join(os.path.dirname(path), line.strip())
        digest.update(f"{_named(named)}\n".encode())
    return digest.hexdigest()


def _named(path: str) -> str:
    """What stands for one entry."""
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        return type(error).__name__
    if os.path.isdir(path) or path.lower().endswith(".zip"):
        return fingerprint([path])
    return f"{status.st_size}\0{status.st_mtime_ns}"
