"""How the scores of a video's people run over time, as svg."""

import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepfake.detection.verdict import Person, Verdict
from deepfake.plotting import BLACK, BLUE, FAINT, GREEN, GREY, ORANGE, STYLE, VERMILLION, save

SKY, PURPLE = "#56B4E9", "#CC79A7"  # of Okabe and Ito, too
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)))
"""What tells people apart: the colours, then the same with other dashes; and each line has its number."""

WIDTH, HEIGHT = 9.0, 2.6  # inches
DOTTED = 60  # looks of a person; above it only those are dots that no line leads to
APART = 0.085  # of the axis: the least distance between two numbers beside it


def look_of(number: int) -> tuple[str, object]:
    """The colour and the dashes of the person of this place, from 0 on."""
    return COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]


@rc_context(STYLE)
def draw_timeline(verdict: Verdict, people: Sequence[Person], threshold: float) -> bytes:
    """The score of each of `people` over the time in seconds, as svg; the threshold is dashed.

    A line is broken where a frame was judged or tried and the person was not seen in it. Frames in which
    nobody was judged are ticks at the bottom. Where times are not known, frame numbers take their place.
    """
    times, unit = _times(verdict)
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.add_axes((0.075, 0.2, 0.885, 0.76))
    axes.axhline(threshold, color=GREY, linestyle="--", linewidth=1.2)
    ends = []
    for place, person in enumerate(people):
        scores = {look.frame: float(look.probability) for look in person.faces}
        x = np.array([times[frame] for frame in times])
        y = np.array([scores.get(frame, math.nan) for frame in times])
        _line(axes, x, y, *look_of(place))
        if seen := [frame for frame in times if math.isfinite(scores.get(frame, math.nan))]:
            ends.append((scores[seen[-1]], person.number, look_of(place)[0]))
    judged = {look.frame for person in verdict.people for look in person.faces}
    failed = [time for frame, time in times.items() if frame not in judged]
    axes.plot(failed, [-0.03] * len(failed), "|", color=GREY, markersize=7, clip_on=False)
    axes.set(ylim=(-0.03, 1.03), xlabel=unit, ylabel="score")
    axes.margins(x=0.01)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    _number(axes, ends)
    out = io.BytesIO()
    save(out, figure)
    return out.getvalue()


def _line(axes: Axes, x: np.ndarray, y: np.ndarray, colour: str, dashes: object) -> None:
    """One person's line, with dots where they are few and where it would else not be seen."""
    there = np.isfinite(y)
    alone = there & ~np.append(there[1:], False) & ~np.insert(there[:-1], 0, False)
    dots = there if there.sum() <= DOTTED else alone
    axes.plot(x, y, color=colour, linestyle=dashes, linewidth=1.6)
    axes.plot(x[dots], y[dots], "o", color=colour, markersize=3.5, clip_on=False)


def _number(axes: Axes, ends: list[tuple[float, int, str]]) -> None:
    """The number of each person beside the plot, as near to the height of its last score as there is room."""
    ends, heights, top = sorted(ends), [], 1.0
    for height, _, _ in reversed(ends):
        heights.append(min(height, top))
        top = heights[-1] - APART
    floor = 0.0
    for (_, number, colour), height in zip(ends, reversed(heights), strict=True):
        place = {"xytext": (8, 0), "textcoords": "offset points", "xycoords": ("axes fraction", "data")}
        at = max(height, floor)
        axes.annotate(f"{number}", (1.0, at), color=colour, weight="bold", va="center", **place)
        floor = at + APART


def _times(verdict: Verdict) -> tuple[dict[int, float], str]:
    """When each frame was that was judged or tried, in order, and the unit.

    The times of those that were only tried lie between those known, and beyond them go on at their rate.
    """
    known = {int(look.frame): float(look.time) for person in verdict.people for look in person.faces}
    frames = sorted(known | {int(left.frame): 0 for left in verdict.left_out if left.frame is not None})
    if len(known) < 2 or not all(map(math.isfinite, known.values())):
        return {frame: float(frame) for frame in frames}, "frame"
    first, last = min(known), max(known)
    rate = (known[last] - known[first]) / (last - first)
    knots = {frames[0]: known[first] + (frames[0] - first) * rate}
    knots |= {frames[-1]: known[last] + (frames[-1] - last) * rate} | known
    at = sorted(knots)
    found = np.interp(frames, at, [knots[frame] for frame in at])
    return dict(zip(frames, found.tolist(), strict=True)), "seconds"
