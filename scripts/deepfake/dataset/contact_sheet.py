"""A contact sheet: a look at both classes of a dataset, since an eye sees in a second what no count tells."""

import cv2
import numpy as np
import pandas as pd

from deepfake.extraction import images

TILE, GAP, TITLE = 128, 6, 28  # pixels
COLUMNS, ROWS = 8, 3
INK, PAPER = (40, 40, 40), 250


def choose(kept: pd.DataFrame) -> dict[str, list[str]]:
    """For each class at most COLUMNS x ROWS images, of many videos and of every method in turn."""
    chosen = {}
    for label, table in kept.groupby(kept["file_name"].str.split("/").str[1]):
        turn = table.assign(round=table.groupby(["corpus", "video"]).cumcount())
        turn["turn"] = turn.groupby(["corpus", "method", "round"]).cumcount()
        names = turn.sort_values(["round", "turn", "corpus", "method"], kind="stable")["file_name"]
        chosen[label] = names.head(COLUMNS * ROWS).tolist()
    return chosen


def contact_sheet(tiles: dict[str, list[np.ndarray]]) -> bytes:
    """The images of each class (uint8 BGR, of any size) in a block with its title, as the bytes of a png."""
    blocks = [_block(label, pictures) for label, pictures in sorted(tiles.items(), reverse=True)]
    return images.encode(np.vstack(blocks), "png", 0)


def _block(label: str, pictures: list[np.ndarray]) -> np.ndarray:
    step = TILE + GAP
    rows = -(-len(pictures) // COLUMNS)
    sheet = np.full((TITLE + rows * step + GAP, COLUMNS * step + GAP, 3), PAPER, np.uint8)
    cv2.putText(sheet, label, (GAP, TITLE - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.6, INK, 1, cv2.LINE_AA)
    for place, picture in enumerate(pictures):
        y, x = TITLE + place // COLUMNS * step, GAP + place % COLUMNS * step
        sheet[y : y + TILE, x : x + TILE] = _square(picture)
    return sheet


def _square(picture: np.ndarray) -> np.ndarray:
    """Scaled to fit a tile, with paper round what isn't square."""
    scale = TILE / max(picture.shape[:2])
    width, height = (max(1, round(side * scale)) for side in picture.shape[1::-1])
    tile = np.full((TILE, TILE, 3), PAPER, np.uint8)
    y, x = (TILE - height) // 2, (TILE - width) // 2
    tile[y : y + height, x : x + width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return tile
