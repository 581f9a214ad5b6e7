"""CRC-32 checksums of a folder's files, computed again only where size or modification time changed."""

import re
import zlib
from pathlib import Path

from deepfake import tables
from deepfake.files import open_regular

CHUNK = 1 << 20  # bytes
COLUMNS = ["path", "bytes", "mtime_ns", "crc32"]
CRC32 = re.compile(r"[0-9a-f]{8}")


def crc32_of_file(path: Path) -> int:
    """Return the CRC-32 of a file. Raises OSError, also for what is no regular file, such as a pipe."""
    crc = 0
    with open_regular(path) as file:
        while chunk := file.read(CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc


class Crc32Cache:
    """Computes the CRC-32 of files, and caches them on disk; the context manager writes the cache.

    It is written after errors too. 470 GB of files take an hour to read; without the cache one video more
    would cost that hour again.
    """

    def __init__(self, path: Path):
        self._path = path
        rows = tables.read_rows(path) if path.exists() else []
        self._known = {
            row["path"]: (row["bytes"], row["mtime_ns"], row["crc32"])
            for row in rows
            if all(map(row.get, COLUMNS)) and CRC32.fullmatch(row["crc32"])
        }
        self._used: dict[str, tuple[str, str, str]] = {}

    def __enter__(self) -> "Crc32Cache":
        return self

    def __exit__(self, error_type, error, traceback) -> None:
        # After an error not all files were seen, so the others are kept too.
        entries = self._used if error_type is None else {**self._known, **self._used}
        if entries:
            rows = [
                dict(zip(COLUMNS, (path, *values), strict=True)) for path, values in sorted(entries.items())
            ]
            tables.write_rows(self._path, COLUMNS, rows)

    def __call__(self, path: Path) -> int:
        status = path.stat()
        version = (str(status.st_size), str(status.st_mtime_ns))
        known = self._known.get(str(path))
        crc = int(known[2], 16) if known and known[:2] == version else crc32_of_file(path)
        self._used[str(path)] = (*version, f"{crc:08x}")
        return crc
