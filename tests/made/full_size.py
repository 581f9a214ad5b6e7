"""Four corpora at full size, as lists of files with realistic names, for tests and benchmarks of tables.

They are read by the layouts and the index like the real corpora. Who is swapped with whom is random.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.corpora.archives import Member
from deepfake.corpora.index import index_corpus
from deepfake.hashing import seeded_hash
from deepfake.layouts.registry import LAYOUTS

METHODS = ["Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures"]
TRAIN_VAL = [("605", "606"), ("639", "640"), ("838", "837"), ("876", "875"), ("983", "982")]
TRAIN_TEST = [("756", "755"), ("954", "955")]
"""Ids of one YouTube video in different official splits of FaceForensics++."""
COUNTED = {"count": 10, "boost": 8}

Files = tuple[list[str], dict[str, str]]  # paths of videos; small files with their text


def faceforensics() -> Files:
    """Return 1000 originals in 360, 70 and 70 official pairs, swapped both ways by four methods."""
    rng = np.random.default_rng(1)
    fixed = {"train": set(), "val": set(), "test": set()}
    for other, known in (("val", TRAIN_VAL), ("test", TRAIN_TEST)):
        for one, two in known:
            fixed["train"].add(one)
            fixed[other].add(two)
    free = [f"{i:03}" for i in range(1000) if f"{i:03}" not in set().union(*fixed.values())]
    free = list(rng.permutation(free))
    paths = [f"original_sequences/youtube/c23/videos/{i:03}.mp4" for i in range(1000)]
    lists = {}
    for split, count in (("test", 70), ("val", 70), ("train", 360)):
        ids = sorted(fixed[split])
        ids += [free.pop() for _ in range(2 * count - len(ids))]
        pairs = rng.permutation(ids).reshape(-1, 2).tolist()
        lists[f"splits/{split}.json"] = json.dumps(pairs)
        for one, two in pairs:
            for method in METHODS:
                for name in (f"{one}_{two}", f"{two}_{one}"):
                    paths.append(f"manipulated_sequences/{method}/c23/videos/{name}.mp4")
    return paths, lists


def dfd() -> Files:
    """Return 363 videos of 28 actors in 16 scenes, and 3068 swaps that link all actors."""
    rng = np.random.default_rng(2)
    scenes = [f"{place}_{act}" for place in ("exit", "kitchen", "outside", "room") for act in "abcd"]
    videos = sorted(rng.permutation([(f"{a:02}", s) for a in range(1, 29) for s in scenes]).tolist()[:363])
    paths = [f"DFD_original sequences/{actor}__{scene}.mp4" for actor, scene in videos]
    folder = "DFD_manipulated_sequences/DFD_manipulated_sequences"
    for number in range(3068):
        actor, scene = videos[number % 363]
        source = int(rng.integers(1, 28))
        source += source >= int(actor)
        paths.append(f"{folder}/{actor}_{source:02}__{scene}__{number:08X}.mp4")
    return paths, {}


def celebdf() -> Files:
    """Return Celeb-DF v2: 590 videos of 59 people, 300 of unknown ones, 5639 swaps; 518 are the test set."""
    rng = np.random.default_rng(3)
    reals = [(person, take) for person in range(59) for take in range(10)]
    paths = [f"Celeb-real/id{person}_{take:04}.mp4" for person, take in reals]
    paths += [f"YouTube-real/{number:05}.mp4" for number in range(300)]
    swaps = [(p, other, take) for p, take in reals for other in range(59) if other != p]
    chosen = [swaps[i] for i in sorted(rng.permutation(len(swaps))[:5639])]
    paths += [f"Celeb-synthesis/id{p}_id{other}_{take:04}.mp4" for p, other, take in chosen]
    tests = [*rng.permutation(paths[:590])[:108], *rng.permutation(paths[590:890])[:70]]
    tests = [f"1 {path}" for path in tests] + [f"0 {path}" for path in rng.permutation(paths[890:])[:340]]
    return paths, {"List_of_testing_videos.txt": "\n".join(tests)}


def dfdc(videos: int = 124_000) -> Files:
    """Return DFDC's 50 parts with metadata.json: two reals for each eleven fakes, and random names."""
    rng = np.random.default_rng(4)
    letters = rng.integers(0, 26, (videos, 10), np.uint8) + ord("a")
    text = letters.tobytes().decode()
    names = sorted({text[i : i + 10] for i in range(0, 10 * videos, 10)})
    names = list(rng.permutation(names))
    paths, files = [], {}
    for part in range(50):
        chosen = names[part::50]
        reals = len(chosen) * 2 // 13
        labels = {
            f"{name}.mp4": {"label": "REAL", "split": "train", "original": None} for name in chosen[:reals]
        }
        for name in chosen[reals:]:
            original = f"{chosen[int(rng.integers(reals))]}.mp4"
            labels[f"{name}.mp4"] = {"label": "FAKE", "split": "train", "original": original}
        files[f"dfdc_train_part_{part}/metadata.json"] = json.dumps(labels)
        paths += [f"dfdc_train_part_{part}/{name}.mp4" for name in chosen]
    return paths, files


