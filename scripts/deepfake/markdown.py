"""Text of unknown origin, such as names from corpora and models, in Markdown without any effect."""

import re

from deepfake.names import visible

PLAIN = re.compile(r"(?:[\w .,;()+/%–'-](?!_(?!\w))|(?<=\w)_(?=\w))*")  # letters, digits, and no emphasis
LINK = re.compile(r"(?i)www\.|://")


def plain_text(value: object) -> str:
    """Return a value as it is if it is plain, else as a code span, which has no links, HTML or emphasis."""
    text = visible(str(value))
    return text if PLAIN.fullmatch(text) and not LINK.search(text) else code_span(text)


def code_span(value: object) -> str:
    """Return a value as code in a line of text, also if it holds backticks."""
    text = visible(str(value))
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def table_cell(value: object) -> str:
    """Return a value as `plain_text` does, for a cell of a table, which ends at a pipe even in code."""
    return plain_text(value).replace("|", "\\|")
