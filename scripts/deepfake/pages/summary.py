"""The one-page report: what the data is, how it was checked, and how good the detectors are."""

import json
from html import escape

from deepfake.audit.attrition import STEPS
from deepfake.audit.attrition_plot import NAMES
from deepfake.pages.audit import checks_table, parts_table, splits_table
from deepfake.pages.html import MARKS, cell, document, figure, mb, note, table, wide
from deepfake.pages.summary_data import (
    LEVELS,
    Model,
    Summary,
    few,
    judged,
    numbers,
    short_losses,
    videos,
    warnings,
)
from deepfake.pages.summary_models import across, caution, chosen, interval, leaders

STYLE = """
h2 { border-top: 1px solid #ddd; padding-top: 1.2rem; font-size: 1.3rem; }
h3 { margin-top: 1.8rem; }
a { color: #00598c; }
nav { margin: .6rem 0; } nav a { margin-right: 1rem; white-space: nowrap; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .8rem;
         margin: 1rem 0; }
.tiles div { border: 1px solid #ddd; border-radius: .3rem; padding: .6rem .8rem; }
.tiles span { display: block; font-size: .85rem; color: #555; }
.tiles strong { display: block; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; margin: .6rem 0; }
.wide td { overflow-wrap: break-word; } .wide th.n { white-space: normal; }
.leaders th.n { white-space: nowrap; }
.plain thead { display: none; }
small { color: #555; font-size: .82rem; }
td.n small { display: block; }
.leaders tr:has(.best) td { background: #eef6fb; }
.leaders td, .leaders th { padding: .35rem .5rem; }
.scores table { width: auto; } .scores td.n { padding-left: 2.5rem; }
.scores td.n small { display: inline-block; min-width: 7.5rem; }
figure { margin: 1rem 0; break-inside: avoid; }
figure img { display: block; max-width: 100%; height: auto; }
figure.part div { max-width: 38rem; }
figcaption { font-size: .87rem; color: #555; margin-top: .3rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr));
        gap: 1.2rem 1.5rem; margin: 1.2rem 0; }
.pair figure { margin: 0; } .pair img { width: 100%; }
.pair figure:last-child { grid-column: 1 / -1; display: grid; grid-template-columns: inherit;
                          gap: inherit; align-items: center; }
code { font-size: .9em; overflow-wrap: anywhere; }
@media screen and (max-width: 40rem) {
  body { padding: 0 .9rem; margin: 1rem auto; }
  .wide table { min-width: 36rem; } .leaders table { min-width: 46rem; } .scores table { min-width: 0; }
  .scores td.n { padding-left: .6rem; } .scores td.n small { display: block; }
  .scores td, .scores th { padding: .3rem .2rem; }
  .plain table { min-width: 0; }
  .broad div { overflow-x: auto; } .broad img { width: 44rem; max-width: none; }
}
@media print {
  html { font-size: 10.5px; } .leaders td, .leaders th { padding: .3rem; }
  .wide { overflow: visible; } nav { display: none; } h2, h3 { break-after: avoid; }
  .tiles { grid-template-columns: repeat(6, 1fr); }
  .pair { grid-template-columns: 1fr 1fr; }
}
"""
NAV = {
    "data": "Dataset",
    "losses": "Losses",
    "audit": "Audit",
    "models": "Models",
    "best": "The chosen model",
    "cross": "Other datasets",
    "again": "How to make it again",
}


def page(summary: Summary) -> str:
    """HTML of it all, with the pictures in it; it runs no script and asks for no file; texts are escaped."""
    parts = {
        "data": _data(summary),
        "losses": _losses(summary),
        "audit": _audit(summary),
        "models": leaders(summary),
        "best": chosen(summary.chosen),
        "cross": across(summary),
        "again": _again(summary),
    }
    links = "\n".join(f'<a href="#{key}">{NAV[key]}</a>' for key, text in parts.items() if text)
    sections = [f'<h2 id="{key}">{NAV[key]}</h2>\n{text}' for key, text in parts.items() if text]
    body = "\n".join([_verdict(summary), _tiles(summary), f"<nav>{links}</nav>", *sections])
    return document(f"Deepfake detection on {summary.dataset.name}", body, STYLE)


def _status(audit: dict) -> str:
    if not audit["passed"]:
        return "failed"
    return "warned" if any(check["status"] == "warned" for check in audit["checks"]) else "passed"


def _verdict(summary: Summary) -> str:
    best, status = summary.chosen, _status(summary.audit)
    others = len(summary.models) - 1
    why = (
        f"the best of {others + 1} models by {summary.choice['by'].replace('f1_macro', 'macro F1')}"
        if others
        else "the only model"
    )
    text = [f"<strong>{escape(best.name)}</strong> was chosen, {escape(why)}."]
    split = judged(best.metrics)
    if split:
        scores = " and ".join(f"{_spoken(best, level)} over {level}s" for level in LEVELS)
        text.append(f"Its macro F1 on {split} is {scores}.")
    text += filter(None, [caution(best)])
    words = {
        "passed": "The dataset passed its audit.",
        "warned": "The dataset passed its audit, with warnings.",
        "failed": "The dataset failed its audit: the numbers below can't be trusted.",
    }
    return f'<div class="verdict {status}">{" ".join([*text, words[status]])}</div>'


def _spoken(model: Model, level: str) -> str:
    found = numbers(model, level, "f1_macro")
    if found["value"] is None:
        return "not defined"
    if found["low"] is None:
        return f"<strong>{found['value']:.3f}</strong> (no interval)"
    only = f", {few(model)}" if few(model) else ""
    value, low, high = (f"{found[key]:.3f}" for key in ("value", "low", "high"))
    return f"<strong>{value}</strong> (95 % interval {low} to {high}{only})"


