"""Names and the numbers drawn from them: the only source of chance in the workflow."""

import hashlib
import re
import unicodedata

LONGEST = 120  # bytes; leaves room for corpus and frame in a file name of at most 255


def draw(seed: int, *names: object) -> int:
    """A 64-bit number that depends on `seed` and `names` alone: the same on every machine, in every order."""
    text = "\0".join(str(n) for n in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8], "big")


def slug(text: str) -> str:
    """`text` as a name that every file system takes: letters of any script, digits, `_` and `-`.

    Text that has to be changed or cut for it gets a mark of 8 hexadecimal digits made from the whole of it,
    so that different texts never become one name.
    """
    safe = re.sub(r"[^\w-]", "_", unicodedata.normalize("NFC", text))
    cut = safe.encode("utf-8", "replace")[:LONGEST].decode("utf-8", "ignore")
    return cut if cut and cut == text else marked(cut, text)


def marked(name: str, whole: str) -> str:
    """`name` with 8 hexadecimal digits made from `whole`, for names that would otherwise be one."""
    return f"{name}-{hashlib.sha256(whole.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
