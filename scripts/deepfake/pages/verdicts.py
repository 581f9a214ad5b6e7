"""One page of verdicts: what was called fake, by which model, and what could not be judged and why."""

import math
from collections.abc import Sequence
from html import escape

from deepfake.checkpoints.inference import Opened
from deepfake.detection.text import called, clean, interval, is_unsure, score
from deepfake.detection.verdict import FAKE, NONE, REAL, Verdict, by_reason, frames_judged
from deepfake.pages.face_strip import explained
from deepfake.pages.html import cell, document, note, table, wide
from deepfake.pages.text import many, threshold_of
from deepfake.pages.verdict_model import about_model
from deepfake.pages.verdict_section import left_out_lines, most_fake, section

SHOWN = 50  # media with a section of their own: those of the highest scores
STYLE = """
h2 { border-top: 1px solid #ddd; padding-top: 1.2rem; font-size: 1.3rem; }
h3, h4 { overflow-wrap: anywhere; break-after: avoid; }
h4 { font-size: .95rem; margin: .9rem 0 .3rem; }
a { color: #00598c; overflow-wrap: anywhere; }
nav { margin: .6rem 0; } nav a { margin-right: 1rem; white-space: nowrap; }
h1 { overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: .8rem; margin: 1rem 0; }
.tiles div { border: 1px solid #ddd; border-radius: .3rem; padding: .6rem .8rem; }
.tiles span { display: block; font-size: .85rem; color: #555; }
.tiles strong { display: block; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; margin: .6rem 0; } .wide td { overflow-wrap: break-word; }
.media td:first-child { min-width: 9rem; overflow-wrap: anywhere; }
td small { display: block; color: #555; font-size: .82rem; }
.bar { min-width: 6rem; margin-top: .3rem; }
.bar i { position: absolute; background: #888; top: .3rem; height: .2rem; }
.bar u { position: absolute; width: .6rem; height: .6rem; border-radius: 50%; margin-left: -.3rem; top: .1rem;
         background: #222; }
.bar b { border-left: 2px dashed #666; }
td.fake, .call.fake strong { color: #b33a00; font-weight: 600; }
td.real, .call.real strong { color: #00598c; font-weight: 600; }
td.none, .call.none { color: #555; }
.medium { border-top: 1px solid #eee; padding-bottom: .8rem; } .medium h3 { margin-top: .8rem; }
figure { margin: .7rem 0; break-inside: avoid; } figure img { display: block; max-width: 100%; height: auto; }
figcaption { font-size: .87rem; color: #555; margin-top: .2rem; }
.strip { display: flex; flex-wrap: wrap; gap: .4rem; margin: .4rem 0; }
.strip figure { margin: 0; width: 4.6rem; } .strip img { width: 100%; border-radius: .15rem; }
.strip figcaption { text-align: center; font-variant-numeric: tabular-nums; line-height: 1.3; }
.person { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; break-inside: avoid; }
.person h4 { flex: 0 0 100%; margin-bottom: 0; } .person .strip { flex: 1 1 20rem; align-content: start; }
.cam { display: grid; grid-template-columns: repeat(2, 8.5rem); gap: 0 .3rem; margin: .4rem 0;
       align-content: start; }
.plain thead { display: none; }
.cam img { width: 100%; } .cam figcaption { grid-column: 1 / -1; }
.key { display: inline-block; width: 1.4rem; height: .35rem; margin-right: .5rem; vertical-align: middle; }
@media screen and (max-width: 40rem) {
  body { padding: 0 .9rem; margin: 1rem auto; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .wide table { min-width: 34rem; } .plain table, .why table { min-width: 0; }
  .broad div { overflow-x: auto; } .broad img { width: 40rem; max-width: none; }
}
@media print { html { font-size: 10.5px; } .wide { overflow: visible; } nav { display: none; } }
"""
NAV = {"media": "All media", "model": "The model", "each": "One by one", "not": "What could not be judged"}
LOOKED = (
    "Beside the face of the highest score stands its Grad-CAM: yellow places spoke most for fake, dark purple"
    " ones a little; grey ones did not count, or spoke for real. Each is scaled to its own highest place. It"
    " is a hint and no proof."
)
NO_GRADIENTS = "There is no Grad-CAM: this form of the model gives no gradients, a best.pt does."


