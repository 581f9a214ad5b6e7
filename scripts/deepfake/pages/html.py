"""What the pages for people share: each is one file, light and plain, that needs no other and also prints."""

import base64
from collections.abc import Iterable
from html import escape
from pathlib import Path

MARKS = {"passed": "✓", "warned": "!", "failed": "✗"}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 62rem;
       margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { margin: .3rem 0; }
.verdict { border-left: .5rem solid; padding: .8rem 1.2rem; margin: 1rem 0 1.5rem; font-size: 1.1rem; }
.passed.verdict { border-color: #0072b2; background: #eef6fb; }
.warned.verdict { border-color: #e69f00; background: #fdf6e7; }
.failed.verdict { border-color: #b33a00; background: #fbeee8; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid #ddd;
         overflow-wrap: anywhere; }
th { border-bottom: 2px solid #999; font-weight: 600; overflow-wrap: normal; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.s, td.c { white-space: nowrap; }
td.s { font-weight: 600; }
td.passed { color: #00598c; } td.warned { color: #8a5a00; } td.failed { color: #b33a00; }
ul { margin: .3rem 0 .2rem; padding-left: 1.1rem; font-size: .87rem; color: #444; }
.bar { position: relative; background: #eee; height: .8rem; min-width: 8rem; margin-top: .35rem; }
.bar i { display: block; height: 100%; background: #0072b2; }
.bar b { position: absolute; top: -.2rem; height: 1.2rem; border-left: 2px solid #d55e00; }
.note, pre { font-size: .87rem; color: #555; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f6f6; padding: .7rem; }
* { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } tr { break-inside: avoid; } }
"""
KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}


def document(title: str, body: str, style: str = "") -> str:
    """A whole page; `body` is HTML, `style` CSS that is laid over STYLE."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}{style}</style></head><body>
<h1>{escape(title)}</h1>
{body}
</body></html>
"""


def table(head: list[str | tuple[str, str]], rows: Iterable[list[str]]) -> str:
    """`rows` are cells as HTML; a head is text, or (text, class)."""
    titles = [title if isinstance(title, tuple) else (title, "") for title in head]
    heads = "".join(f'<th class="{kind}">{escape(text)}</th>' for text, kind in titles)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{body}\n</tbody></table>"


def cell(text: str, kind: str = "") -> str:
    """One cell; `text` is escaped, `kind` is its class: n for numbers, c for what isn't broken into lines."""
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"


def mb(size: int) -> str:
    """Bytes in millions, with one digit after the point."""
    return f"{size / 1e6:,.1f}"


def picture(path: str | Path, alt: str) -> str:
    """An image with the bytes of a svg, png or jpg in it, and `alt` for those who don't see it.

    A svg is kept apart as an image of its own: inline, the ids of one would clash with those of the next.
    """
    return embedded(Path(path).read_bytes(), Path(path).suffix, alt)


def embedded(data: bytes, suffix: str, alt: str) -> str:
    """The same for the bytes of a file with this suffix."""
    text = base64.b64encode(data).decode("ascii")
    return f'<img src="data:{KINDS[suffix]};base64,{text}" alt="{escape(alt)}">'


def wide(text: str, kind: str = "") -> str:
    """A table, as HTML, that is scrolled by itself where the window is narrow; `kind` is its class."""
    return f'<div class="wide {kind}">{text}</div>'


def figure(path: str | Path, title: str, caption: str, kind: str = "") -> str:
    """A picture with a title and a caption below it; `kind` is its class: broad is scrolled, not shrunk."""
    label = f"<strong>{escape(title)}.</strong> {escape(caption)}"
    shown = f"<div>{picture(path, title)}</div>"
    return f'<figure class="{kind}">{shown}<figcaption>{label}</figcaption></figure>'


def note(text: str) -> str:
    """A paragraph of small print."""
    return f'<p class="note">{escape(text)}</p>'
