"""Hidden files and folders, and those of a program or a system such as thumbnails: no part of a corpus."""

import re
from collections import Counter
from collections.abc import Iterable

NAMES = (
    r"__MACOSX",  # resource forks, which macOS adds to a zip
    *(r"@eaDir", r"@Recycle", r"@Recently-Snapshot", r"#recycle", r"#snapshot"),  # Synology and QNAP
    *(r"\$RECYCLE\.BIN", r"RECYCLER", r"System Volume Information"),  # Windows
    *(r"Thumbs\.db", r"ehthumbs\.db", r"desktop\.ini", r"lost\+found"),
)
SERVICE = re.compile(rf"(?:^|/)(?:\.(?!\.?(?:/|$))[^/]*|(?:{'|'.join(NAMES)})(?=/|$))", re.IGNORECASE)
NAMES_SHOWN = 5


def service_part(path: str) -> str:
    """Return the hidden or service file or folder that a path names or leads through; "" if there is none.

    `path` is relative to the corpus: a corpus may itself lie below a hidden folder. Hidden are names that
    begin with a dot, such as `.ipynb_checkpoints`, `.DS_Store` and the `._a.mp4` that macOS writes.
    """
    match = SERVICE.search(path)
    return path[: match.end()] if match else ""


def service_line(parts: Iterable[str]) -> str:
    """Return a line that counts the results of `service_part` by name; "" if there are none."""
    names = Counter(part.rpartition("/")[2] for part in {part for part in parts if part})
    if not names:
        return ""
    forks = sum(count for name, count in names.items() if name.startswith("._"))
    names = Counter({name: count for name, count in names.items() if not name.startswith("._")})
    shown = [f"{count} {name}" for name, count in sorted(names.items(), key=lambda item: (-item[1], item[0]))]
    more = [f"{sum(sorted(names.values())[:-NAMES_SHOWN])} more"] if len(shown) > NAMES_SHOWN else []
    forks_shown = [f"{forks} that begin with ._"] if forks else []
    total = forks + names.total()
    what = "hidden or service file or folder" if total == 1 else "hidden or service files and folders"
    return f"{total} {what} skipped: {', '.join([*shown[:NAMES_SHOWN], *more, *forks_shown])}"
