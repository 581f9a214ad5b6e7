"""What a step says: plain lines to its log, and a progress bar to the terminal where one is attached."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
EVERY = 30  # seconds between two lines of progress in a log

log = logging.getLogger("deepfake")


def progress(items: Iterable[Item], what: str, unit: str) -> Iterator[Item]:
    """Give `items` on, with a bar on the terminal and a line in the log every now and then."""
    with progress_bar(len(items) if isinstance(items, Sized) else None, what, unit) as advance:
        for item in items:
            yield item
            advance(1)


@contextmanager
def progress_bar(total: int | None, what: str, unit: str) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how many more are done; for work that isn't a loop over items."""
    done, said, began = 0, time.monotonic(), time.monotonic()
    with (
        _terminal() as screen,
        tqdm(None, what, total, False, screen, unit=f" {unit}", disable=not screen) as bar,
    ):

        def advance(number: int) -> None:
            nonlocal done, said
            done += number
            bar.update(number)
            now = time.monotonic()
            if now - said >= EVERY:
                said = now
                log.info(
                    "%s: %d of %s %s, %.1f a second", what, done, total or "?", unit, done / (now - began)
                )

        yield advance


class _terminal:
    """The terminal behind a redirected standard error; None where there is none (a cluster, a pipe, CI)."""

    def __enter__(self):
        try:
            self.file = open("/dev/tty", "w") if not sys.stderr.isatty() else sys.stderr
        except OSError:
            self.file = None
        return self.file

    def __exit__(self, *_):
        if self.file and self.file is not sys.stderr:
            self.file.close()
