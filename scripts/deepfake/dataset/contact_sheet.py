"""A contact sheet: some images of each class, for a look at the dataset by eye."""

import cv2
import numpy as np
import pandas as pd

from deepfake.extraction.images import encode

TILE, GAP, TITLE = 128, 6, 28  # pixels: a tile's side, the space between two, a title's height
COLUMNS, ROWS = 8, 3  # tiles of each class
INK, PAPER = (40, 40, 40), 250  # grey levels


def choose_images(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return the file names of at most COLUMNS x ROWS images for each class, "real" and "fake".

    First one image of each video, with the manipulation methods in turn, then a second one of each, and so
    on. `rows` have the columns file_name, corpus, video and method.
    """
    chosen = {}
    for label, table in rows.groupby(rows["file_name"].str.split("/").str[1]):
        ranked = table.assign(round=table.groupby(["corpus", "video"]).cumcount())
        ranked["turn"] = ranked.groupby(["corpus", "method", "round"]).cumcount()
        names = ranked.sort_values(["round", "turn", "corpus", "method"], kind="stable")["file_name"]
        chosen[label] = names.head(COLUMNS * ROWS).tolist()
    return chosen


def draw_contact_sheet(images: dict[str, list[np.ndarray]]) -> bytes:
    """Return a png with a titled block of tiles for each class; `images` are uint8 BGR of any size."""
    blocks = [_draw_block(label, tiles) for label, tiles in sorted(images.items(), reverse=True)]
    return encode(np.vstack(blocks), "png", 0)


def _draw_block(label: str, images: list[np.ndarray]) -> np.ndarray:
    step = TILE + GAP
    rows = -(-len(images) // COLUMNS)
    block = np.full((TITLE + rows * step + GAP, COLUMNS * step + GAP, 3), PAPER, np.uint8)
    cv2.putText(block, label, (GAP, TITLE - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.6, INK, 1, cv2.LINE_AA)
    for number, image in enumerate(images):
        y, x = TITLE + number // COLUMNS * step, GAP + number % COLUMNS * step
        block[y : y + TILE, x : x + TILE] = _fit_tile(image)
    return block


def _fit_tile(image: np.ndarray) -> np.ndarray:
    """Return `image` scaled to fit a tile, centred, uint8 (TILE, TILE, 3)."""
    scale = TILE / max(image.shape[:2])
    width, height = (max(1, round(side * scale)) for side in image.shape[1::-1])
    tile = np.full((TILE, TILE, 3), PAPER, np.uint8)
    y, x = (TILE - height) // 2, (TILE - width) // 2
    tile[y : y + height, x : x + width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return tile
