"""Who is who in the clips of FaceForensics++ and Celeb-DF by their faces alone, as the workflow sees them.

The crops are those of the workflow's faces. The clips' names aren't used to link them; afterwards they say
who is right.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from bench_people import distances

from deepfake import tables
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.people.embeddings import EmbeddingSettings, embed_shard, write_embeddings
from deepfake.people.groups import NOBODY, Videos, find_people
from deepfake.people.neighbours import SCALE
from deepfake.people.settings import DLIB_DISTANCES
from deepfake.people.video_vectors import read_video_vectors

CROPS = 5  # of a clip, the config's default
SHOWN = {"Deepfakes": "source", "FaceSwap": "source", "Face2Face": "target", "NeuralTextures": "target"}
"""Whose face a method shows, by how it works: the first two put a face in, the others move the one there."""

ORDER = [*SHOWN, "Celeb-synthesis"]


@dataclass(frozen=True)
class Clips:
    """Clips with a face: `table` (n rows) has an index's columns and `corpus`; `target` and `source` are
    people with their corpus before them, or "". `means` (n, d) are vectors of neighbours.whole_numbers."""

    table: pd.DataFrame
    means: np.ndarray


def read_clips(results: Path, corpora: list[str], cache: Path) -> Clips:
    """Return the clips of some corpora; their crops are embedded once, and kept in `cache`."""
    shards, tables_of = [], []
    for corpus in corpora:
        for faces in sorted((results / "faces" / corpus).glob("*.csv")):
            kept = cache / corpus / faces.name
            if not kept.exists() or kept.stat().st_mtime < faces.stat().st_mtime:
                settings = EmbeddingSettings(str(faces.with_suffix(".tar")), {"crops": CROPS}, MEDIA_LIMITS)
                rows, vectors = embed_shard(tables.read_rows(faces), settings, workers=2)
                kept.parent.mkdir(parents=True, exist_ok=True)
                write_embeddings(kept, kept.with_suffix(".npy"), rows, vectors)
            shards.append((corpus, faces.stem))
        table = pd.read_csv(results / "index" / corpus / "videos.csv", **tables.AS_TEXT)
        tables_of.append(table.assign(corpus=corpus))
    table = pd.concat(tables_of, ignore_index=True)
    for column in ("target", "source"):
        table[column] = (table["corpus"] + "/" + table[column]).where(table[column] != "", "")
    found = read_video_vectors(cache, shards, DLIB_DISTANCES["link"])
    table = table.set_index(["corpus", "video"], drop=False).loc[found.names].reset_index(drop=True)
    return Clips(table, found.means)


def people_of(clips: Clips) -> np.ndarray:
    """Return the person of each clip's face, int64 (n,), or NOBODY, by faces and originals at the defaults.

    A fake is known to be made from its original, but that doesn't say whose its face is.
    """
    table = clips.table
    place = {name: at for at, name in enumerate(zip(table["corpus"], table["video"], strict=True))}
    originals = zip(table["corpus"], table["original"], strict=True)
    units = np.array([place.get(name, at) for at, name in enumerate(originals)])
    videos = Videos(clips.means, units, (table["label"] == "1").to_numpy(), np.empty((0, 2), np.int64))
    return find_people(videos, DLIB_DISTANCES["link"], DLIB_DISTANCES["guard"])[0]


def real_people(clips: Clips) -> dict:
    """Return how many people the real clips show by names and by faces, and the distances between clips.

    `wrong_pairs` are those of two names that are linked, `missed_pairs` those of one name that aren't.
    """
    real = (clips.table["label"] == "0").to_numpy()
    names, groups = clips.table["target"][real].to_numpy(), people_of(clips)[real]
    one, other = np.triu_indices(len(names), 1)
    apart = _apart(clips.means[real])[one, other]
    same, linked = names[one] == names[other], groups[one] == groups[other]
    return {
        "clips": len(names),
        "names": len(set(names)),
        "people": len(set(groups.tolist())),
        "pairs_same": int(same.sum()),
        "pairs_strangers": int((~same).sum()),
        "wrong_pairs": int((linked & ~same).sum()),
        "missed_pairs": int((same & ~linked).sum()),
        "nearest_strangers": float(apart[~same].min()),
        "farthest_same": float(apart[same].max()) if same.any() else None,
    }


def method_rows(clips: Clips) -> list[dict]:
    """Return a row for each method: distances from its fakes to the two people of each, and whom they get.

    `target`, `source` and `others` are the least and the most distance to the nearest real clip of the two,
    and of anybody else; null where none is there. `given` counts the fakes by the person of their face.
    """
    table, apart, person = clips.table, _apart(clips.means), people_of(clips)
    real = (table["label"] == "0").to_numpy()
    rows: dict[str, dict] = {}
    for fake in np.flatnonzero(~real):
        ends = {end: real & (table["target"] == table[end][fake]).to_numpy() for end in ("target", "source")}
        seen = ends | {"others": real & ~ends["target"] & ~ends["source"]}
        near = {end: float(apart[fake, of].min()) for end, of in seen.items() if of.any()}
        given = "nobody" if person[fake] == NOBODY or not real[person == person[fake]].any() else "another"
        for end, of in ends.items():
            given = end if person[fake] in person[of] else given
        rows.setdefault(table["method"][fake], {"near": [], "given": []})
        rows[table["method"][fake]]["near"].append(near)
        rows[table["method"][fake]]["given"].append(given)
    return [_method_row(method, rows[method]) for method in ORDER if method in rows]


def _method_row(method: str, found: dict[str, list]) -> dict:
    row: dict = {"method": method, "fakes": len(found["given"]), "shows": SHOWN.get(method)}
    for end in ("target", "source", "others"):
        near = [each[end] for each in found["near"] if end in each]
        row[end] = [min(near), max(near)] if near else None
    both = [each for each in found["near"] if {"target", "source"} <= each.keys()]
    row["with_both"] = len(both)
    row["nearer_source"] = sum(each["source"] < each["target"] for each in both)
    row["nearer_others"] = sum(min(each, key=each.get) == "others" for each in found["near"])
    row["given"] = {end: found["given"].count(end) for end in ("target", "source", "another", "nobody")}
    row["right"] = row["given"][row["shows"]] if row["shows"] else None
    return row


def _apart(means: np.ndarray) -> np.ndarray:
    """Return the distances (n, n) of vectors of neighbours.whole_numbers."""
    return distances(means / SCALE, means / SCALE)
