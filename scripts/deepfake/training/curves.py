"""The training curves: loss, macro F1 and learning rate, epoch by epoch."""

from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from deepfake.plotting import BLUE, GREY, ORANGE, STYLE, VERMILLION, save_svg

TRAIN, VAL, RATE = BLUE, VERMILLION, GREY


@rc_context(STYLE)
def draw_curves(rows: list[dict], best: int | None, path: str | Path) -> None:
    """Write `rows` of history.HISTORY as svg; a line marks the epoch `best`. Without rows a text says why."""
    figure = Figure((9, 3 if rows else 0.6), layout="constrained")
    if not rows:
        figure.text(
            0.5, 0.5, "The weights are as they were given: there was no training.", ha="center", va="center"
        )
    panels = figure.subplots(1, 3) if rows else []
    epochs = [row["epoch"] for row in rows]
    lines = [
        ("loss", {"train_loss": ("train", TRAIN), "val_loss": ("validation", VAL)}),
        (
            "accuracy and macro F1",
            {
                "train_accuracy": ("train accuracy", TRAIN),
                "val_accuracy": ("validation accuracy", ORANGE),
                "val_f1_macro": ("validation macro F1", VAL),
            },
        ),
        ("learning rate", {"lr": ("", RATE)}),
    ]
    for axes, (title, columns) in zip(panels, lines, strict=False):
        for key, (label, colour) in columns.items():
            axes.plot(epochs, [row[key] for row in rows], ".-", color=colour, label=label or None)
        axes.axvline(best, color="#999999", linewidth=1, linestyle=":", label=f"best epoch, {best}")
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize=8, frameon=False)
    if rows:
        panels[1].set_ylim(top=1.02)
    save_svg(path, figure)