CORPORA: dict[str, Callable[[], Files]] = {
    "faceforensics": faceforensics, "dfd": dfd, "celebdf": celebdf, "dfdc": dfdc,
}  # fmt: skip


def families(corpora: Iterable[str]) -> dict[str, str]:
    return {corpus: LAYOUTS[corpus].family for corpus in corpora}


def index(corpus: str) -> pd.DataFrame:
    """Return the rows of the index of a corpus, which is named like its layout."""
    paths, files = CORPORA[corpus]()
    members = [Member("", path, 1000 + at, at) for at, path in enumerate([*files, *paths])]
    cfg = {"layout": corpus, "max_videos": None, "columns": None, "seed": 42, "shard_size": 64}
    rows = index_corpus(members, lambda archive, path: files[path].encode(), cfg | {"frames": COUNTED}, {})
    return pd.DataFrame(rows)


def pool(corpora: Iterable[str], images: int = 2, part: float = 1) -> pd.DataFrame:
    """Return a row for each image of the corpora: `images` of each video, or more by its `frames_wanted`.

    A twentieth of the images are near-duplicates of the image before. `part` is the fraction of the groups
    to return, chosen by their names.
    """
    parts = []
    for corpus in corpora:
        videos = index(corpus).astype({"label": str}).assign(corpus=corpus, step="")
        chosen = {group: seeded_hash(0, group) < part * 2**64 for group in videos["group"].unique()}
        videos = videos[videos["group"].map(chosen)]
        times = videos["frames_wanted"].astype(int) // COUNTED["count"] * images
        table = videos.drop(columns=["bytes"]).loc[videos.index.repeat(times)].reset_index(drop=True)
        table["frame"] = table.groupby("video", sort=False).cumcount() * 30
        parts.append(table)
    whole = pd.concat(parts, ignore_index=True)
    rng = np.random.default_rng(5)
    hashes = rng.integers(0, 2**64, len(whole), dtype=np.uint64)
    again = np.flatnonzero((rng.random(len(whole)) < 0.05) & (whole["frame"] > 0))
    hashes[again] = hashes[again - 1] ^ np.uint64(1)
    whole["phash"] = [f"{value:016x}" for value in hashes.tolist()]
    whole["bytes"] = rng.integers(10_000, 30_000, len(whole))
    whole["sha256"] = [f"{value:064x}" for value in range(len(whole))]
    whole["image"] = whole["video"] + "/" + whole["frame"].astype(str).str.zfill(6) + ".jpg"
    return whole


def gathered(corpora: Iterable[str], images: int = 2, part: float = 1) -> pd.DataFrame:
    """Return `pool` in the form of plan.gather.gather."""
    whole = pool(corpora, images, part)
    for column in ("target", "source", "original", "group"):
        named = whole["corpus"].map(families(corpora)) + "/" + whole[column]
        whole[column] = named.where(whole[column] != "", "")
    return whole.reindex(columns=tables.GATHERED).fillna("")


def write_tables(results: Path, corpora: Iterable[str], images: int, part: float) -> int:
    """Write `pool` as the tables under `results` that a plan is made from; return the number of rows."""
    whole = pool(corpora, images, part).assign(status=tables.OK, reason="")
    for corpus, table in whole.groupby("corpus"):
        videos = table.drop_duplicates("video").reindex(columns=tables.INDEX).fillna("")
        for folder in (results / "index" / corpus, results / "faces" / corpus):
            folder.mkdir(parents=True)
        videos.to_csv(results / "index" / corpus / "videos.csv", index=False)
        for shard, rows in table.groupby("shard"):
            rows.reindex(columns=tables.FACES).to_csv(
                results / "faces" / corpus / f"{shard}.csv", index=False
            )
    return len(whole)
