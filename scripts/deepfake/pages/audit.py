"""The audit as a page for people."""

import json
from html import escape

from deepfake.audit.checks import sort_splits
from deepfake.pages.html import MARKS, cell, document, mb, table

EXAMPLES = 8


def page(facts: dict, cfg: dict) -> str:
    """HTML of what audit_numbers.report gives, with the section of the config that it was judged by.

    It needs no other file and runs no script; every text from the dataset is escaped.
    """
    body = f"""<p class="note">{facts["images"]:,} images, {mb(facts["bytes"])} MB. Every file was read anew;
the plan was not asked.</p>
{_verdict(facts)}
<h2>Checks</h2>
{checks_table(facts)}
<h2>Splits</h2>
{splits_table(facts)}
<h2>Corpora and methods</h2>
{parts_table(facts)}
{_strata(facts)}
<h2>What it was judged by</h2>
<pre>{escape(json.dumps(cfg, sort_keys=True, ensure_ascii=False))}</pre>"""
    return document(f"Audit of {facts['dataset']}", body)


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


def checks_table(facts: dict) -> str:
    """Each check with its status, what must hold, and the first of what was found."""
    head = ["", "check", ("found", "n"), "what must hold, and what was found"]
    return table(head, map(_check, facts["checks"]))


def _check(check: dict) -> list[str]:
    status = check["status"]
    items = [f"<li>{escape(example)}</li>" for example in check["examples"][:EXAMPLES]]
    if check["found"] > EXAMPLES:
        items.append(f"<li>and {check['found'] - EXAMPLES:,} more</li>")
    found = f"<ul>{''.join(items)}</ul>" if items else ""
    return [
        cell(f"{MARKS[status]} {status}", f"s {status}"),
        cell(check["name"], "c"),
        cell(f"{check['found']:,}" if check["found"] else "–", "n"),
        f"<td>{escape(check['text'])}{found}</td>",
    ]


def splits_table(facts: dict) -> str:
    """The classes of each split in numbers, with the share asked for; `facts` are audit_numbers.report's."""
    rows = []
    for split in sort_splits(facts["splits"]):
        part = facts["splits"][split]
        for number, (label, n) in enumerate(sorted(part["classes"].items(), reverse=True)):
            asked = "" if part["asked"] is None else f"{part['asked']:.1%}"
            bar = f'<td><div class="bar">{_bar(part)}</div></td>' if number == 0 else "<td></td>"
            rows.append(
                [
                    cell(split if number == 0 else ""),
                    cell(label),
                    *(cell(f"{n[key]:,}", "n") for key in ("videos", "images")),
                    cell(mb(n["bytes"]), "n"),
                    cell(f"{part['share']:.1%}" if number == 0 else "", "n"),
                    cell(asked if number == 0 else "", "n"),
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
    return table(head, rows) + legend + (note if weights else "")


def _bar(part: dict) -> str:
    mark = "" if part["asked"] is None else f'<b style="left: {part["asked"]:.1%}" title="asked"></b>'
    return f'<i style="width: {part["share"]:.1%}"></i>{mark}'


def parts_table(facts: dict) -> str:
    """Images and videos of each corpus, class and method, by split."""
    splits = sort_splits(facts["splits"])
    lines: dict[tuple, dict] = {}
    for part in facts["parts"]:
        key = (part["corpus"], part["class"] != "real", part["class"], part["method"])
        lines.setdefault(key, {})[part["split"]] = part
    rows = [
        [
            *(cell(text) for text in (corpus, label, method)),
            *(
                cell(f"{found[s]['images']:,} ({found[s]['videos']:,})" if s in found else "–", "n")
                for s in splits
            ),
        ]
        for (corpus, _, label, method), found in sorted(lines.items())
    ]
    note = '<p class="note">Images of each class; videos in brackets.</p>\n'
    return note + table(["corpus", "class", "method", *((split, "n") for split in splits)], rows)


def _strata(facts: dict) -> str:
    if not facts["strata"]:
        return ""
    text = '<h2>Strata</h2><p class="note">The share of each value in the whole and in each split.</p>'
    for column, stratum in facts["strata"].items():
        text += f"<h3>{escape(column)}</h3>"
        if stratum is None:
            text += "<p>metadata.csv has no such column.</p>"
            continue
        names = [
            "all",
            *(s for s in sort_splits(facts["splits"]) if any(s in v for v in stratum["values"].values())),
        ]
        rows = [
            [
                cell(value or "(empty)"),
                *(cell("" if n not in found else f"{found[n]:.1%}", "n") for n in names),
            ]
            for value, found in stratum["values"].items()
        ]
        text += table(["value", *((n, "n") for n in names)], rows)
        text += f'<p class="note">Largest difference from the whole: {stratum["deviation"]:.1%}.</p>'
    return text
