"""The embeddings of one shard: of a few crops of each video their vectors, and a row for each crop."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from deepfake import tables
from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.people.embedder import Embedding
from deepfake.people.selection import choose_crops
from deepfake.worker_pool import WorkerPool, results_in_order

PROGRAM = "deepfake.people.embedding_worker"
TOGETHER = 16  # crops of a task: waiting for each by itself would be slow

UNCLEAR = "no face is seen well enough in the crop"


@dataclass(frozen=True)
class EmbeddingSettings:
    """What all tasks share: the tar of the crops, the config section `people`, and the limits on one crop."""

    tar: str
    cfg: dict
    limits: dict


@dataclass(frozen=True)
class EmbeddingTask:
    """Embed some crops, rows of tables.FACES. `number` and `seconds` are those of worker_pool.Task."""

    number: int
    crops: tuple[dict[str, str], ...]
    seconds: float


def embed_shard(
    faces: Iterable[dict[str, str]],
    settings: EmbeddingSettings,
    workers: int = 1,
    advance: Callable[[int], None] = lambda crops: None,
) -> tuple[list[dict], np.ndarray]:
    """Return a row of tables.EMBEDDINGS for each crop that was looked at, and the vectors, float32 (n, d).

    `faces` are the rows of tables.FACES, those of a video together. Of each video `crops` of the config
    section are embedded; each by itself, so that the number of `workers` changes nothing. `advance` is called
    with the number of newly embedded crops. Raises UserError if a process can't start, or the network fails.
    """
    videos = [list(rows) for _, rows in groupby(faces, key=lambda row: row["video"])]
    chosen = [choose_crops(rows, settings.cfg["crops"]) for rows in videos]
    found = iter(_embed([crop for crops in chosen for crop in crops], settings, workers, advance))
    rows, vectors = [], []
    for (first, *_), crops in zip(videos, chosen, strict=True):
        for crop in crops:
            embedding = next(found)
            row = {key: crop[key] for key in ("video", "image", "frame")}
            row["quality"] = f"{embedding.quality:.4f}"
            if embedding.quality > 0:
                rows.append(row | {"row": len(vectors), "status": tables.OK})
                vectors.append(embedding.vector)
            else:
                rows.append(row | {"status": tables.NO_FACE, "reason": UNCLEAR})
        if not crops:
            rows.append({key: first[key] for key in ("video", "status", "reason")})
    return rows, np.stack(vectors).astype(np.float32) if vectors else np.empty((0, 0), np.float32)


def write_embeddings(table: Path, array: Path, rows: list[dict], vectors: np.ndarray) -> None:
    """Write rows of tables.EMBEDDINGS to `table`, and their vectors to the .npy file `array`."""
    with new_file(array) as part, open(part, "wb") as file:
        np.save(file, vectors, allow_pickle=False)
    tables.write_rows(table, tables.EMBEDDINGS, rows)


def _embed(
    crops: list[dict[str, str]], settings: EmbeddingSettings, workers: int, advance: Callable[[int], None]
) -> list[Embedding]:
    """Return the embedding of each crop, in order."""
    parts = [tuple(crops[start : start + TOGETHER]) for start in range(0, len(crops), TOGETHER)]
    tasks = [EmbeddingTask(n, part, settings.limits["seconds"]) for n, part in enumerate(parts)]

    def failed(task: EmbeddingTask, done: int, problem: str) -> UserError:
        return UserError(f"people: faces of {settings.tar} can't be embedded: {problem}")

    with WorkerPool(PROGRAM, settings, min(workers, len(tasks)), settings.limits["memory_gb"]) as pool:
        return results_in_order(pool, tasks, advance, failed)