def page(verdicts: Sequence[Verdict], model: Opened, title: str) -> str:
    """HTML of all verdicts with their pictures in it; it runs no script, asks for no file, escapes all texts.

    The same verdicts and model give the same text.
    """
    ranked = sorted((v for v in verdicts if v.person), key=_rank)
    failed = sorted((v for v in verdicts if not v.person), key=lambda v: v.name)
    parts = {
        "media": _media(ranked, failed, model.facts),
        "model": about_model(model.facts),
        "each": _each(ranked, model),
        "not": _not_judged(ranked, failed),
    }
    links = "\n".join(f'<a href="#{key}">{NAV[key]}</a>' for key, text in parts.items() if text)
    sections = [f'<h2 id="{key}">{NAV[key]}</h2>\n{text}' for key, text in parts.items() if text]
    body = [_summary(ranked, failed), _tiles(ranked, failed), f"<nav>{links}</nav>", *sections]
    return document(clean(title), "\n".join(body), STYLE)


def _rank(verdict: Verdict) -> tuple[float, str]:
    return (1.0 if math.isnan(verdict.score) else -verdict.score), verdict.name


def _summary(ranked: list[Verdict], failed: list[Verdict]) -> str:
    if not ranked and not failed:
        return '<div class="verdict warned">There are no media to judge.</div>'
    fake, unsure = sum(v.verdict == FAKE for v in ranked), sum(is_unsure(v.person) for v in ranked)
    text = f"Of {many(len(ranked) + len(failed), 'medium', 'media')} <strong>{fake:,}</strong>"
    text += f" {'was' if fake == 1 else 'were'} called fake and <strong>{len(ranked) - fake:,}</strong> real;"
    text += f" {len(failed):,} could not be judged."
    if unsure:
        text += f" {unsure:,} of these verdicts {'is' if unsure == 1 else 'are'} unsure: the interval of the"
        text += " score reaches over the threshold."
    if part := sum(bool(v.left_out) for v in ranked):
        text += f" Some frames of {many(part, 'judged medium', 'judged media')} could not be judged."
    return f'<div class="verdict {"warned" if failed or part or unsure else "passed"}">{text}</div>'


def _tiles(ranked: list[Verdict], failed: list[Verdict]) -> str:
    tiles = {
        "Called fake": sum(v.verdict == FAKE for v in ranked),
        "Called real": sum(v.verdict == REAL for v in ranked),
        "Of them unsure": sum(is_unsure(v.person) for v in ranked),
        "Not judged": len(failed),
    }
    boxes = [f"<div><span>{name}</span><strong>{count:,}</strong></div>" for name, count in tiles.items()]
    return f'<div class="tiles">{"".join(boxes)}</div>'


def _media(ranked: list[Verdict], failed: list[Verdict], facts: dict) -> str:
    if not ranked and not failed:
        return ""
    head = ["medium", "verdict", ("score", "n"), "0 to 1", ("people", "n"), ("frames", "n")]
    rows = [_row(verdict, place, facts) for place, verdict in enumerate(ranked)]
    rows += [
        [
            f'<td><a href="#x{place}">{escape(clean(verdict.name))}</a></td>',
            cell(called(None), NONE),
            cell("–", "n"),
            "<td></td>",
            cell(f"{len(verdict.people):,}", "n"),
            cell(f"{frames_judged(verdict):,} of {verdict.frames:,}", "n"),
        ]
        for place, verdict in enumerate(failed)
    ]
    text = "Sorted by score; below it stands its 95 % interval. The bar shows both, and the threshold dashed."
    text += " Frames: judged of those asked for. A table with the reasons is verdicts.csv."
    return note(text) + wide(table(head, rows), "media")


