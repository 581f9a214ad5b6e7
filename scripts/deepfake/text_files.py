"""Text files and tables as users bring them: in the encodings and with the delimiters of spreadsheets."""

import csv
import re
import unicodedata
from collections.abc import Collection, Iterator
from io import StringIO

from deepfake.code_pages import guess_code_page
from deepfake.console import log
from deepfake.errors import UserError

BYTE_ORDER_MARKS = {  # the longer ones first: UTF-16's begins UTF-32's
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
OTHER_FILES = {
    b"PK\3\4": "an Excel workbook or another zip",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x89PNG": "a PNG image",
    b"\x1f\x8b": "compressed with gzip",
    b"SQLite format 3": "a database",
}
SINGLE_BYTE = ("cp1250", "cp1251", "cp1253", "cp1254", "cp437", "cp866", "cp1252")
EAST_ASIAN = ("cp949", "cp932", "gb18030", "big5")
DELIMITERS = ",;\t|"
SEP_LINE = re.compile(r"""["']?sep=([,;\t|: ])["']?[,;\t]*[ ]*\r?\n""", re.IGNORECASE)  # Excel's own
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")
FIRST_LINE = 1 << 16  # characters in which the first line of a table ends
HEAD = 4096  # bytes by which UTF-16 is recognised


def decode_text(data: bytes, name: str, known: Collection[str] = ()) -> str:
    """Return the text of a file: in the encoding that its byte order mark says, else UTF-8 or UTF-16.

    Other text is decoded by a guess, which is logged: the encoding in which most of the names `known` occur
    in it, or the likeliest one. A wrong guess shows as names that fit no file. Raises UserError, naming the
    file `name`, if it is no text, or is UTF-8 that was damaged.
    """
    for start, kind in OTHER_FILES.items():
        if data.startswith(start):
            raise UserError(f"{name} is {kind}, not a text file; save it as CSV in UTF-8")
    encoding = next((e for mark, e in BYTE_ORDER_MARKS.items() if data.startswith(mark)), "")
    encoding = encoding or _utf_16_without_mark(data) or "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or _is_damaged_utf_8(data) or b"\0" in data:
            shown = encoding.removesuffix("-sig").upper()
            raise UserError(
                f"{name} is not {shown} text ({error}); fetch that file again, or save it as UTF-8"
            ) from None
    page = _page_with_names(data, known) or guess_code_page(data, SINGLE_BYTE)
    text = data.decode(page, "replace")
    if CONTROL.search(text):
        raise UserError(f"{name} is no text file; save it as text in UTF-8")
    log.warning("%s is not UTF-8; it is read as %s, a guess: save it as UTF-8 if names are wrong", name, page)
    return text


def read_cells(text: str, name: str, expected: Collection[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each line of a table; first the header, if it has one.

    The delimiter is the one that Excel's first line `sep=;` names; else that of DELIMITERS which gives a
    first line with most of the columns `expected`, in whatever case, or the most cells. Lines of only empty
    cells, as spreadsheets leave at the end, are skipped. Raises UserError, naming the table, where a line
    can't be understood.
    """
    start = 0
    if named := SEP_LINE.match(text):
        text, start = text[named.end() :], 1
    delimiter = named[1] if named else _likeliest_delimiter(text, expected)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start + reader.line_num, cells
    except csv.Error as error:
        raise UserError(f"{name}, line {start + reader.line_num}: {error}") from None


def find_column(header: list[str], column: str) -> int | None:
    """Return the position of a column: of that very name, else the only one in another case, or None."""
    exact = [cell.strip() for cell in header]
    if column in exact:
        return exact.index(column)
    alike = [position for position, cell in enumerate(header) if normal_name(cell) == normal_name(column)]
    return alike[0] if len(alike) == 1 else None


def normal_name(column: str) -> str:
    """Return the form in which names of columns are compared where none is equal."""
    return unicodedata.normalize("NFC", column).strip().casefold()


def _utf_16_without_mark(data: bytes) -> str:
    """Return the encoding of text in UTF-16, which has many zero bytes at even or odd places; or ""."""
    head = data[:HEAD]
    if len(data) % 2 or len(head) < 4 or b"\0" not in head:
        return ""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 8 or min(even, odd) * 8 > max(even, odd):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _is_damaged_utf_8(data: bytes) -> bool:
    """Whether far more of the characters outside ASCII are valid in UTF-8 than not."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return sum(not c.isascii() for c in text) > 4 * wrong


def _page_with_names(data: bytes, known: Collection[str]) -> str:
    """Return the code page in which most of the names `known` occur in the data; "" if they do in none."""
    found = {}
    for page in (*EAST_ASIAN, *reversed(SINGLE_BYTE)):
        try:
            text = unicodedata.normalize("NFC", data.decode(page))
        except UnicodeDecodeError:
            continue
        found[page] = sum(unicodedata.normalize("NFC", name) in text for name in known)
    best = max(found, key=found.get, default="")
    return best if best and found[best] else ""


def _likeliest_delimiter(text: str, expected: Collection[str]) -> str:
    wanted, head = {normal_name(column) for column in expected}, text[:FIRST_LINE]

    def fit(delimiter: str) -> tuple[int, int]:
        try:
            first = next(filter(any, csv.reader(StringIO(head, newline=""), delimiter=delimiter)), [])
        except csv.Error:
            return 0, 0
        return len(wanted & {normal_name(cell) for cell in first}), len(first)

    return max(DELIMITERS, key=fit)
