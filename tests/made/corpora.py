"""Gathered tables of made-up corpora, for tests of the plan: people, scenes, swaps, damage and duplicates."""

import numpy as np
import pandas as pd

from deepfake import tables

CFG = {
    "families": {"a": "a"}, "images": "faces", "size_mb": None, "splits": {"train": 0.8, "val": 0.2},
    "policy": "group", "tolerance": 0.05, "stratify": [], "test_only": [], "duplicates": 3,
    "balance": "corpus", "seed": 1,
}  # fmt: skip


def far_apart(count: int, seed: int = 0) -> np.ndarray:
    """So many hashes, uint64, of which each two differ in far more bits than any test calls near."""
    return np.random.default_rng([seed, 7]).permutation(1 << 20)[:count].astype(np.uint64) * np.uint64(
        0x9E3779B97F4A7C15
    )


def table(rows: list[dict]) -> pd.DataFrame:
    """Rows with the columns of tables.GATHERED; hashes that a row doesn't give are far from each other."""
    made = pd.DataFrame(rows).reindex(columns=tables.GATHERED)
    hashes = pd.Series([f"{value:016x}" for value in far_apart(len(made))], index=made.index)
    made["phash"] = made["phash"].where(made["phash"].notna(), hashes)
    return made.fillna("")


def clip(
    corpus: str, video: str, frames: int, size: int = 10_000, bad: int = 0, **known: object
) -> list[dict]:
    """The rows of one video with its images; the first `bad` of them have no face."""
    row = {"corpus": corpus, "video": video, "shard": "all", "label": "0", "group": f"{corpus}/{video}"}
    row |= known
    if not frames:
        return [{**row, "frame": -1, "bytes": 0, "step": "frames", "reason": "can't be opened"}]
    return [
        {**row, "frame": f, "image": f"{video}/{f:06d}.jpg", "bytes": size + f}
        | ({"step": "faces", "reason": "no face"} if f < bad else {})
        for f in range(frames)
    ]


def swaps(
    seed: int,
    corpora: int = 1,
    people: int = 8,
    scenes: int = 2,
    fakes: int = 20,
    methods: int = 2,
    known: bool = True,
    repeats: float = 0.0,
    family: bool = False,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Corpora of people filmed in scenes, and swaps between them; and the family of each corpus.

    `known`: whether the corpora say who is who. `repeats`: the part of the images that look like another one.
    `family`: whether all corpora share their people.
    """
    rng = np.random.default_rng(seed)
    rows, families = [], {}
    for at in range(corpora):
        corpus = f"c{at}"
        families[corpus] = "all" if family else corpus
        prefix = families[corpus]
        for person in range(people):
            for scene in range(scenes):
                name = f"{person}__{scene}"
                rows += clip(
                    corpus, f"r{name}", int(rng.integers(0, 7)), int(rng.integers(5_000, 20_000)),
                    int(rng.integers(0, 2)), label="0", target=f"{prefix}/p{person}" if known else "",
                    original=f"{prefix}/{name}", group=f"{prefix}/{name}",
                    split=rng.choice(["train", "test"]), attributes=f'{{"sex": "{"fm"[person % 2]}"}}',
                )  # fmt: skip
        for fake in range(fakes):
            target, source = rng.choice(people, 2, replace=False)
            name = f"{target}__{rng.integers(scenes)}"
            rows += clip(
                corpus, f"f{fake}", int(rng.integers(0, 7)), int(rng.integers(5_000, 20_000)),
                int(rng.integers(0, 2)), label="1", method=f"m{rng.integers(methods)}",
                target=f"{prefix}/p{target}" if known else "", source=f"{prefix}/p{source}" if known else "",
                original=f"{prefix}/{name}", group=f"{prefix}/{name}", split=rng.choice(["train", "test"]),
                attributes=f'{{"sex": "{"fm"[target % 2]}"}}',
            )  # fmt: skip
    hashes = far_apart(len(rows), seed)
    again = np.flatnonzero(rng.random(len(rows)) < repeats)
    hashes[again] = hashes[rng.integers(0, len(rows), len(again))] ^ np.uint64(1 << int(rng.integers(64)))
    for row, value in zip(rows, hashes, strict=True):
        row["phash"] = f"{value:016x}"
    return table(rows), families


def kept_of(plan: pd.DataFrame) -> pd.DataFrame:
    return plan[plan["file_name"] != ""]


def splits_of(plan: pd.DataFrame, *columns: str) -> dict[str, set[str]]:
    """From each name in the columns to the splits where it stands."""
    kept = kept_of(plan)
    long = pd.concat([kept[[column, "split"]].set_axis(["name", "split"], axis=1) for column in columns])
    return long[long["name"] != ""].groupby("name")["split"].agg(set).to_dict()
