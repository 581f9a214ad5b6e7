"""The most confident mistakes of a detector: a table of them, and contact sheets of the images."""

from collections.abc import Callable, Sequence

import matplotlib
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from deepfake.evaluation.predictions import PREDICTIONS, VIDEO_KEY
from deepfake.plotting import font, shorten

MAX_SHOWN = 12  # mistakes of each class on the sheet
MAX_PER_VIDEO = 3  # of them, so that no single video fills the sheet
MAX_EXPLAINED = 8  # images with a Grad-CAM
MISTAKES = [*PREDICTIONS, "predicted", "shown"]
BLOCK_TITLES = ["reals called fake", "fakes called real"]  # by label

TILE, GAP, COLUMNS = 136, 10, 6  # pixels, pixels, tiles in a row
PAIRS = 3  # pairs of image and overlay in a row
LINE, TITLE, HEAD = 14, 30, 26  # heights in pixels: a line of a caption, the title, the title of a block
INK, PALE, PAPER = (40, 40, 40), (110, 110, 110), (250, 250, 250)

Tile = tuple[np.ndarray, list[str]]
"""An image, uint8 (H, W, 3) RGB, and the lines below it."""


def find_mistakes(table: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Return the rows of `table` (PREDICTIONS) on the wrong side of the threshold, as MISTAKES.

    The farthest from the threshold come first. `predicted` is 1 if the probability of fake is at or above the
    threshold. `shown` is true for the first MAX_SHOWN of each class, with at most MAX_PER_VIDEO of one video.
    """
    predicted = (table["probability"] >= threshold).astype("int64")
    wrong = table.assign(predicted=predicted)[predicted != table["label"]]
    wrong = _farthest_first(wrong, threshold)
    allowed = wrong.groupby(VIDEO_KEY).cumcount() < MAX_PER_VIDEO
    rank = wrong[allowed].groupby("label").cumcount()
    return wrong.assign(shown=allowed & (rank.reindex(wrong.index) < MAX_SHOWN))[MISTAKES]


def choose_explained(table: pd.DataFrame, mistakes: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Return up to MAX_EXPLAINED rows of MISTAKES for Grad-CAM.

    First come the shown mistakes, alternating between the classes; then the most confident correctly
    predicted fakes (`predicted` equals `label`), from as many videos as possible.
    """
    shown = mistakes[mistakes["shown"]]
    shown = shown.assign(rank=shown.groupby("label").cumcount())
    shown = shown.sort_values(["rank", "label"], kind="stable")
    correct = table[(table["label"] == 1) & (table["probability"] >= threshold)]
    correct = _farthest_first(correct.assign(predicted=1, shown=False), threshold)
    correct = correct.assign(rank=correct.groupby(VIDEO_KEY).cumcount()).sort_values("rank", kind="stable")
    return pd.concat([shown[MISTAKES], correct[MISTAKES]], ignore_index=True).head(MAX_EXPLAINED)


def _farthest_first(table: pd.DataFrame, threshold: float) -> pd.DataFrame:
    distance = (table["probability"] - threshold).abs()
    order = table.assign(distance=distance).sort_values(["distance", "image"], ascending=[False, True])
    return table.loc[order.index]


def caption(row: dict) -> list[str]:
    """Return the lines below an image: its probability of fake, its method if known, and its video."""
    lines = [f"fake: {row['probability']:.3f}", row["method"], f"{row['corpus']}/{row['video']}"]
    return [line for line in lines if line]


def mistakes_sheet(
    title: str, table: pd.DataFrame, mistakes: pd.DataFrame, read_image: Callable[[str], np.ndarray]
) -> Image.Image:
    """Return a contact sheet of the `shown` mistakes: a block for each class, with the number of mistakes.

    `table` are the PREDICTIONS, `mistakes` the result of `find_mistakes`. `read_image` returns the image of a
    name, uint8 (H, W, 3) RGB.
    """
    if not len(mistakes):
        text = "No mistakes." if len(table) else "No images to predict."
        return _sheet(title, [(text, [])], COLUMNS)
    blocks = []
    for label, name in enumerate(BLOCK_TITLES):
        images, wrong = (int((t["label"] == label).sum()) for t in (table, mistakes))
        rows = mistakes[mistakes["shown"] & (mistakes["label"] == label)].to_dict("records")
        number_shown = f", {len(rows)} shown" if wrong > len(rows) else ""
        tiles = [(read_image(row["image"]), caption(row)) for row in rows]
        blocks.append((f"{wrong:,} of {images:,} {name}{number_shown}", tiles))
    return _sheet(title, blocks, COLUMNS)


def gradcam_sheet(
    title: str, rows: pd.DataFrame, images: Sequence[np.ndarray], heatmaps: np.ndarray
) -> Image.Image:
    """Return a contact sheet of `images`, each beside itself with its heatmap laid over it.

    `rows` are MISTAKES; `images` are uint8 (S, S, 3) RGB, `heatmaps` float (S, S) in [0, 1] each.
    """
    tiles: list[Tile] = []
    for row, image, heatmap in zip(rows.to_dict("records"), images, heatmaps, strict=True):
        label, predicted = (("real", "fake")[number] for number in (row["label"], row["predicted"]))
        result = f"correct: {label}" if label == predicted else f"{label}, called {predicted}"
        probability, *origin = caption(row)
        tiles += [(image, [result, probability]), (overlay(image, heatmap), origin)]
    text = (
        "Yellow: strongest evidence for fake. Dark purple: weak. Grey: none, or evidence for real."
        if tiles
        else "No mistakes and no fakes to explain."
    )
    return _sheet(title, [(text, tiles)], 2 * PAIRS)


def overlay(image: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
    """Return an image in grey, with colour where the heatmap is high.

    `image` is uint8 (S, S, 3) RGB, like the result; `heatmap` is float (S, S) in [0, 1].
    """
    colours = matplotlib.colormaps["inferno"](heatmap)[..., :3] * 255
    grey = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    opacity = (0.15 + 0.6 * heatmap)[..., None]
    return np.rint(grey * (1 - opacity) + colours * opacity).astype(np.uint8)


def _sheet(title: str, blocks: list[tuple[str, list[Tile]]], columns: int) -> Image.Image:
    lines = max((len(text) for _, tiles in blocks for _, text in tiles), default=0)
    step = TILE + lines * LINE + GAP
    width = columns * (TILE + GAP) + GAP
    height = TITLE + sum(HEAD + -(-len(tiles) // columns) * step for _, tiles in blocks) + GAP
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 8), shorten(title, width - 2 * GAP, 16), INK, font(16))
    top = TITLE
    for block_title, tiles in blocks:
        ink = INK if tiles else PALE
        draw.text((GAP, top + 6), shorten(block_title, width - 2 * GAP, 13), ink, font(13))
        top += HEAD
        for place, (image, text) in enumerate(tiles):
            x, y = GAP + place % columns * (TILE + GAP), top + place // columns * step
            sheet.paste(*_fit_tile(image, x, y))
            for number, line in enumerate(text):
                ink = PALE if number else INK
                draw.text((x, y + TILE + 1 + number * LINE), shorten(line, TILE, 11), ink, font(11))
        top += -(-len(tiles) // columns) * step
    return sheet


def _fit_tile(image: np.ndarray, x: int, y: int) -> tuple[Image.Image, tuple[int, int]]:
    """Return the image scaled to fit into a tile at (x, y), and the position of its upper left corner."""
    scale = TILE / max(image.shape[:2])
    width, height = (max(1, round(side * scale)) for side in image.shape[1::-1])
    scaled = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)
    return scaled, (x + (TILE - width) // 2, y + (TILE - height) // 2)
