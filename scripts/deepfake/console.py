"""What a program reports: lines in its log, and a progress bar on the terminal where there is one."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, TextIO, TypeVar

from deepfake.names import visible

if TYPE_CHECKING:
    from tqdm import tqdm

Item = TypeVar("Item")
LONGEST = 2000  # characters of a text shown in a log
INTERVAL = 30  # seconds between two lines of progress in a log
LINES_AT_LEAST, LINES_AT_MOST = 5, 60  # seconds between two on a shared terminal

log = logging.getLogger("deepfake")


def progress(items: Iterable[Item], title: str, unit: str) -> Iterator[Item]:
    """Yield `items`, and show how many are done; see `progress_bar`."""
    with progress_bar(len(items) if isinstance(items, Sized) else None, title, unit) as advance:
        yield from counted(items, advance)


def counted(items: Iterable[Item], advance: Callable[[int], None]) -> Iterator[Item]:
    """Yield `items`, and call the function of a `progress_bar` after each."""
    for item in items:
        yield item
        advance(1)


@contextmanager
def progress_bar(total: int | None, title: str, unit: str) -> Iterator[Callable[[int], None]]:
    """Yield a function that takes the number of newly finished units; for work that isn't a loop over items.

    `total` is the number of units, None if unknown. A program run by hand draws a bar on the terminal. A job
    of the workflow, whose messages go to a log, shares the terminal with other jobs and with Snakemake, whose
    lines would run into bars: it writes whole lines there, at each quarter of the work and every minute. The
    log gets a line every INTERVAL seconds.
    """
    done, start = 0, time.monotonic()
    last = start
    alone = sys.stderr.isatty()
    with (
        nullcontext() if alone else _terminal() as screen,
        _bar(total, title, unit) if alone else nullcontext() as bar,
    ):
        lines = Quarters(total)

        def advance(number: int) -> None:
            nonlocal done, last
            done += number
            if bar is not None:
                bar.update(number)
            now = time.monotonic()
            said = f"{title}: {done} of {total or '?'} {unit}, {done / max(now - start, 1e-9):.1f} a second"
            if screen and lines.is_due(done, now - start):
                screen.write(f"{printable(said)}\n")  # one write, which no other process can cut in two
                screen.flush()
            if now - last >= INTERVAL:
                last = now
                log.info("%s", said)

        yield advance


class Quarters:
    """Says when progress is worth a line: at each quarter of the work, and after LINES_AT_MOST seconds.

    Not at its end, which Snakemake tells, and no sooner than LINES_AT_LEAST seconds after the one before:
    work of a moment needs no line.
    """

    def __init__(self, total: int | None):
        self.total, self.quarter, self.last = total, 0, 0.0

    def is_due(self, done: int, seconds: float) -> bool:
        """Return whether a line is due with `done` units after `seconds`; then it counts as written."""
        quarter = 4 * done // self.total if self.total else 0
        since = seconds - self.last
        is_new = self.quarter < quarter < 4
        if not (since >= LINES_AT_MOST or (is_new and since >= LINES_AT_LEAST)) or done == self.total:
            return False
        self.quarter, self.last = max(quarter, self.quarter), seconds
        return True


def _bar(total: int | None, title: str, unit: str) -> "tqdm":
    from tqdm import tqdm  # here, since it takes longer to load than the rest, and a job draws no bar

    return tqdm(desc=title, total=total, leave=False, file=sys.stderr, unit=f" {unit}")


@contextmanager
def _terminal() -> Iterator[TextIO | None]:
    """Yield the terminal of a process whose standard error goes to a file; None if it has none."""
    try:
        terminal = open("/dev/tty", "w")  # noqa: SIM115
    except OSError:
        yield None
        return
    with terminal:
        yield terminal


def printable(text: str, longest: int | None = LONGEST) -> str:
    """Return `text` with unprintable characters escaped, cut after `longest` characters (None: whole).

    For text from files of unknown origin, such as names, that goes to a log or a terminal.
    """
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:longest])
    return visible(safe) + ("…" if longest is not None and len(text) > longest else "")


def print_safely(text: str) -> None:
    """Print a line with names of unknown origin: `printable`, and `?` for what stdout can't encode."""
    encoding = sys.stdout.encoding or "utf-8"
    print(printable(text).encode(encoding, "replace").decode(encoding))


def printable_lines(text: str) -> str:
    """Return text of several lines, each whole, as `printable` returns it; tabs become spaces."""
    return "\n".join(printable(line.expandtabs(), None) for line in text.split("\n"))
