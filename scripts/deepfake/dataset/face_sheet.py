"""A sheet of a corpus's faces: frames with their box and landmarks, and both kinds of crop, side by side.

It shows whether boxes and landmarks lie where they should, what alignment changes, and which frames gave no
crop, and why.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable

import cv2
import numpy as np
from PIL import Image, ImageDraw

from deepfake.extraction import images
from deepfake.extraction.alignment import Place
from deepfake.extraction.boxes import Face, Points
from deepfake.extraction.faces import Crop, center_crop, crop_face
from deepfake.extraction.landmarks import parse_points
from deepfake.plotting import font, shorten
from deepfake.tables import CLASSES, OK

CROPPED, WITHOUT = 12, 4  # examples: videos with a crop, and frames without one
FRAME, TILE = (336, 224), 224  # pixels: the largest width and height of a frame, and the side of a crop
GAP, LINE, TITLE, HEAD, COLUMNS = 12, 16, 36, 44, 2  # pixels; COLUMNS: examples in a row
WIDTH = FRAME[0] + 2 * (TILE + GAP // 2)  # of an example
QUALITY = 90  # of the JPEG
INK, PALE, PAPER = (40, 40, 40), (110, 110, 110), (250, 250, 250)
BOX, OUTLINE, POINT = (0, 159, 230), (255, 255, 255), (115, 220, 60)  # BGR
KINDS = {"none": "square crop", "five_points": "aligned crop"}  # by `faces.align`

Example = tuple[dict[str, str], bytes]
"""A row of tables.FACES with the `label` and `method` of its video, and the bytes of its frame, if any."""


def choose_examples(videos: Iterable[dict], faces: Iterable[dict]) -> tuple[list[dict], list[dict]]:
    """Return rows of `faces` to be shown: CROPPED with a crop, and WITHOUT without one, at most.

    `videos` are rows of tables.INDEX, `faces` of tables.FACES; the result has the columns `label` and
    `method` too. Of a video the middle one of its crops is taken, and the first frame of each status without
    one. Labels and methods take turns, and of frames without a crop their statuses, too.
    """
    known = {row["video"]: {"label": row["label"], "method": row["method"]} for row in videos}
    cropped: dict[str, list[dict]] = {}
    without: dict[tuple[str, str], dict] = {}
    for row in faces:
        row = {**row, **known.get(row["video"], {"label": "", "method": ""})}
        if row["status"] == OK:
            cropped.setdefault(row["video"], []).append(row)
        else:
            without.setdefault((row["video"], row["status"]), row)
    middle = [rows[len(rows) // 2] for rows in cropped.values()]
    shown = _in_turn(middle, ("label", "method"))[:CROPPED]
    return (
        sorted(shown, key=lambda row: (row["label"], row["method"], row["video"])),
        _in_turn(_in_turn(list(without.values()), ("label", "method")), ("status",))[:WITHOUT],
    )


def _in_turn(rows: list[dict], columns: tuple[str, ...]) -> list[dict]:
    """Return the rows with the first of each group of equal `columns` before all second ones, and so on."""
    seen: Counter = Counter()
    turns = []
    for row in rows:
        group = tuple(row[column] for column in columns)
        turns.append((seen[group], group))
        seen[group] += 1
    return [rows[n] for n in sorted(range(len(rows)), key=lambda n: turns[n])]


def draw_face_sheet(title: str, cropped: list[Example], without: list[Example], cfg: dict) -> bytes:
    """Return a JPEG of the examples; `cfg` is the `faces` section that made their rows."""
    kept = cfg.get("align", "none")
    names = ["frame", *(name + (" (in datasets)" if kind == kept else "") for kind, name in KINDS.items())]
    blocks = [("Frames with a crop", names, cropped), ("Frames without a crop", names, without)]
    blocks = [block for block in blocks if block[2]]
    step = TILE + 2 * LINE + GAP
    height = TITLE + sum(HEAD + -(-len(examples) // COLUMNS) * step for *_, examples in blocks) + GAP
    sheet = Image.new("RGB", (COLUMNS * (WIDTH + 2 * GAP), height), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 8), shorten(title, sheet.width - 2 * GAP, 17), INK, font(17))
    top = TITLE
    for block_title, heads, examples in blocks:
        draw.text((GAP, top + 4), block_title, INK, font(14))
        for column in range(min(COLUMNS, len(examples))):
            for head, x in zip(heads, _tile_lefts(column), strict=True):
                draw.text((x, top + 25), head, PALE, font(12))
        top += HEAD
        for number, example in enumerate(examples):
            column, line = number % COLUMNS, number // COLUMNS
            for pixels, x in zip(_tiles(example, cfg), _tile_lefts(column), strict=True):
                sheet.paste(Image.fromarray(pixels[..., ::-1]), (x, top + line * step))
            for row, (text, ink) in enumerate(zip(caption(example[0]), (INK, PALE), strict=True)):
                at = (_tile_lefts(column)[0], top + line * step + TILE + 1 + row * LINE)
                draw.text(at, shorten(text, WIDTH, 12), ink, font(12))
        top += -(-len(examples) // COLUMNS) * step
    return images.encode(np.asarray(sheet)[..., ::-1], "jpg", QUALITY)


def caption(row: dict) -> tuple[str, str]:
    """Return the two lines below an example: what it is, and how its face was found or why it has none."""
    kind = " · ".join(filter(None, (CLASSES.get(row["label"], "without a label"), row["method"])))
    frame = f", frame {row['frame']}" if row["frame"] else ""
    found = f"found by {row['found_by']}, score {row['score']}" if row["score"] else ""
    if row["status"] != OK:
        return f"{kind} · {row['video']}{frame}", ": ".join(filter(None, (row["status"], row["reason"])))
    crop = f"{float(row['crop_side']):.0f} pixels a side"
    turned = f"turned by {float(row['crop_angle']):.1f}°" if float(row["crop_angle"] or 0) else ""
    share = float(row["filled"] or 0)
    filled = f"{'under 1%' if share < 0.01 else f'{share:.0%}'} outside the frame" if share else ""
    return f"{kind} · {row['video']}{frame}", " · ".join(
        filter(None, (row["status"], found, crop, turned, filled))
    )


def _tile_lefts(column: int) -> list[int]:
    left = GAP + column * (WIDTH + 2 * GAP)
    return [left, left + FRAME[0] + GAP // 2, left + FRAME[0] + GAP + TILE]


def _tiles(example: Example, cfg: dict) -> list[np.ndarray]:
    """Return the three tiles of an example, uint8 BGR."""
    row, data = example
    if not data:
        return [_text_tile(text, width) for text, width in (("no frame", FRAME[0]), ("", TILE), ("", TILE))]
    pixels = images.decode(data)
    points = parse_points(row["landmarks"])
    crops = [_crop(kind, pixels, data, row, points, cfg) for kind in KINDS]
    shown = crops[list(KINDS).index(cfg.get("align", "none"))]
    return [_frame_tile(pixels, row, points, shown), *(_crop_tile(crop, points) for crop in crops)]


def _crop(kind: str, pixels: np.ndarray, data: bytes, row: dict, points: Points, cfg: dict) -> Crop | str:
    """Return the crop of a kind, or why there is none."""
    if not row["width"]:
        return "no face"
    if kind != "none" and not points:
        return "no landmarks"
    if cfg["detector"] == "none":
        return center_crop(pixels, data, cfg)
    box = (int(row[key]) for key in ("x", "y", "width", "height"))
    face = Face(*box, float(row["score"]), row["found_by"], points, row["landmarker"])
    try:
        return crop_face(pixels, face, {"border": "black", **cfg, "align": kind})
    except ValueError as error:
        return str(error)


def _frame_tile(pixels: np.ndarray, row: dict, points: Points, crop: Crop | str) -> np.ndarray:
    """Return the frame with its box, the outline of its crop and its landmarks, on a tile of FRAME."""
    height, width = pixels.shape[:2]
    scale = min(FRAME[0] / width, FRAME[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    if not isinstance(crop, str):
        _draw_square(small, crop.place, scale)
    if row["width"] and row["score"]:
        x, y, w, h = (round(int(row[key]) * scale) for key in ("x", "y", "width", "height"))
        cv2.rectangle(small, (x, y), (x + w, y + h), BOX, 1, cv2.LINE_AA)
    _draw_points(small, np.array([complex(*point) for point in points]) * scale, 1)
    return _on_paper(small, *FRAME)


def _crop_tile(crop: Crop | str, points: Points) -> np.ndarray:
    """Return a crop with its landmarks, or the reason why there is none, on a tile of TILE."""
    if isinstance(crop, str):
        return _text_tile(crop, TILE)
    side = crop.pixels.shape[0]
    tile = cv2.resize(
        crop.pixels, (TILE, TILE), interpolation=cv2.INTER_AREA if side > TILE else cv2.INTER_CUBIC
    )
    place = crop.place
    _draw_points(tile, (np.array([complex(*p) for p in points]) - place.corner) / place.step(TILE), 2)
    return tile


def _draw_square(tile: np.ndarray, place: Place, scale: float) -> None:
    corners = (place.corner + place.step(1) * np.array([0, 1, 1 + 1j, 1j])) * scale
    outline = np.c_[corners.real, corners.imag].round().clip(-(10**6), 10**6).astype(np.int32)
    cv2.polylines(tile, [outline], True, OUTLINE, 1, cv2.LINE_AA)


def _draw_points(tile: np.ndarray, points: np.ndarray, radius: int) -> None:
    """Draw complex points, in pixels of the tile: smaller dots if there are many."""
    radius = min(radius, 1) if len(points) > 5 else radius
    for point in points:
        if -TILE < point.real < 2 * TILE and -TILE < point.imag < 2 * TILE:
            at = (round(point.real), round(point.imag))
            cv2.circle(tile, at, radius + 1, (0, 0, 0), -1, cv2.LINE_AA)
            cv2.circle(tile, at, radius, POINT, -1, cv2.LINE_AA)


def _on_paper(image: np.ndarray, width: int, height: int) -> np.ndarray:
    tile = np.full((height, width, 3), PAPER, np.uint8)
    y, x = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    tile[y : y + image.shape[0], x : x + image.shape[1]] = image
    return tile


def _text_tile(text: str, width: int) -> np.ndarray:
    tile = Image.new("RGB", (width, TILE), (232, 232, 232))
    draw = ImageDraw.Draw(tile)
    for number, line in enumerate(textwrap.wrap(text, width // 8)[: TILE // LINE - 2]):
        draw.text((GAP, GAP + number * LINE), shorten(line, width - 2 * GAP, 12), PALE, font(12))
    return np.asarray(tile)
