"""Hashes: of a seed and of names, the workflow's only source of randomness; and of files and folders."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

CHECKSUMS = "SHA256SUMS"
"""The file of a folder that lists its other files with their checksums."""

MAX_BLOCKS, BLOCK_BYTES = 64, 64 << 10  # of a large file, read for its digest


def seeded_hash(seed: int, *names: object) -> int:
    """Return a 64-bit integer that depends on `seed` and `names` only.

    It is the same on every machine, and independent of the order in which names are hashed. It serves as the
    seed of a random generator, and as a key by which names are sorted into a random order.
    """
    text = "\0".join(str(n) for n in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8], "big")


def files_digest(paths: Iterable[Path]) -> str:
    """Return a digest of the names and contents of those of the files that exist, 64 hexadecimal digits.

    "" if none does. Of each file the size and up to 64 blocks of 64 KiB, evenly spaced, are read, so that a
    large file takes milliseconds: files of the same size that differ only between the blocks have the same
    digest.
    """
    digest, files = hashlib.sha256(), sorted(path for path in paths if path.is_file())
    for path in files:
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        _add_blocks(digest, path)
    return digest.hexdigest() if files else ""


def write_checksums(folder: Path, known: Mapping[str, str] | None = None) -> None:
    """Write SHA256SUMS of every file below `folder` in the format of `sha256sum`.

    `known` has the SHA-256 of those of the files that needn't be read, by their paths from `folder`.
    """
    lines = []
    for path in sorted((path for path in folder.rglob("*") if path.is_file()), key=Path.as_posix):
        name = path.relative_to(folder).as_posix()
        lines.append(f"{(known or {}).get(name) or sha256_of(path)}  {name}\n")
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8", errors="surrogateescape")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add_blocks(digest: "hashlib._Hash", path: Path) -> None:
    size = path.stat().st_size
    with open(path, "rb") as file:
        if size <= MAX_BLOCKS * BLOCK_BYTES:
            digest.update(file.read())
            return
        for number in range(MAX_BLOCKS):
            file.seek(number * (size - BLOCK_BYTES) // (MAX_BLOCKS - 1))
            digest.update(file.read(BLOCK_BYTES))
