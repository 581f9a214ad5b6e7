"""CRC-32s of a folder's files, read again only where size or time changed since they were last taken."""

import re
from pathlib import Path

from deepfake import tables
from deepfake.corpora.sources import crc32_of_file

COLUMNS = ["path", "bytes", "mtime_ns", "crc32"]
CRC32 = re.compile(r"[0-9a-f]{8}")


class Crc32Cache:
    """Call it with a path for the file's CRC-32. Used with `with`; what it learned is kept on errors too.

    Files of 470 GB take an hour to read; without the cache one more video would cost that hour again.
    """

    def __init__(self, path: Path):
        self._path = path
        rows = tables.read_rows(path) if path.exists() else []
        self._known = {
            row["path"]: (row["bytes"], row["mtime_ns"], row["crc32"])
            for row in rows
            if all(map(row.get, COLUMNS)) and CRC32.fullmatch(row["crc32"])
        }
        self._seen: dict[str, tuple[str, str, str]] = {}

    def __enter__(self) -> "Crc32Cache":
        return self

    def __exit__(self, *_) -> None:
        seen = {**self._known, **self._seen} if _ != (None, None, None) else self._seen
        if seen:
            rows = [dict(zip(COLUMNS, (path, *values), strict=True)) for path, values in sorted(seen.items())]
            tables.write_rows(self._path, COLUMNS, rows)

    def __call__(self, path: Path) -> int:
        status = path.stat()
        key = (str(status.st_size), str(status.st_mtime_ns))
        known = self._known.get(str(path))
        crc = int(known[2], 16) if known and known[:2] == key else crc32_of_file(path)
        self._seen[str(path)] = (*key, f"{crc:08x}")
        return crc
