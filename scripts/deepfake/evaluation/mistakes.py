"""The mistakes that a detector is most sure of, as a table and as sheets to look at."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from deepfake.evaluation.predictions import PREDICTIONS, VIDEO

MOST = 12  # mistakes of each kind on the sheet
PER_VIDEO = 3  # of them from one video, so that one clip doesn't fill the sheet
EXPLAINED = 8  # images with a Grad-CAM
MISTAKES = [*PREDICTIONS, "predicted", "shown"]
REALS, FAKES = "reals called fake", "fakes called real"

TILE, GAP, COLUMNS = 136, 10, 6  # pixels, pixels, tiles in a row
PAIRS = 3  # picture and overlay, in a row
LINE, TITLE, HEAD = 14, 30, 26  # pixels: heights of a caption's line, the title, a block's title
INK, PALE, PAPER, ALARM = (40, 40, 40), (110, 110, 110), (250, 250, 250), (176, 58, 0)

Shown = tuple[np.ndarray, list[str]]  # a picture, and the lines below it


def find_mistakes(table: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The rows of `table` (PREDICTIONS) on the wrong side of `threshold`, farthest from it first: MISTAKES.

    `predicted` is 1 where the probability of fake is at or above `threshold`. `shown` is true for the first
    MOST of each class, of one video at most PER_VIDEO.
    """
    predicted = (table["probability"] >= threshold).astype("int64")
    wrong = table.assign(predicted=predicted)[predicted != table["label"]]
    wrong = _farthest_first(wrong, threshold)
    few = wrong.groupby(VIDEO).cumcount() < PER_VIDEO
    turn = wrong[few].groupby("label").cumcount()
    return wrong.assign(shown=few & (turn.reindex(wrong.index) < MOST))[MISTAKES]


