"""Names for videos and files that every file system accepts."""

import hashlib
import re
import unicodedata

MAX_BYTES = 120  # leaves room for corpus and frame in a file name of at most 255


def slugify(text: str) -> str:
    """Return `text` with only letters of any script, digits, `_` and `-`, at most MAX_BYTES long in UTF-8.

    Where text has to be replaced or cut, a hash of the whole of it is appended, so that different texts never
    become the same name.
    """
    safe = re.sub(r"[^\w-]", "_", unicodedata.normalize("NFC", text))
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
