"""The table that stands for the columns of a Parquet file of images: a file `rows.csv` beside its images.

    member,label,model_name     00000.png,fake,stabilityai/stable-diffusion-2

`member` is the path of a row's image in the archive; the others are the file's own columns of text and
numbers. corpora/parquet_source.py makes it, and layouts read it like any other table.
"""

from collections.abc import Collection, Iterator

from deepfake.errors import UserError
from deepfake.layouts.entries import Corpus, Entry
from deepfake.text_files import find_column, read_cells

ROWS, MEMBER = "rows.csv", "member"
SUFFIX = ".parquet"


class MissingColumns(UserError):
    """A table of rows lacks columns, as that of another set does."""


def is_rows(entry: Entry) -> bool:
    """Whether a file is the table of a Parquet file's rows, or such a table at the top of a folder."""
    return entry.path == ROWS and (not entry.archive or entry.archive.lower().endswith(SUFFIX))


def read_rows(
    corpus: Corpus, table: Entry, columns: tuple[str, ...], required: Collection[str]
) -> Iterator[tuple[Entry, list[str]]]:
    """Yield the image of each row, and its cells in `columns`; "" for a column that the file doesn't have.

    Raises MissingColumns if there is no column `member`, or not those that are `required`, and UserError,
    naming the table, where a line can't be understood.
    """
    lines = read_cells(corpus.text(table), str(table), (MEMBER, *columns))
    _, header = next(lines, (0, []))
    if missing := [name for name in (MEMBER, *required) if find_column(header, name) is None]:
        raise MissingColumns(f"its {ROWS} has no column {', '.join(missing)}")
    places = [find_column(header, column) for column in (MEMBER, *columns)]
    for number, cells in lines:
        if len(cells) != len(header):
            raise UserError(f"{table}, line {number}: {len(cells)} cells below a header of {len(header)}")
        member, *known = ["" if at is None else cells[at].strip() for at in places]
        yield Entry(table.archive, member), known
