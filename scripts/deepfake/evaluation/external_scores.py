"""Scores of any detector, from a table of images or of videos, as predictions for a dataset's images."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from deepfake.errors import UserError
from deepfake.evaluation.predictions import OPTIONAL, PREDICTIONS, VIDEO_KEY
from deepfake.files import open_regular
from deepfake.text_files import decode_text, find_column, read_cells

MAX_BYTES = 500_000_000  # of a table; one of five million images has fewer
LONGEST = 4096  # characters of a name
NAMES = ("image", "video")
SCORES = ("probability", "score")
VIDEO_COLUMNS = ("corpus", "method")
SCALES = ("probability", "logit")

FILL = {"chance": 0.5, "real": 0.0, "fake": 1.0}
"""By `missing`: the probability of fake that an image of the test split without a score has."""

SPLITS = ("val", "test")
UNMATCHED = "name split line problem".split()
"""A row for each image of val or test without a score, and for each line of the table without an image."""

NO_SCORE = "no score"
UNKNOWN_NAME = "not in the dataset"


@dataclass(frozen=True)
class ScoreTable:
    """A table of scores, from the file `path`; `by` is "image" or "video".

    `rows` has a row for each line: `name`, those of VIDEO_COLUMNS that the file has, `probability` (nan where
    the line has no score), and `line`, its number in the file.
    """

    path: str
    by: str
    rows: pd.DataFrame


def read_scores(path: str | Path, scale: str = "probability") -> ScoreTable:
    """Return the scores of a csv file with the column `image` or `video`, and `probability` or `score`.

    For videos it may have `corpus` and `method` too. A higher score means fake. `scale` is one of SCALES. An
    empty score, or nan, is one that the detector could not give. Raises UserError, which names the file and
    the line, if it can't be read as such a table, is over MAX_BYTES, or a score doesn't fit `scale`.
    """
    try:
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path}: can't be read as a table of scores: {error}") from None
    if len(data) > MAX_BYTES:
        raise UserError(f"{path} has more than {MAX_BYTES:,} bytes; keep only names and scores in it")
    lines = read_cells(decode_text(data, str(path)), str(path), [*NAMES, *SCORES, *VIDEO_COLUMNS])
    _, header = next(lines, (0, []))
    by, name_at = _first_column(header, NAMES, path)
    _, score_at = _first_column(header, SCORES, path)
    others = {column: find_column(header, column) for column in VIDEO_COLUMNS} if by == "video" else {}
    others = {column: at for column, at in others.items() if at is not None}
    rows = []
    for number, cells in lines:
        where = f"{path}, line {number}"
        if len(cells) < len(header):
            raise UserError(f"{where}: it has {len(cells)} cells, and the header {len(header)}")
        name = cells[name_at].strip()
        if not name or len(name) > LONGEST:
            raise UserError(f"{where}: it names no {by}")
        probability = _probability(cells[score_at].strip(), scale, where)
        rows.append((name, *(cells[at].strip() for at in others.values()), probability, number))
    if not rows:
        raise UserError(f"{path} has no scores; write a line for each {by}")
    return ScoreTable(str(path), by, pd.DataFrame(rows, columns=["name", *others, "probability", "line"]))


def predictions_of(
    table: ScoreTable, metadata: pd.DataFrame, missing: str = "chance"
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, dict]:
    """Return PREDICTIONS of each of SPLITS, the rows of UNMATCHED, and facts in numbers.

    `metadata` are the rows of metadata.csv, with `label` int64 and maybe OPTIONAL ones; `missing` is a key of
    FILL: images of test without a score have that probability. Those of val are left out, since the threshold
    is chosen on val. The facts are `by`, `missing`, `unknown` (lines that name nothing of the dataset), and
    in `splits` for each of SPLITS its `images` and how many are `without` a score. Raises UserError as
    match_scores does, and if no image of test has a score.
    """
    lines = match_scores(table, metadata)
    probability = np.where(lines >= 0, table.rows["probability"].to_numpy()[lines], np.nan)
    rows = metadata.rename(columns={"file_name": "image"}).assign(probability=probability)
    counts, predictions, problems = {}, {}, []
    for split in SPLITS:
        of_split = rows[rows["split"] == split]
        without = of_split["probability"].isna()
        counts[split] = {"images": len(of_split), "without": int(without.sum())}
        problems += [(name, split, "", NO_SCORE) for name in of_split["image"][without]]
        filled = of_split.fillna({"probability": FILL[missing]}) if split == "test" else of_split[~without]
        predictions[split] = filled[[name for name in PREDICTIONS if name in filled or name not in OPTIONAL]]
    if counts["test"]["images"] == counts["test"]["without"]:
        raise UserError(
            f"{table.path} has no score for any image of the test split: its first name is "
            f"{table.rows['name'].iloc[0]!r}, and an image of the dataset {rows['image'].iloc[-1]!r}"
        )
    unknown = table.rows.drop(index=np.unique(lines[lines >= 0]))
    problems += [
        (name, "", line, UNKNOWN_NAME) for name, line in zip(unknown["name"], unknown["line"], strict=True)
    ]
    facts = {"by": table.by, "missing": missing, "unknown": len(unknown), "splits": counts}
    return predictions, pd.DataFrame(problems, columns=UNMATCHED), facts


def wrong_way_round(predictions: dict[str, pd.DataFrame]) -> bool:
    """Return whether the scores of reals rank above those of fakes, in PREDICTIONS of several splits."""
    rows = pd.concat(predictions.values())
    ranks = rows["probability"].rank().groupby(rows["label"]).mean()
    return len(ranks) == 2 and bool(ranks[0] > ranks[1])


def match_scores(table: ScoreTable, metadata: pd.DataFrame) -> np.ndarray:
    """Return for each row of `metadata` the position of its row in `table`, int64 (N,); -1 for none.

    `metadata` are the rows of metadata.csv. An image is named by its path in the dataset, with other folders
    before it or not, or by its file name alone. A score of a video, which is named with or without its
    ending, counts for each of its images. Raises UserError if something is named twice, or a name means
    several videos.
    """
    if table.by == "image":
        files = metadata["file_name"].tolist()
        full = {name: place for place, name in enumerate(files)}
        short = _unique((name.rpartition("/")[2], place) for place, name in enumerate(files))
        return _lines_of(table, [_image(name, full, short) for name in table.rows["name"]], len(files))
    video = metadata.groupby(VIDEO_KEY, sort=False).ngroup().to_numpy()
    videos = metadata[VIDEO_KEY][~metadata[VIDEO_KEY].duplicated()]
    columns = [column for column in VIDEO_COLUMNS if column in table.rows]
    places: dict[tuple, list[int]] = {}
    for place, key in enumerate(videos[["video", *columns]].itertuples(index=False, name=None)):
        places.setdefault(key, []).append(place)
    named = [
        _video(key, places, f"{table.path}, line {line}")
        for key, line in zip(
            table.rows[["name", *columns]].itertuples(index=False, name=None), table.rows["line"], strict=True
        )
    ]
    return _lines_of(table, named, len(videos))[video]


def _image(name: str, full: dict[str, int], short: dict[str, int]) -> int:
    """Return the place of the image that `name` means, -1 for none."""
    parts = name.replace("\\", "/").split("/")
    place = full.get("/".join(parts[-3:]))
    return short.get(parts[-1], -1) if place is None else place


def _video(key: tuple, places: dict[tuple, list[int]], where: str) -> int:
    """Return the place of the video that `key`, a name and maybe more, means; -1 for none."""
    name, *others = key
    stem = PurePosixPath(name.replace("\\", "/")).stem
    found = places.get(key) or places.get((stem, *others)) or [-1]
    if len(found) > 1:
        raise UserError(
            f"{where}: {name!r} is the name of {len(found)} videos; add the columns corpus and method, as in "
            "the dataset's metadata.csv, or name images"
        )
    return found[0]


def _unique(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the pairs as a dict, without keys that occur twice."""
    found: dict[str, int] = {}
    twice = set()
    for key, place in pairs:
        if found.setdefault(key, place) != place:
            twice.add(key)
    return {key: place for key, place in found.items() if key not in twice}


