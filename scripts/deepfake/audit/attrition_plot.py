"""A bar chart of attrition: the images of each corpus, class and method that are kept, or lost at a step."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from deepfake.audit.attrition import KEYS, STEP_NAMES, STEPS, warnings

COLOURS = {
    "kept": "#0072B2",
    "size": "#A6CEE3",
    "balance": "#56B4E9",
    "people": "#009E73",
    "duplicates": "#F0E442",
    "faces": "#E69F00",
    "frames": "#D55E00",
    "plan": "#999999",
}
"""For kept images, and for the steps that lose images, from the last to the first. They are distinct for
colour-blind people (after Okabe and Ito 2008, and one between two of theirs)."""

WIDTH, TOP, HEAD, BAR, LINE = 10.0, 0.7, 0.5, 0.3, 0.19
"""Inches: the figure's width, the title with the legend, a panel's title, a bar, a line of text below."""

LEFT, BARS = 0.25, 0.44  # where the bars begin, and their length, as shares of the width
MIN_SHARE = 0.055  # a smaller share has no room for its number
MAX_NAME = 30  # characters
MAX_BARS = 20  # a corpus; beyond it the smallest are summed to one for each class
MAX_WARNINGS = 8
SYMBOL, WARNING_COLOUR = "▲", "#8A2F00"


def count_images(losses: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each corpus, class and method with images: how many are kept, or lost at each step.

    The columns are KEYS; those of COLOURS, in images; `images` and `videos` in total; `images_kept` and
    `videos_kept`; and `warned`, whether it has a warning.
    """
    table = losses[losses["step"] != "index"].astype({"images_in": int, "images_on": int})
    lost = (table["images_in"] - table["images_on"]).groupby([table[k] for k in [*KEYS, "step"]]).sum()
    by_step = lost.unstack(fill_value=0).reindex(columns=STEPS[1:], fill_value=0)
    ends = table.groupby(KEYS).agg(
        images=("images_in", "first"), images_kept=("images_on", "last"), videos_kept=("videos_on", "last")
    )
    total = losses.groupby(KEYS).agg(
        videos=("videos_in", "first"), warned=("warning", lambda texts: (texts != "").any())
    )
    counts = by_step.join(ends).join(total).reset_index()
    counts = counts[counts["images"] > 0].assign(kept=lambda table: table["images_kept"])
    parts = [_limit_bars(part) for _, part in counts.groupby("corpus")]
    return pd.concat(parts, ignore_index=True) if parts else counts


def _limit_bars(part: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one corpus, real ones first, with the smallest summed if there are too many."""
    part = part.sort_values("images", ascending=False, kind="stable")
    rest = part[MAX_BARS:]
    if len(rest):
        others = rest.groupby("class")["method"].transform("size")
        rest = rest.assign(method=rest["method"].where(others == 1, others.map("{} others".format)))
        part = pd.concat([part[:MAX_BARS], rest.groupby(KEYS, as_index=False).sum()])
    order = part["class"].map(["real", "fake", "unknown"].index)
    return part.assign(order=order).sort_values(["order", "method"], kind="stable").drop(columns="order")


def draw_attrition(losses: pd.DataFrame, title: str, path: str | Path) -> None:
    """Write a chart of `losses` (a table of attrition.COLUMNS) as a png; equal losses give equal bytes."""
    table = count_images(losses)
    panels = [part for _, part in table.groupby("corpus")]
    steps = [step for step in COLOURS if step == "kept" or table[step].sum()]
    notes = _notes(losses)
    below = 0.2 + LINE * len(notes)
    height = TOP + sum(HEAD + BAR * len(part) for part in panels) + below
    figure = Figure(figsize=(WIDTH, height), dpi=120)
    figure.text(0.02, 1 - 0.32 / height, title, fontsize=14, fontweight="bold", va="center")
    figure.legend(
        [Patch(color=COLOURS[step]) for step in steps],
        ["kept" if step == "kept" else STEP_NAMES[step] for step in steps],
        loc="upper left",
        bbox_to_anchor=(0.013, 1 - 0.45 / height),
        ncols=len(steps),
        frameon=False,
        fontsize=9,
        handlelength=1,
        handleheight=1,
        columnspacing=1.4,
    )
    if not panels:
        figure.text(0.98, 1 - 0.32 / height, "no image was found", fontsize=11, va="center", ha="right")
    top = height - TOP
    for part in panels:
        top -= HEAD + BAR * len(part)
        axes = figure.add_axes((LEFT, top / height, BARS, BAR * len(part) / height))
        _draw_panel(axes, part, steps)
    for number, text in enumerate(notes):
        weight = "normal" if number else "bold"
        y = (below - 0.1 - LINE * (number + 0.5)) / height
        figure.text(0.02, y, text, fontsize=9, color=WARNING_COLOUR, fontweight=weight, va="center")
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _notes(losses: pd.DataFrame) -> list[str]:
    """Return the text below the bars: the warnings, with a title."""
    texts = [_shorten(text, 130) for text in warnings(losses)]
    more = [f"and {len(texts) - MAX_WARNINGS} more, in the table"] if len(texts) > MAX_WARNINGS else []
    return [f"{SYMBOL} Losses that may give the label away", *texts[:MAX_WARNINGS], *more] if texts else []


def _draw_panel(axes: Axes, part: pd.DataFrame, steps: list[str]) -> None:
    """Draw the bars of one corpus, each divided in shares of its images, with numbers in and beside it."""
    for y, row in enumerate(part.to_dict("records")):
        left = 0.0
        for step in steps:
            share = row[step] / row["images"]
            axes.barh(y, share, left=left, height=0.74, color=COLOURS[step], edgecolor="white", linewidth=0.6)
            if share >= MIN_SHARE:
                colour = "white" if step == "kept" else "#222222"
                axes.text(
                    left + share / 2, y, f"{share:.0%}", fontsize=8, color=colour, va="center", ha="center"
                )
            left += share
        name = _shorten(" ".join(filter(None, (row["class"], row["method"]))), MAX_NAME)
        symbol = f"{SYMBOL} " if row["warned"] else ""
        axes.text(-0.02, y, symbol + name, fontsize=9, va="center", ha="right")
        for right, unit in ((1.32, "images"), (1.63, "videos")):
            numbers = f"{row[f'{unit}_kept']:,} of {row[unit]:,} {unit}"
            axes.text(right, y, numbers, fontsize=8.5, va="center", ha="right")
    kept, total = part["images_kept"].sum(), part["images"].sum()
    title = f"{_shorten(part['corpus'].iloc[0], 60)}: {kept:,} of {total:,} images kept"
    axes.set_title(title, fontsize=10.5, fontweight="bold", loc="left", x=(0.02 - LEFT) / BARS, pad=5)
    axes.set(xlim=(0, 1), ylim=(len(part) - 0.5, -0.5), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _shorten(text: str, most: int) -> str:
    """Return `text`, cut after `most` characters, such that matplotlib draws it as plain text, not as TeX."""
    plain = "".join(c if c.isprintable() else "?" for c in text).replace("$", r"\$")
    return plain if len(plain) <= most else plain[: most - 1] + "…"