def choose_explained(table: pd.DataFrame, mistakes: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Up to EXPLAINED rows of MISTAKES for Grad-CAM: shown mistakes of both kinds in turn, then right fakes.

    The right ones (`predicted` is `label`) are the fakes that are told most surely, of many videos.
    """
    shown = mistakes[mistakes["shown"]]
    turn = shown.assign(turn=shown.groupby("label").cumcount()).sort_values(["turn", "label"], kind="stable")
    right = table[(table["label"] == 1) & (table["probability"] >= threshold)]
    right = _farthest_first(right.assign(predicted=1, shown=False), threshold)
    right = right.assign(turn=right.groupby(VIDEO).cumcount()).sort_values("turn", kind="stable")
    return pd.concat([turn[MISTAKES], right[MISTAKES]], ignore_index=True).head(EXPLAINED)


def _farthest_first(table: pd.DataFrame, threshold: float) -> pd.DataFrame:
    distance = (table["probability"] - threshold).abs()
    order = table.assign(distance=distance).sort_values(["distance", "image"], ascending=[False, True])
    return table.loc[order.index]


def caption(row: dict) -> list[str]:
    """What stands below a picture: its probability of fake, its method where one is known, and its video."""
    lines = [f"fake: {row['probability']:.3f}", row["method"], f"{row['corpus']}/{row['video']}"]
    return [line for line in lines if line]


def mistakes_sheet(
    title: str, table: pd.DataFrame, mistakes: pd.DataFrame, picture_of: Callable[[str], np.ndarray]
) -> Image.Image:
    """The mistakes that are `shown`, in two blocks with how many there are among how many images.

    `picture_of` gives the picture of an image's name, uint8 (H, W, 3) RGB.
    """
    blocks = []
    for label, name in enumerate([REALS, FAKES]):
        all_of, wrong = (int((t["label"] == label).sum()) for t in (table, mistakes))
        rows = mistakes[mistakes["shown"] & (mistakes["label"] == label)].to_dict("records")
        few = f", {len(rows)} shown" if wrong > len(rows) else ""
        shown = [(picture_of(row["image"]), caption(row)) for row in rows]
        blocks.append((f"{wrong:,} of {all_of:,} {name}{few}", shown))
    if not len(mistakes):
        text = "No mistakes." if len(table) else "No images to judge."
        return _sheet(title, [(text, [])], COLUMNS)
    return _sheet(title, blocks, COLUMNS)


def gradcam_sheet(
    title: str, rows: pd.DataFrame, pictures: Sequence[np.ndarray], heats: np.ndarray
) -> Image.Image:
    """Each of `pictures`, uint8 (S, S, 3) RGB, of `rows`, and beside it itself under its heat, (S, S)."""
    shown: list[Shown] = []
    for row, picture, heat in zip(rows.to_dict("records"), pictures, heats, strict=True):
        kind, called = (("real", "fake")[number] for number in (row["label"], row["predicted"]))
        verdict = f"right: {kind}" if kind == called else f"{kind}, called {called}"
        probability, *origin = caption(row)
        shown += [(picture, [verdict, probability]), (overlay(picture, heat), origin)]
    text = (
        "Yellow: speaks most for fake. Dark purple: a little. Grey: does not count, or speaks for real."
        if shown
        else "No mistakes and no fakes to explain."
    )
    return _sheet(title, [(text, shown)], 2 * PAIRS)


def overlay(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """`picture`, uint8 (S, S, 3) RGB, greyed, and coloured where `heat`, float (S, S) in [0, 1], is high."""
    colours = matplotlib.colormaps["inferno"](heat)[..., :3] * 255
    grey = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)
    part = (0.15 + 0.6 * heat)[..., None]
    return np.rint(grey * (1 - part) + colours * part).astype(np.uint8)


def _sheet(title: str, blocks: list[tuple[str, list[Shown]]], columns: int) -> Image.Image:
    lines = max((len(about) for _, shown in blocks for _, about in shown), default=0)
    step = TILE + lines * LINE + GAP
    width = columns * (TILE + GAP) + GAP
    height = TITLE + sum(HEAD + -(-len(shown) // columns) * step for _, shown in blocks) + GAP
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 8), cut(title, width - 2 * GAP, 16), INK, _font(16))
    top = TITLE
    for text, shown in blocks:
        draw.text((GAP, top + 6), cut(text, width - 2 * GAP, 13), INK if shown else PALE, _font(13))
        top += HEAD
        for place, (picture, about) in enumerate(shown):
            x, y = GAP + place % columns * (TILE + GAP), top + place // columns * step
            sheet.paste(*_tile(picture, x, y))
            for number, line in enumerate(about):
                ink = PALE if number else INK
                draw.text((x, y + TILE + 1 + number * LINE), cut(line, TILE, 11), ink, _font(11))
        top += -(-len(shown) // columns) * step
    return sheet


def _tile(picture: np.ndarray, x: int, y: int) -> tuple[Image.Image, tuple[int, int]]:
    """The picture, scaled to fit into a tile, and where its corner lies when the tile's is at (x, y)."""
    scale = TILE / max(picture.shape[:2])
    width, height = (max(1, round(side * scale)) for side in picture.shape[1::-1])
    small = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)
    return small, (x + (TILE - width) // 2, y + (TILE - height) // 2)


def cut(text: str, width: int, height: int) -> str:
    """`text` on one line, cut in the middle where it is wider than `width` pixels in letters of `height`."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    keep = len(text)
    while _font(height).getlength(short := _middle(text, keep)) > width and keep > 1:
        keep -= 1
    return short


def _middle(text: str, keep: int) -> str:
    """The beginning and the end of `text`, `keep` characters of both."""
    if keep >= len(text):
        return text
    return f"{text[: (keep + 1) // 2]}…{text[len(text) - keep // 2 :]}"


@cache
def _font(height: int) -> ImageFont.FreeTypeFont:
    """The font that comes with matplotlib: letters of many scripts, the same on every machine."""
    path = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    return ImageFont.truetype(str(path), height, layout_engine=ImageFont.Layout.BASIC)
