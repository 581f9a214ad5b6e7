"""A digest of what a corpus's archives or folder contain, by which a run knows whether they have changed."""

import hashlib
import os
from pathlib import Path

from deepfake.corpora import archives
from deepfake.corpora.archives import SourceError
from deepfake.corpora.sources import is_parquet, list_files
from deepfake.layouts.service_files import service_part


def fingerprint(paths: list[str]) -> str:
    """Return a digest that changes if the contents of a corpus's archives or folder change.

    Of a zip only the list of its contents is read; of a Parquet file and of a folder only names, sizes and
    times. What is missing or can't be read has a digest too; the step that reads it reports the error.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path}\0".encode("utf-8", "surrogateescape"))
        try:
            if os.path.isdir(path):
                for name in list_files(Path(path)):
                    if service_part(name):
                        continue
                    line = f"{name}\0{_version(os.path.join(path, name))}\n"
                    digest.update(line.encode("utf-8", "surrogateescape"))
            elif is_parquet(path):
                digest.update(_version(path).encode())
            else:
                digest.update(archives.contents_digest(path).encode())
        except (OSError, SourceError) as error:
            digest.update(type(error).__name__.encode())
    return digest.hexdigest()


def _version(file: str) -> str:
    try:
        status = os.stat(file)
    except OSError as error:
        return type(error).__name__
    return f"{status.st_size}\0{status.st_mtime_ns}"
