"""Tables of the images of synthetic corpora (tables.GATHERED), as the planning step reads them."""

import numpy as np
import pandas as pd

from deepfake import tables

CFG = {
    "families": {"a": "a"}, "images": "faces", "size_mb": None, "splits": {"train": 0.8, "val": 0.2},
    "policy": "group", "tolerance": 0.05, "stratify": [], "test_only": [], "duplicates": 3,
    "balance": "corpus", "seed": 1, "people": {"by": "names"},
}  # fmt: skip


def distant_hashes(count: int, seed: int = 0) -> np.ndarray:
    """Return `count` hashes, uint64, of which any two differ in too many bits to be near-duplicates."""
    return np.random.default_rng([seed, 7]).permutation(1 << 20)[:count].astype(np.uint64) * np.uint64(
        0x9E3779B97F4A7C15
    )


def table(rows: list[dict]) -> pd.DataFrame:
    """Return `rows` with all columns of tables.GATHERED; missing hashes are filled with distant ones."""
    made = pd.DataFrame(rows).reindex(columns=tables.GATHERED)
    hashes = pd.Series([f"{value:016x}" for value in distant_hashes(len(made))], index=made.index)
    made["phash"] = made["phash"].where(made["phash"].notna(), hashes)
    return made.fillna("")


def video_rows(
    corpus: str, video: str, frames: int, size: int = 10_000, without_face: int = 0, **known: object
) -> list[dict]:
    """Return the rows of a video with `frames` images; the first `without_face` of them have no face."""
    row = {"corpus": corpus, "video": video, "shard": "all", "label": "0", "group": f"{corpus}/{video}"}
    row |= known
    if not frames:
        return [{**row, "frame": -1, "bytes": 0, "step": "frames", "reason": "can't be opened"}]
    return [
        {**row, "frame": f, "image": f"{video}/{f:06d}.jpg", "bytes": size + f}
        | ({"step": "faces", "reason": "no face"} if f < without_face else {})
        for f in range(frames)
    ]


def swap_corpora(
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
    """Return the table of corpora of people filmed in scenes and of swaps between them; and their families.

    `people`, `scenes` (of each person), `fakes` and `methods` are numbers in each corpus. `known`: whether
    the corpora name their people. `repeats`: the fraction of images that are near-duplicates of another
    image. `family`: whether all corpora share their people.
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
                rows += video_rows(
                    corpus, f"r{name}", int(rng.integers(0, 7)), int(rng.integers(5_000, 20_000)),
                    int(rng.integers(0, 2)), label="0", target=f"{prefix}/p{person}" if known else "",
                    original=f"{prefix}/{name}", group=f"{prefix}/{name}",
                    split=rng.choice(["train", "test"]), attributes=f'{{"sex": "{"fm"[person % 2]}"}}',
                )  # fmt: skip
        for fake in range(fakes):
            target, source = rng.choice(people, 2, replace=False)
            name = f"{target}__{rng.integers(scenes)}"
            rows += video_rows(
                corpus, f"f{fake}", int(rng.integers(0, 7)), int(rng.integers(5_000, 20_000)),
                int(rng.integers(0, 2)), label="1", method=f"m{rng.integers(methods)}",
                target=f"{prefix}/p{target}" if known else "", source=f"{prefix}/p{source}" if known else "",
                original=f"{prefix}/{name}", group=f"{prefix}/{name}", split=rng.choice(["train", "test"]),
                attributes=f'{{"sex": "{"fm"[target % 2]}"}}',
            )  # fmt: skip
    hashes = distant_hashes(len(rows), seed)
    again = np.flatnonzero(rng.random(len(rows)) < repeats)
    hashes[again] = hashes[rng.integers(0, len(rows), len(again))] ^ np.uint64(1 << int(rng.integers(64)))
    for row, value in zip(rows, hashes, strict=True):
        row["phash"] = f"{value:016x}"
    return table(rows), families


def kept_images(plan: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the images that a plan keeps."""
    return plan[plan["file_name"] != ""]


def splits_of(plan: pd.DataFrame, *columns: str) -> dict[str, set[str]]:
    """Return for each name in `columns` the splits that it is in."""
    kept = kept_images(plan)
    long = pd.concat([kept[[column, "split"]].set_axis(["name", "split"], axis=1) for column in columns])
    return long[long["name"] != ""].groupby("name")["split"].agg(set).to_dict()
