"""The scores of a video's people over time, as an svg plot."""

import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepfake.detection.verdict import Person, Verdict
from deepfake.plotting import BLACK, BLUE, FAINT, GREEN, GREY, ORANGE, STYLE, VERMILLION, save_svg

SKY, PURPLE = "#56B4E9", "#CC79A7"  # of Okabe and Ito, too
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)))
"""Lines differ in colour, and in dashes once all colours are used; each has the number of its person."""

WIDTH, HEIGHT = 9.0, 2.6  # inches
DOTTED = 60  # scores; a line with more has dots only for scores without neighbours
LABEL_DISTANCE = 0.085  # the least distance between two numbers beside the plot, as a share of its height


def line_style(place: int) -> tuple[str, object]:
    """Return the colour and the dashes of the line number `place`, counted from 0."""
    return COLOURS[place % len(COLOURS)], DASHES[place // len(COLOURS) % len(DASHES)]


@rc_context(STYLE)
def draw_timeline(verdict: Verdict, people: Sequence[Person], threshold: float) -> bytes:
    """Return an svg of the score of each of `people` over the time in seconds; the threshold is dashed.

    A line is interrupted at frames in which the person was not seen. Frames in which nobody was judged are
    ticks at the bottom. The axis has frame numbers if the times are not known.
    """
    times, unit = _times(verdict)
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.add_axes((0.075, 0.2, 0.885, 0.76))
    axes.axhline(threshold, color=GREY, linestyle="--", linewidth=1.2)
    labels = []
    for place, person in enumerate(people):
        scores = {face.frame: float(face.probability) for face in person.faces}
        x = np.array(list(times.values()))
        y = np.array([scores.get(frame, math.nan) for frame in times])
        _draw_line(axes, x, y, *line_style(place))
        if seen := [frame for frame in times if math.isfinite(scores.get(frame, math.nan))]:
            labels.append((scores[seen[-1]], person.number, line_style(place)[0]))
    judged = {face.frame for person in verdict.people for face in person.faces}
    failed = [time for frame, time in times.items() if frame not in judged]
    axes.plot(failed, [-0.03] * len(failed), "|", color=GREY, markersize=7, clip_on=False)
    axes.set(ylim=(-0.03, 1.03), xlabel=unit, ylabel="score")
    axes.margins(x=0.01)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    _label_lines(axes, labels)
    out = io.BytesIO()
    save_svg(out, figure)
    return out.getvalue()


def _draw_line(axes: Axes, x: np.ndarray, y: np.ndarray, colour: str, dashes: object) -> None:
    """Draw one person's line, with dots if there are few scores, and for each score without neighbours."""
    is_score = np.isfinite(y)
    is_alone = is_score & ~np.append(is_score[1:], False) & ~np.insert(is_score[:-1], 0, False)
    dots = is_score if is_score.sum() <= DOTTED else is_alone
    axes.plot(x, y, color=colour, linestyle=dashes, linewidth=1.6)
    axes.plot(x[dots], y[dots], "o", color=colour, markersize=3.5, clip_on=False)


def _label_lines(axes: Axes, labels: list[tuple[float, int, str]]) -> None:
    """Write each person's number beside the plot, as close to the last score as there is room."""
    labels, heights, top = sorted(labels), [], 1.0
    for height, _, _ in reversed(labels):
        heights.append(min(height, top))
        top = heights[-1] - LABEL_DISTANCE
    bottom = 0.0
    for (_, number, colour), height in zip(labels, reversed(heights), strict=True):
        place = {"xytext": (8, 0), "textcoords": "offset points", "xycoords": ("axes fraction", "data")}
        y = max(height, bottom)
        axes.annotate(f"{number}", (1.0, y), color=colour, weight="bold", va="center", **place)
        bottom = y + LABEL_DISTANCE


def _times(verdict: Verdict) -> tuple[dict[int, float], str]:
    """Return the time of each sampled frame, in order, and the unit: "seconds" or "frame".

    The times of frames that could not be judged are interpolated between the known ones, and extrapolated
    beyond them at the same rate.
    """
    known = {int(face.frame): float(face.time) for person in verdict.people for face in person.faces}
    frames = sorted(known | {int(left.frame): 0 for left in verdict.left_out if left.frame is not None})
    if len(known) < 2 or not all(map(math.isfinite, known.values())):
        return {frame: float(frame) for frame in frames}, "frame"
    first, last = min(known), max(known)
    rate = (known[last] - known[first]) / (last - first)
    knots = {frames[0]: known[first] + (frames[0] - first) * rate}
    knots |= {frames[-1]: known[last] + (frames[-1] - last) * rate} | known
    knot_frames = sorted(knots)
    found = np.interp(frames, knot_frames, [knots[frame] for frame in knot_frames])
    return dict(zip(frames, found.tolist(), strict=True)), "seconds"