def _lines_of(table: ScoreTable, places: list[int], number: int) -> np.ndarray:
    """Return for each of `number` places the position of the row that names it; -1 for none."""
    lines = np.full(number, -1)
    for position, place in enumerate(places):
        if place >= 0 and lines[place] >= 0:
            first, second = table.rows["line"].iloc[[lines[place], position]]
            raise UserError(
                f"{table.path}: lines {first} and {second} are of the same {table.by} "
                f"({table.rows['name'].iloc[position]}); keep one of them"
            )
        if place >= 0:
            lines[place] = position
    return lines


def _first_column(header: list[str], names: tuple[str, ...], path: str | Path) -> tuple[str, int]:
    """Return the first of `names` that is a column, and its position."""
    for name in names:
        if (position := find_column(header, name)) is not None:
            return name, position
    raise UserError(
        f"{path} has no column {' or '.join(names)}: its first line is {','.join(header)[:200]!r}; write one "
        "such as image,probability"
    )


def _probability(text: str, scale: str, where: str) -> float:
    """Return the probability of fake that a cell means; nan for none."""
    try:
        value = float(text or "nan")
    except ValueError:
        raise UserError(f"{where}: the score {text!r} is no number; write such as 0.8") from None
    if scale == "logit":
        return _logistic(value)
    if value < 0 or value > 1:
        raise UserError(
            f"{where}: the score {text} is no probability from 0 to 1; write scale: logit if it is a logit, "
            "or map the scores to 0 (real) to 1 (fake)"
        )
    return value


def _logistic(value: float) -> float:
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    return math.exp(value) / (1 + math.exp(value))