def _tiles(summary: Summary) -> str:
    best, status = summary.chosen, _status(summary.audit)
    scores = {
        "Macro F1, videos": numbers(best, "video", "f1_macro"),
        "Macro F1, frames": numbers(best, "frame", "f1_macro"),
        "ROC AUC, videos": numbers(best, "video", "roc_auc"),
    }
    only = f", {few(best)}" if few(best) else ""
    tiles = [
        (name, "–" if found["value"] is None else f"{found['value']:.3f}", interval(found) + only)
        for name, found in scores.items()
    ]
    tiles += [
        ("Images", f"{summary.kept['images']:,}", f"{mb(summary.kept['bytes'])} MB"),
        ("Videos", f"{videos(summary.kept):,}", f"in {len(summary.kept['splits'])} splits"),
        ("Audit", f"{MARKS[status]} {status}", f"{len(summary.audit['checks'])} checks"),
    ]
    boxes = [f"<div><span>{a}</span><strong>{b}</strong><span>{c}</span></div>" for a, b, c in tiles]
    return f'<div class="tiles">{"".join(boxes)}</div>'


def _data(summary: Summary) -> str:
    corpora = sorted({part["corpus"] for part in summary.audit["parts"]})
    methods = sorted({part["method"] for part in summary.audit["parts"]} - {""})
    text = (
        f"{summary.kept['images']:,} images of {videos(summary.kept):,} videos, {mb(summary.kept['bytes'])}"
    )
    text += f" MB, in the classes real and fake. Corpora: {', '.join(corpora)}."
    text += f" Methods: {', '.join(methods)}." if methods else " The corpora name no methods."
    if "test" not in summary.audit["splits"]:
        text += " There is no test split."
    shown = figure(
        summary.dataset / "contact_sheet.png",
        "Some of the images",
        "Drawn by chance from the dataset.",
        "part",
    )
    tables = f"<h3>Splits</h3>{wide(splits_table(summary.audit))}<h3>Corpora and methods</h3>"
    return f"<p>{escape(text)}</p>{tables}{wide(parts_table(summary.audit))}{shown}"


def _losses(summary: Summary) -> str:
    losses = short_losses(summary.losses)
    steps = [step for step in STEPS if step in losses]
    kept = [("videos", "n"), ("images", "n"), ("kept", "n")]
    rows = [
        [
            cell(row["corpus"]),
            cell(row["class"]),
            cell(f"{row['videos_kept']:,} of {row['videos']:,}", "n"),
            cell(f"{row['images_kept']:,} of {row['images']:,}", "n"),
            cell(f"{row['images_kept'] / row['images']:.0%}" if row["images"] else "–", "n"),
            *(cell(f"{row[step]:,}" if row[step] else "–", "n") for step in steps),
        ]
        for row in losses.to_dict("records")
    ]
    found = warnings(summary.losses)
    warned = "".join(f"<li>{escape(text)}</li>" for text in found)
    text = "Videos and images kept, and images lost at each step, by corpus and class."
    short = wide(table(["corpus", "class", *kept, *((NAMES[step], "n") for step in steps)], rows))
    alarm = f"<p><strong>Losses that may give the label away:</strong></p><ul>{warned}</ul>" if found else ""
    shown = figure(
        summary.attrition_picture, "Where images were lost", "By corpus, class and method.", "broad"
    )
    return note(text) + short + alarm + shown


def _audit(summary: Summary) -> str:
    path = f"<code>{escape(summary.audit_page)}</code>"
    text = f"<p>Every file of the finished dataset was read and checked. All that was found: {path}</p>"
    return text + wide(checks_table(summary.audit))


def _again(summary: Summary) -> str:
    best = summary.chosen
    seed = summary.config.get("seed", _seed(best.facts["training"]))
    facts = {
        "Dataset": f"{summary.dataset.name}, digest {best.facts['dataset']['sha256']}",
        "Seed": "unknown" if seed is None else str(seed),
        **_inputs(best.facts),
        "Versions": ", ".join(
            f"{name} {version}" for name, version in sorted(best.facts["versions"].items())
        ),
    }
    rows = [[cell(name, "c"), cell(value)] for name, value in facts.items()]
    sections = {
        "How the images were made": summary.kept.get("steps", {}),
        "How the model was made" if best.is_ensemble else "How the model was trained": best.facts["training"],
        **({"The config": summary.config} if summary.config else {}),
    }
    blocks = "".join(f"<h3>{name}</h3><pre>{escape(_plain(part))}</pre>" for name, part in sections.items())
    text = "With the same corpora, settings and seed, and the same versions, one command makes it all again:"
    return f"<p>{text}</p><pre>snakemake --cores all</pre>{wide(table(['', ''], rows), 'plain')}{blocks}"


def _seed(training: dict) -> int | None:
    """The one that a model was trained with; of an ensemble that of its models, which is the config's too."""
    inner = (_seed(member["training"]) for member in training.get("members", {}).values())
    return training.get("seed", next(inner, None))


def _inputs(facts: dict) -> dict[str, str]:
    """What the model takes; the networks of an ensemble scale pixels each in their own way."""
    if "members" in facts:
        return {"Inputs of its networks": "; ".join(map(_input, facts["geometries"]))}
    scaling = f"{_plain(facts['mean'])}, {_plain(facts['std'])}"
    return {"Input of the model": _input(facts["geometry"]), "Mean and std of RGB": scaling}


def _input(geometry: dict) -> str:
    size, resize = geometry["size"], geometry["resize"]
    cut = f", the middle of an image scaled to {resize}" if resize != size else ""
    return f"{size} by {size} pixels{cut}, {geometry['resample']}"


def _plain(value) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
