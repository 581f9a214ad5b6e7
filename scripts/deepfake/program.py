"""What every program of scripts/ shares: its parser, its log, its errors and its exit codes."""

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence

from deepfake.console import log, printable_lines
from deepfake.disk import explain
from deepfake.errors import UserError
from deepfake.packages import is_foreign, missing_package
from deepfake.provenance import option_of, recorded
from deepfake.windows import explain_windows_path

FAILED = 1
INTERRUPTED = 128 + signal.SIGINT

Main = Callable[[Sequence[str] | None], int | None]
"""A program's `main`: takes the arguments (None: the command line's), returns an exit code (None: 0)."""


def make_parser(docstring: str) -> argparse.ArgumentParser:
    """A parser whose `--help` begins with the program's docstring, as it stands there."""
    parser = argparse.ArgumentParser(
        description=docstring, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--record", nargs="?", help="of the workflow: what to note about inputs and outputs")
    return parser


def json_object(text: str) -> dict:
    """Return the JSON object that an option holds; as `type=` of argparse, which reports the ValueError."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add the option --limits: some of the config's `limits`, for a program that opens files of others."""
    parser.add_argument("--limits", type=json_object, default={}, help="JSON: `limits` to override")


def positive_int(text: str) -> int:
    """Return the whole number from 1 that an option holds; as `type=` of argparse, like json_object."""
    if int(text) < 1:
        raise ValueError("less than 1")
    return int(text)


class PrintableFormatter(logging.Formatter):
    """Escapes unprintable characters in log records: names of files may hold commands for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable_lines(super().format(record))


def exit_on_sigterm() -> None:
    """Let SIGTERM end the program as an error does, so that it stops its workers; exit code 143."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def start_logging() -> None:
    """Send messages to standard error, which the workflow writes to the step's log file."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)


def run(main: Main, argv: Sequence[str] | None = None) -> int:
    """Run a program and return its exit code.

    UserError and OSError, which users can put right, become one line of the log and exit code 1; so does a
    package that isn't installed, which is why programs import torch in `main`. Every other exception is a
    bug, and keeps its traceback.
    """
    start_logging()
    words = sys.argv[1:] if argv is None else argv
    try:
        with recorded(option_of(words)):
            return main(argv) or 0
    except (UserError, OSError) as error:
        log.error("%s", error if isinstance(error, UserError) else explain(error))
        for word in map(str, words):
            if not os.path.lexists(word) and (advice := explain_windows_path(word)):
                log.error("%s: %s", word, advice)
        return FAILED
    except ModuleNotFoundError as error:
        if not is_foreign(error.name):
            raise
        log.error("%s", missing_package(error.name))
        return FAILED
    except KeyboardInterrupt:
        log.error("interrupted")
        return INTERRUPTED
