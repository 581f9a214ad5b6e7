"""What the page of verdicts says of the model that judged, by what its file holds."""

from html import escape

from deepfake.detection.output import number
from deepfake.detection.text import clean, score
from deepfake.pages.html import cell, table, wide
from deepfake.pages.text import many

MEANING = (
    "A score is what the model gives as the probability of fake; that of a person in a video is the mean over"
    " the frames in which the person was judged, and its 95 % interval is by bootstrap over these frames. It"
    " is no probability that holds elsewhere: with other cameras, codecs, people or kinds of fakes than those"
    " that the model learnt from, or another share of fakes, it means something else. The interval says how"
    " much the frames differ, and not how often the model is wrong; its evaluation says that."
)


def about_model(facts: dict) -> str:
    """HTML of the network, what it learnt from, its F1 and thresholds, and what its scores mean.

    `facts` are those of Opened. They may come from anywhere: what isn't there or isn't a number is a dash.
    """
    stills, videos = facts["threshold"], facts["video_threshold"]
    rows = {
        "Network": _network(facts),
        "Learnt from": _learnt_from(facts),
        "Macro F1 on val": _score(_at(facts, "metrics", "val", "f1_macro"), " over single images"),
        "Called fake": f"a still from {stills:.3f} on, a person in a video from {videos:.3f} on",
        "Calibrated": _calibrated(facts),
    }
    cells = [[cell(name, "c"), cell(clean(text))] for name, text in rows.items()]
    return f"{wide(table(['', ''], cells), 'plain')}<p>{escape(MEANING)}</p>"


def _network(facts: dict) -> str:
    if "parts" not in facts:
        return f"{_text(_at(facts, 'network', 'arch'))}{_untrained(facts)}"
    parts = facts["parts"]
    archs = ", ".join(dict.fromkeys(_text(_at(part, "network", "arch")) for part in parts))
    views = max(len(part["views"]) for part in parts)
    text = f"{many(len(parts), 'network')} ({archs})"
    if members := _at(facts, "training", "ensemble", "models"):
        text = f"{', '.join(map(str, members))}: {text}" if isinstance(members, list) else text
    if len(parts) > 1:
        text += f", weighted {'by validation' if _weighted(facts) == 'validation' else 'equally'}"
    return f"{text}, {many(views, 'view')} of each image"


def _weighted(facts: dict) -> object:
    return _at(facts, "training", "ensemble", "weighted")


def _untrained(facts: dict) -> str:
    return ", with weights taken as they were" if _at(facts, "training", "epochs") == 0 else ""


def _learnt_from(facts: dict) -> str:
    text = f"{_text(_at(facts, 'dataset', 'name'))}, digest {_text(_at(facts, 'dataset', 'sha256'))[:12]}"
    if _untrained(facts):
        text = f"elsewhere; its thresholds are of {text}"
    corpora, shows = (_at(facts, "preprocessing", key) for key in ("corpora", "shows"))
    if isinstance(corpora, dict) and corpora:
        text += f"; {_text(shows)} of {', '.join(map(str, corpora))}"
    return text


def _calibrated(facts: dict) -> str:
    if _at(facts, "training", "ensemble", "calibrate") is True:
        temperature = number(_at(facts, "temperature"))
        return f"on val, by one temperature, {temperature:.3g}: there its scores are near to shares of fakes"
    return "no: scores near 0 and 1 may be surer than they should"


def _at(facts: object, *keys: str) -> object:
    """What lies below `keys`; None where it isn't there."""
    for key in keys:
        facts = facts.get(key) if isinstance(facts, dict) else None
    return facts


def _text(value: object) -> str:
    return value if isinstance(value, str) and value else "–"


def _score(value: object, of: str) -> str:
    known = number(value) if isinstance(value, int | float) else None
    return "–" if known is None else f"{score(known)}{of}"
