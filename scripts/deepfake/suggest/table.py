"""A table of all files of a corpus, with empty labels, to be filled in for layout `csv`."""

import csv
from collections.abc import Iterator
from pathlib import Path

from deepfake.corpora.recognise import open_listing
from deepfake.files import new_file
from deepfake.layouts.entries import Entry
from deepfake.layouts.shared import archive_stem
from deepfake.suggest.config_text import TABLE_COLUMNS
from deepfake.suggest.corpora import Corpus


def write_tables(corpora: list[Corpus], path: Path, limits: dict) -> dict[str, str]:
    """Write a table of the files of each corpus; return their paths by corpus.

    The first is `path`, the others have the corpus's name added. A name that goes over several lines is left
    out: layout csv takes it for a damaged table.
    """
    written = {}
    for number, corpus in enumerate(corpora):
        own = path.with_name(f"{path.stem}_{corpus.name}{path.suffix}") if number else path
        with (
            new_file(own) as part,
            part.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(TABLE_COLUMNS)
            empty = [""] * (len(TABLE_COLUMNS) - 1)
            writer.writerows([name, *empty] for name in _names(corpus, limits))
        written[corpus.name] = str(own.absolute())
    return written


def _names(corpus: Corpus, limits: dict) -> Iterator[str]:
    """Yield the path of each file from the corpus's folder, or from its archives' one."""
    with open_listing([corpus.folder] if corpus.folder else corpus.archives, limits) as listing:
        for folder in listing.top.walk():
            for name in folder.media:
                entry = Entry(folder.archive, folder.join(name))
                path = f"{archive_stem(entry)}/{entry.path}" if entry.archive else entry.path
                if "\n" not in path and "\r" not in path:
                    yield path
