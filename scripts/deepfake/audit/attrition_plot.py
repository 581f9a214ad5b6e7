"""A picture of the losses: for each corpus, class and method, how much is kept and where the rest went."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from deepfake.audit.attrition import KEYS, STEPS, warnings

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
"""Kept, and each step that loses images, from the last to the first: colours that the colour-blind can tell
apart, after Okabe and Ito 2008, and one between two of them."""

NAMES = {
    "kept": "kept",
    "size": "over the size",
    "balance": "balance",
    "people": "people in two splits",
    "duplicates": "near-duplicate",
    "faces": "no usable face",
    "frames": "frame unreadable",
    "plan": "other",
}
WIDTH, ABOVE, HEAD, BAR, LINE = 10.0, 0.7, 0.5, 0.3, 0.19
"""Inches: the picture's width, title and legend, a panel's title, a bar, and a line of text below."""

LEFT, BARS = 0.25, 0.44  # where the bars begin, and how long they are, in widths of the picture
LEGIBLE = 0.055  # a smaller share has no room for its number
LONGEST = 30  # characters of a name
MOST = 20  # bars a corpus; the smallest beyond it are drawn as one of each class
NAMED = 8  # warnings
MARK, ALARM = "▲", "#8A2F00"


def shares(losses: pd.DataFrame) -> pd.DataFrame:
    """A row for each corpus, class and method with images: how many are kept, and lost at each step.

    Columns are KEYS, those of COLOURS in images, `images` and `videos` found, `images_kept`, `videos_kept`,
    and whether it is `warned` of.
    """
    table = losses[losses["step"] != "index"].astype({"images_in": int, "images_on": int})
    lost = (table["images_in"] - table["images_on"]).groupby([table[k] for k in [*KEYS, "step"]]).sum()
    by_step = lost.unstack(fill_value=0).reindex(columns=STEPS[1:], fill_value=0)
    ends = table.groupby(KEYS).agg(
        images=("images_in", "first"), images_kept=("images_on", "last"), videos_kept=("videos_on", "last")
    )
    whole = losses.groupby(KEYS).agg(
        videos=("videos_in", "first"), warned=("warning", lambda texts: (texts != "").any())
    )
    found = by_step.join(ends).join(whole).reset_index()
    found = found[found["images"] > 0].assign(kept=lambda table: table["images_kept"])
    parts = [_merged(part) for _, part in found.groupby("corpus")]
    return pd.concat(parts, ignore_index=True) if parts else found


def _merged(part: pd.DataFrame) -> pd.DataFrame:
    """The rows of one corpus, reals first, the smallest ones added up where they are too many."""
    part = part.sort_values("images", ascending=False, kind="stable")
    rest = part[MOST:]
    if len(rest):
        others = rest.groupby("class")["method"].transform("size")
        rest = rest.assign(method=rest["method"].where(others == 1, others.map("{} others".format)))
        part = pd.concat([part[:MOST], rest.groupby(KEYS, as_index=False).sum()])
    order = part["class"].map(["real", "fake", "unknown"].index)
    return part.assign(order=order).sort_values(["order", "method"], kind="stable").drop(columns="order")


def draw_attrition(losses: pd.DataFrame, title: str, path: str | Path) -> None:
    """Write the picture of `losses` (the columns of attrition.COLUMNS) as a png, the same bytes each time."""
    table = shares(losses)
    panels = [part for _, part in table.groupby("corpus")]
    used = [step for step in COLOURS if step == "kept" or table[step].sum()]
    notes = _notes(losses)
    below = 0.2 + LINE * len(notes)
    height = ABOVE + sum(HEAD + BAR * len(part) for part in panels) + below
    figure = Figure(figsize=(WIDTH, height), dpi=120)
    figure.text(0.02, 1 - 0.32 / height, title, fontsize=14, fontweight="bold", va="center")
    figure.legend(
        [Patch(color=COLOURS[step]) for step in used],
        [NAMES[step] for step in used],
        loc="upper left",
        bbox_to_anchor=(0.013, 1 - 0.45 / height),
        ncols=len(used),
        frameon=False,
        fontsize=9,
        handlelength=1,
        handleheight=1,
        columnspacing=1.4,
    )
    if not panels:
        figure.text(0.98, 1 - 0.32 / height, "no image was found", fontsize=11, va="center", ha="right")
    top = height - ABOVE
    for part in panels:
        top -= HEAD + BAR * len(part)
        axes = figure.add_axes((LEFT, top / height, BARS, BAR * len(part) / height))
        _panel(axes, part, used)
    for number, text in enumerate(notes):
        weight = "normal" if number else "bold"
        place = (below - 0.1 - LINE * (number + 0.5)) / height
        figure.text(0.02, place, text, fontsize=9, color=ALARM, fontweight=weight, va="center")
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _notes(losses: pd.DataFrame) -> list[str]:
    """What stands below the bars: the warnings, with a title."""
    texts = [_short(text, 130) for text in warnings(losses)]
    more = [f"and {len(texts) - NAMED} more, in the table"] if len(texts) > NAMED else []
    return [f"{MARK} Losses that may give the label away", *texts[:NAMED], *more] if texts else []


def _panel(axes: Axes, part: pd.DataFrame, used: list[str]) -> None:
    """Bars of one corpus, each as long as all the images that were found, with numbers in and beside it."""
    for place, row in enumerate(part.to_dict("records")):
        left = 0.0
        for step in used:
            share = row[step] / row["images"]
            axes.barh(
                place, share, left=left, height=0.74, color=COLOURS[step], edgecolor="white", linewidth=0.6
            )
            if share >= LEGIBLE:
                ink = "white" if step == "kept" else "#222222"
                axes.text(
                    left + share / 2, place, f"{share:.0%}", fontsize=8, color=ink, va="center", ha="center"
                )
            left += share
        name = " ".join(filter(None, (row["class"], row["method"])))
        mark = f"{MARK} " if row["warned"] else ""
        axes.text(-0.02, place, mark + _short(name, LONGEST), fontsize=9, va="center", ha="right")
        for right, unit in ((1.32, "images"), (1.63, "videos")):
            numbers = f"{row[f'{unit}_kept']:,} of {row[unit]:,} {unit}"
            axes.text(right, place, numbers, fontsize=8.5, va="center", ha="right")
    kept, found = part["images_kept"].sum(), part["images"].sum()
    title = f"{_short(part['corpus'].iloc[0], 60)}: {kept:,} of {found:,} images kept"
    axes.set_title(title, fontsize=10.5, fontweight="bold", loc="left", x=(0.02 - LEFT) / BARS, pad=5)
    axes.set(xlim=(0, 1), ylim=(len(part) - 0.5, -0.5), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _short(text: str, most: int) -> str:
    """`text` as it is, not as TeX, cut where it is longer than `most` characters."""
    plain = "".join(c if c.isprintable() else "?" for c in text).replace("$", r"\$")
    return plain if len(plain) <= most else plain[: most - 1] + "…"
