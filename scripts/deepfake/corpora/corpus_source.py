"""Opens whatever a corpus comes from: a folder, zip archives or Parquet files.

with open_corpus(["train-00000.parquet"], limits) as source:
    for member in source.members():
        data = source.read(member.archive, member.path)
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deepfake.corpora.archives import SourceError
from deepfake.corpora.checksums import crc32_of_file
from deepfake.corpora.sources import MAX_READ, Source, is_parquet, open_source


@contextmanager
def open_corpus(
    paths: list[str], limits: dict, crc32: Callable[[Path], int] = crc32_of_file
) -> Iterator[Source]:
    """Open one folder, or any number of zip archives or of Parquet files. Raises SourceError.

    `limits` is the section of the config. `crc32` computes the CRC-32 of a folder's files.
    """
    parquet = [path for path in paths if is_parquet(path)]
    if parquet and len(parquet) < len(paths):
        other = next(path for path in paths if not is_parquet(path))
        raise SourceError(f"{other}: not a Parquet file like {parquet[0]}; make a corpus of each kind")
    with ExitStack() as stack:
        if parquet:
            # Imported here because only corpora in Parquet files need pyarrow, which takes long to load.
            from deepfake.corpora.parquet_source import ParquetSource

            yield ParquetSource(paths, limits, stack, MAX_READ)
        else:
            yield stack.enter_context(open_source(paths, limits, crc32))


@contextmanager
def open_indexed(sources: str | Path) -> Iterator[Source]:
    """Open what a corpus's index was made from, by the index's sources.json. Raises SourceError."""
    listed = json.loads(Path(sources).read_text(encoding="utf-8", errors="surrogateescape"))
    with open_corpus(listed["sources"], listed["limits"]) as source:
        yield source
