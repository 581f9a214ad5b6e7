"""One video or still on the page of verdicts: its verdict, its people, and what could not be judged of it."""

import math
from collections.abc import Iterable
from html import escape

from deepfake.detection.text import called, clean, interval, is_unsure, score
from deepfake.detection.verdict import LeftOut, Person, ScoredFace, Verdict, by_reason, frames_judged
from deepfake.pages.face_strip import highest, strip
from deepfake.pages.html import cell, embedded, note, table, wide
from deepfake.pages.text import clock, threshold_of
from deepfake.pages.timeline import draw_timeline, look_of
from deepfake.plotting import GREY

PEOPLE = 12  # of a medium that are shown with pictures
LISTED = 24  # numbers of frames that are written out

Explained = dict[int, tuple[bytes, bytes]]
"""By a person's number the face of the highest score, and the same under its Grad-CAM: two jpgs."""


def shown_people(verdict: Verdict) -> list[Person]:
    """Those with pictures, up to PEOPLE: whose verdict it is first, then by score, then by number."""

    def rank(person: Person) -> tuple[bool, float, int]:
        return person.number != verdict.decisive, -_sortable(person.score), person.number

    return sorted(verdict.people, key=rank)[:PEOPLE]


def most_fake(verdict: Verdict) -> dict[int, ScoredFace]:
    """By the number of each person shown the look that Grad-CAM is to explain."""
    looks = {person.number: highest(person) for person in shown_people(verdict)}
    return {number: look for number, look in looks.items() if look}


def section(verdict: Verdict, anchor: str, facts: dict, explained: Explained) -> str:
    """A medium that was judged, as HTML under a heading with the id `anchor`."""
    people, threshold = shown_people(verdict), threshold_of(verdict, facts)
    parts = [f'<h3 id="{anchor}">{escape(clean(verdict.name))}</h3>', _spoken(verdict, threshold)]
    if len(verdict.people) > 1:
        parts.append(wide(_people(verdict)))
    if len(verdict.people) > len(people):
        parts.append(note(f"Below are {len(people)} of these {len(verdict.people):,} people."))
    if verdict.kind != "image" and len({look.frame for p in verdict.people for look in p.faces}) > 1:
        parts.append(_timeline(verdict, people, threshold))
    for place, person in enumerate(people):
        parts.append(_person(verdict, place, person, explained.get(person.number)))
    if verdict.left_out:
        rows = "".join(f"<li>{escape(line)}</li>" for line in left_out_lines(verdict))
        parts.append(f"<h4>Not judged</h4><ul>{rows}</ul>")
    return f'<section class="medium">{"".join(parts)}</section>'


def left_out_lines(verdict: Verdict) -> list[str]:
    """What could not be judged, a line for each reason, with the frames' numbers."""
    return [
        f"{frames}: {clean(reason)}" if (frames := _frames(left)) else clean(reason)
        for reason, left in by_reason(verdict).items()
    ]


def _frames(left_out: Iterable[LeftOut]) -> str:
    numbers = sorted({left.frame for left in left_out if left.frame is not None})
    if len(numbers) < 2:
        return "".join(f"frame {one}" for one in numbers)
    more = f" and {len(numbers) - LISTED:,} more" if len(numbers) > LISTED else ""
    return f"{len(numbers):,} frames ({', '.join(map(str, numbers[:LISTED]))}{more})"


def _spoken(verdict: Verdict, threshold: float) -> str:
    person = verdict.person
    text = f"score {score(person.score)}"
    text += f" (95 % interval {interval(person)})" if interval(person) else ", no interval"
    text += f"; from {threshold:.3f} on it is called fake"
    if len(verdict.people) > 1:
        text += f"; the verdict is that of person {person.number}"
    if verdict.kind != "image":
        text += f"; {frames_judged(verdict):,} of {verdict.frames:,} frames judged"
    unsure = " The interval reaches over the threshold: unsure." if is_unsure(person) else ""
    return f'<p class="call {person.verdict}"><strong>{called(person)}</strong>: {text}.{unsure}</p>'


def _people(verdict: Verdict) -> str:
    head = ["person", "verdict", ("score", "n"), ("95 % interval", "n"), ("frames", "n"), "seen"]
    rows = [
        [
            cell(f"{person.number}{' (decides)' if person.number == verdict.decisive else ''}"),
            cell(called(person), person.verdict),
            cell(score(person.score), "n"),
            cell(interval(person) or "–", "n"),
            cell(f"{len(person.faces):,}", "n"),
            cell(_seen(person), "c"),
        ]
        for person in sorted(verdict.people, key=lambda person: person.number)
    ]
    return table(head, rows)


def _seen(person: Person) -> str:
    times = [clock(look.time) for look in person.faces[:1] + person.faces[-1:]]
    return " to ".join(dict.fromkeys(filter(None, times))) or "–"


def _timeline(verdict: Verdict, people: list[Person], threshold: float) -> str:
    lines = [f"person {person.number} {score(person.score)} in the mean" for person in people]
    about = f"Timeline of the score: {', '.join(lines)}; threshold {threshold:.3f}"
    caption = "<strong>Score over time.</strong> The dashed line is the threshold. A line is broken where the"
    caption += " face was not seen"
    judged = {look.frame for person in verdict.people for look in person.faces}
    failed = any(left.frame is not None and left.frame not in judged for left in verdict.left_out)
    caption += "; ticks at the bottom are frames in which nobody was judged." if failed else "."
    shown = embedded(draw_timeline(verdict, people, threshold), ".svg", about)
    return f'<figure class="broad"><div>{shown}</div><figcaption>{caption}</figcaption></figure>'


def _person(verdict: Verdict, place: int, person: Person, explained: tuple[bytes, bytes] | None) -> str:
    """Strip and Grad-CAM; the heading has the colour of the person's line, where there are several."""
    parts = []
    if len(verdict.people) > 1:
        colour = look_of(place)[0] if verdict.kind != "image" else GREY
        swatch = f'<i class="key" style="background:{colour}"></i>'
        text = f"Person {person.number}: {called(person)}, {score(person.score)}"
        parts.append(f"<h4>{swatch}{text}</h4>")
    look = highest(person)
    if explained and look:
        face, heat = (embedded(data, ".jpg", alt) for data, alt in zip(explained, _alts(person), strict=True))
        when = ", ".join(filter(None, [clock(look.time), f"score {score(look.probability)}"]))
        label = f"{when}, and its Grad-CAM"
        parts.append(f'<figure class="cam">{face}{heat}<figcaption>{label}</figcaption></figure>')
    faces = strip(person)
    parts.append(faces or note("No pictures were kept of this person."))
    return f'<div class="person">{"".join(parts)}</div>'


def _alts(person: Person) -> tuple[str, str]:
    return f"Person {person.number} where the score is highest", f"Grad-CAM of person {person.number}"


def _sortable(value: float) -> float:
    return -1.0 if math.isnan(value) else value
