"""The audit as a page for people: one file, light and plain, that also prints."""

import json
from collections.abc import Iterable
from html import escape

EXAMPLES = 8
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


def page(facts: dict, cfg: dict) -> str:
    """HTML of what audit_numbers.report gives, with the section of the config that it was judged by.

    It needs no other file and runs no script; every text from the dataset is escaped.
    """
    name = escape(facts["dataset"])
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Audit of {name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>
<h1>Audit of {name}</h1>
<p class="note">{facts["images"]:,} images, {_mb(facts["bytes"])} MB. Every file was read anew;
the plan was not asked.</p>
{_verdict(facts)}
<h2>Checks</h2>
{_table(["", "check", ("found", "n"), "what must hold, and what was found"], map(_check, facts["checks"]))}
<h2>Splits</h2>
{_splits(facts)}
<h2>Corpora and methods</h2>
<p class="note">Images of each class; videos in brackets.</p>
{_parts(facts)}
{_strata(facts)}
<h2>What it was judged by</h2>
<pre>{escape(json.dumps(cfg, sort_keys=True, ensure_ascii=False))}</pre>
</body></html>
"""


def _verdict(facts: dict) -> str:
    names = {
        status: [check["name"] for check in facts["checks"] if check["status"] == status] for status in MARKS
    }
    warned = f" Warnings: {', '.join(names['warned'])}." if names["warned"] else ""
    if names["failed"]:
        status, text = "failed", f"<strong>Failed:</strong> {', '.join(names['failed'])}.{warned}"
    elif warned:
        status, text = "warned", f"<strong>Passed, with warnings.</strong>{warned}"
    else:
        status, text = "passed", f"<strong>Passed.</strong> All {len(facts['checks'])} checks found nothing."
    return f'<div class="verdict {status}">{text} Policy: {escape(facts["policy"])}.</div>'


def _check(check: dict) -> list[str]:
    status = check["status"]
    items = [f"<li>{escape(example)}</li>" for example in check["examples"][:EXAMPLES]]
    if check["found"] > EXAMPLES:
        items.append(f"<li>and {check['found'] - EXAMPLES:,} more</li>")
    found = f"<ul>{''.join(items)}</ul>" if items else ""
    return [
        _cell(f"{MARKS[status]} {status}", f"s {status}"),
        _cell(check["name"], "c"),
        _cell(f"{check['found']:,}" if check["found"] else "–", "n"),
        f"<td>{escape(check['text'])}{found}</td>",
    ]


def _splits(facts: dict) -> str:
    rows = []
    for split, part in facts["splits"].items():
        for number, (label, n) in enumerate(sorted(part["classes"].items(), reverse=True)):
            asked = "" if part["asked"] is None else f"{part['asked']:.1%}"
            bar = f'<td><div class="bar">{_bar(part)}</div></td>' if number == 0 else "<td></td>"
            rows.append(
                [
                    _cell(split if number == 0 else ""),
                    _cell(label),
                    *(_cell(f"{n[key]:,}", "n") for key in ("videos", "images")),
                    _cell(_mb(n["bytes"]), "n"),
                    _cell(f"{part['share']:.1%}" if number == 0 else "", "n"),
                    _cell(asked if number == 0 else "", "n"),
                    bar,
                ]
            )
    head = [
        "split",
        "class",
        ("videos", "n"),
        ("images", "n"),
        ("MB", "n"),
        ("share", "n"),
        ("asked", "n"),
        "",
    ]
    weights = ", ".join(f"{label} {weight:.2f}" for label, weight in facts["class_weights"].items())
    note = f'<p class="note">Weights at which both classes count the same in training: {weights}.</p>'
    legend = '<p class="note">The line in a bar stands at what was asked for. '
    legend += "Shares are of images, without corpora that are kept for test.</p>"
    return _table(head, rows) + legend + (note if weights else "")


def _bar(part: dict) -> str:
    mark = "" if part["asked"] is None else f'<b style="left: {part["asked"]:.1%}" title="asked"></b>'
    return f'<i style="width: {part["share"]:.1%}"></i>{mark}'


def _parts(facts: dict) -> str:
    splits = list(facts["splits"])
    lines: dict[tuple, dict] = {}
    for part in facts["parts"]:
        key = (part["corpus"], part["class"] != "real", part["class"], part["method"])
        lines.setdefault(key, {})[part["split"]] = part
    rows = [
        [
            *(_cell(text) for text in (corpus, label, method)),
            *(
                _cell(f"{found[s]['images']:,} ({found[s]['videos']:,})" if s in found else "–", "n")
                for s in splits
            ),
        ]
        for (corpus, _, label, method), found in sorted(lines.items())
    ]
    return _table(["corpus", "class", "method", *((split, "n") for split in splits)], rows)


def _strata(facts: dict) -> str:
    if not facts["strata"]:
        return ""
    text = '<h2>Strata</h2><p class="note">The share of each value in the whole and in each split.</p>'
    for column, stratum in facts["strata"].items():
        text += f"<h3>{escape(column)}</h3>"
        if stratum is None:
            text += "<p>metadata.csv has no such column.</p>"
            continue
        names = ["all", *(s for s in facts["splits"] if any(s in v for v in stratum["values"].values()))]
        rows = [
            [
                _cell(value or "(empty)"),
                *(_cell("" if n not in found else f"{found[n]:.1%}", "n") for n in names),
            ]
            for value, found in stratum["values"].items()
        ]
        text += _table(["value", *((n, "n") for n in names)], rows)
        text += f'<p class="note">Largest difference from the whole: {stratum["deviation"]:.1%}.</p>'
    return text


def _table(head: list[str | tuple[str, str]], rows: Iterable[list[str]]) -> str:
    """`rows` are cells as HTML; a head is text, or (text, class)."""
    titles = [title if isinstance(title, tuple) else (title, "") for title in head]
    heads = "".join(f'<th class="{kind}">{escape(text)}</th>' for text, kind in titles)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _cell(text: str, kind: str = "") -> str:
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f}"
