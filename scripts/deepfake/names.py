"""Names for videos and files that every file system accepts, and text of unknown origin made harmless."""

import hashlib
import re
import unicodedata

MAX_BYTES = 120  # leaves room for corpus and frame in a file name of at most 255


INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""Characters that show nothing, or change what others show: controls, marks of direction, zero-width
characters, fillers, tags, and bytes that are not UTF-8. By code point, not by category, so that no version of
Unicode changes an output."""

FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""How a cell begins that a spreadsheet may run as a formula, also after apostrophes."""

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def visible(text: str) -> str:
    """Return `text` with INVISIBLE characters as escapes such as \\u202e."""
    return INVISIBLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def escape_formula(text: str) -> str:
    """Return a cell of a table with an apostrophe before it if a spreadsheet might run it; not for numbers.

    Lossless, see `unescape_formula`. Source: OWASP, "CSV Injection".
    """
    return f"'{text}" if _is_formula(text) else text


def unescape_formula(text: str) -> str:
    """Return the text of which escape_formula(text) is `text`."""
    return text[1:] if text.startswith("'") and _is_formula(text[1:]) else text


def _is_formula(text: str) -> bool:
    return bool(FORMULA.match(text)) and not NUMBER.fullmatch(text)


def slugify(text: str) -> str:
    """Return `text` with only letters of any script, digits, `_` and `-`, at most MAX_BYTES long in UTF-8.

    It never begins with `-`, which would be an option on a command line and a formula in a spreadsheet.
    Where text has to be replaced or cut, a hash of the whole of it is appended, so that different texts never
    become the same name.
    """
    safe = re.sub(r"^-|[^\w-]|[\u115f\u1160\u3164\uffa0]", "_", unicodedata.normalize("NFC", text))
    cut = safe.encode("utf-8", "replace")[:MAX_BYTES].decode("utf-8", "ignore")
    return cut if cut and cut == text else add_hash(cut, text)


def add_hash(name: str, text: str) -> str:
    """Return `name`, a hyphen, and 8 hexadecimal digits of the SHA-256 of `text`."""
    return f"{name}-{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def natural_sort_key(name: str) -> tuple:
    """Return a key that sorts the numbers in names as numbers: 9, 010, 11."""
    parts: list = re.split("([0-9]+)", name)  # text and digits alternate
    parts[1::2] = [(len(number), number) for number in (digits.lstrip("0") for digits in parts[1::2])]
    return parts, name