def _row(verdict: Verdict, place: int, facts: dict) -> list[str]:
    name, person = escape(clean(verdict.name)), verdict.person
    between = interval(person)
    return [
        f'<td><a href="#m{place}">{name}</a></td>' if place < SHOWN else f"<td>{name}</td>",
        cell(called(person), person.verdict),
        f'<td class="n">{score(person.score)}{f"<small>{between}</small>" if between else ""}</td>',
        f"<td>{_bar(verdict, facts)}</td>",
        cell(f"{len(verdict.people):,}", "n"),
        cell(f"{frames_judged(verdict):,} of {verdict.frames:,}", "n"),
    ]


def _bar(verdict: Verdict, facts: dict) -> str:
    """The score as a dot, its interval as a line through it, and the threshold; for eyes alone."""
    person = verdict.person
    if math.isnan(person.score):
        return ""
    line = ""
    if interval(person):
        width = 100 * (person.high - person.low)
        line = f'<i style="left:{100 * person.low:.1f}%;width:{width:.1f}%"></i>'
    mark = f'<b style="left:{100 * threshold_of(verdict, facts):.1f}%"></b>'
    mark += f'<u style="left:{100 * person.score:.1f}%"></u>'
    return f'<div class="bar" aria-hidden="true">{line}{mark}</div>'


def _each(ranked: list[Verdict], model: Opened) -> str:
    shown = ranked[:SHOWN]
    if not shown:
        return ""
    wanted = [(place, number, look) for place, v in enumerate(shown) for number, look in most_fake(v).items()]
    pictures: list[dict] = [{} for _ in shown]
    if model.detector is not None:
        maps = explained([look for _, _, look in wanted], model)
        for (place, number, _), pair in zip(wanted, maps, strict=True):
            pictures[place][number] = pair
    sections = [section(v, f"m{place}", model.facts, pictures[place]) for place, v in enumerate(shown)]
    text = "Below each face stand its time and its score. "
    text += NO_GRADIENTS if model.detector is None else LOOKED
    if len(ranked) > SHOWN:
        text += f" Shown are the {SHOWN} of the highest scores; {len(ranked) - SHOWN:,} more were judged."
    return note(text) + "\n".join(sections)


def _not_judged(ranked: list[Verdict], failed: list[Verdict]) -> str:
    parts = []
    if failed:
        rows = [
            [
                f'<td id="x{place}">{escape(clean(verdict.name))}</td>',
                f"<td>{'<br>'.join(map(escape, left_out_lines(verdict))) or 'nothing was found'}</td>",
            ]
            for place, verdict in enumerate(failed)
        ]
        parts.append(f"<h3>Media</h3>{wide(table(['medium', 'why'], rows), 'media why')}")
    if found := _frames_by_reason(ranked):
        rows = [[cell(clean(r)), cell(f"{n:,}", "n"), cell(f"{m:,}", "n")] for r, (n, m) in found.items()]
        text = note("Of media that were judged by their other frames.")
        head = ["why", ("frames", "n"), ("media", "n")]
        parts.append(f"<h3>Frames</h3>{text}{wide(table(head, rows), 'why')}")
    return "".join(parts)


def _frames_by_reason(ranked: list[Verdict]) -> dict[str, tuple[int, int]]:
    """Of each reason how many frames and how many media it left out, the most frequent first."""
    found: dict[str, tuple[int, int]] = {}
    for verdict in ranked:
        for reason, left in by_reason(verdict).items():
            frames, media = found.get(reason, (0, 0))
            found[reason] = frames + sum(one.frame is not None for one in left), media + 1
    return dict(sorted(found.items(), key=lambda item: (-item[1][0], item[0])))
