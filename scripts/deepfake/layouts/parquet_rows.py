"""The table that stands for the columns of a Parquet file of images: a file `rows.csv` beside its images.

    member,label,model_name     00000.png,fake,stabilityai/stable-diffusion-2

`member` is the path of a row's image in the archive; the others are the file's own columns of text and
numbers. corpora/parquet_source.py makes it, and layouts read it like any other table.
"""

from collections.abc import Iterator

from deepfake.errors import UserError
from deepfake.layouts.entries import Corpus, Entry
from deepfake.text_files import find_column, read_cells

ROWS, MEMBER = "rows.csv", "member"
SUFFIX = ".parquet"


def is_rows(entry: Entry) -> bool:
    """Whether a file is the table of a Parquet file's rows."""
    return entry.path == ROWS and entry.archive.lower().endswith(SUFFIX)


def read_rows(
    corpus: Corpus, table: Entry, columns: tuple[str, ...]
) -> Iterator[tuple[Entry, dict[str, str]]]:
    """Yield the image of each row, and its cells in `columns`; "" for a column that the file doesn't have.

    Raises UserError, naming the table, if it has no column `member`.
    """
    lines = read_cells(corpus.text(table), str(table), (MEMBER, *columns))
    _, header = next(lines, (0, []))
    member_at = find_column(header, MEMBER)
    if member_at is None:
        raise UserError(f"{table}: expected a column {MEMBER}, got {','.join(header)!r}")
    places = {column: find_column(header, column) for column in columns}
    for _, cells in lines:
        if len(cells) != len(header):
            raise UserError(f"{table}: {len(cells)} cells below a header of {len(header)}")
        known = {name: "" if at is None else cells[at].strip() for name, at in places.items()}
        yield Entry(table.archive, cells[member_at]), known
