"""Rows with their images that nobody has asked for yet: small ones in memory, large ones on the disk."""

import pickle
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile

IN_MEMORY = 1 << 18  # bytes; more go to a file in TMPDIR that has no name, so that nothing is left of it


class Spool:
    """What is added comes out in the same order, once. `size` is that of the images in it, in bytes."""

    def __init__(self) -> None:
        self.size = 0
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed by `close`

    def add(self, rows: list[tuple[dict, bytes]]) -> None:
        """Keep rows, each with the bytes of its image."""
        pickle.dump(rows, self._file, pickle.HIGHEST_PROTOCOL)
        self.size += sum(len(data) for _, data in rows)

    def take(self) -> Iterator[tuple[dict, bytes]]:
        """Yield everything that was added since the last call, one list of rows in memory at a time."""
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            yield from pickle.load(self._file)
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    def close(self) -> None:
        """Let go of the memory and the file."""
        self._file.close()
