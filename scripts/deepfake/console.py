"""What a program reports: lines in its log, and a progress bar on the terminal where there is one."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TextIO, TypeVar

from tqdm import tqdm

from deepfake.names import visible

Item = TypeVar("Item")
LONGEST = 2000  # characters of a text shown in a log
INTERVAL = 30  # seconds between two lines of progress in a log

log = logging.getLogger("deepfake")


def progress(items: Iterable[Item], title: str, unit: str) -> Iterator[Item]:
    """Yield `items`, with a progress bar on the terminal and a line in the log every INTERVAL seconds."""
    with progress_bar(len(items) if isinstance(items, Sized) else None, title, unit) as advance:
        for item in items:
            yield item
            advance(1)


@contextmanager
def progress_bar(total: int | None, title: str, unit: str) -> Iterator[Callable[[int], None]]:
    """Yield a function that takes the number of newly finished units; for work that isn't a loop over items.

    `total` is the number of units, None if unknown.
    """
    done, start = 0, time.monotonic()
    last = start
    with (
        _terminal() as screen,
        tqdm(desc=title, total=total, leave=False, file=screen, unit=f" {unit}", disable=not screen) as bar,
    ):

        def advance(number: int) -> None:
            nonlocal done, last
            done += number
            bar.update(number)
            now = time.monotonic()
            if now - last >= INTERVAL:
                last = now
                rate = done / (now - start)
                log.info("%s: %d of %s %s, %.1f a second", title, done, total or "?", unit, rate)

        yield advance


@contextmanager
def _terminal() -> Iterator[TextIO | None]:
    """Yield the terminal, also where standard error goes to a file; None without one (a cluster, CI)."""
    if sys.stderr.isatty():
        yield sys.stderr
        return
    try:
        terminal = open("/dev/tty", "w")  # noqa: SIM115
    except OSError:
        yield None
        return
    with terminal:
        yield terminal


def printable(text: str) -> str:
    """Return `text` with unprintable characters escaped, cut after LONGEST characters.

    For text from files of unknown origin, such as names, that goes to a log or a terminal.
    """
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:LONGEST])
    return visible(safe) + ("…" if len(text) > LONGEST else "")


def printable_lines(text: str) -> str:
    """Return text of several lines, each as `printable` returns it; tabs become spaces."""
    return "\n".join(printable(line.expandtabs()) for line in text.split("\n"))
