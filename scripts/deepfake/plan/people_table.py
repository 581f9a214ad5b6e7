"""Who is seen in which video of a plan, as a table for review, and in numbers."""

import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.people.doubts import halves, nearest_across, nearest_groups
from deepfake.people.neighbours import add_up, distances, nearest_in_other_groups
from deepfake.plan.plan import Seen
from deepfake.tables import CLASSES, SPLITS

LARGEST = 10  # people whose numbers of videos are in the summary


def people_table(plan: pd.DataFrame, seen: Seen) -> pd.DataFrame:
    """Return tables.PEOPLE, a row for each video of `seen`, all as text; empty where faces don't count.

    `plan` and `seen` are the results of plan.plan_people.
    """
    if seen.faces is None:
        return pd.DataFrame(columns=tables.PEOPLE, dtype=str)
    videos, faces, band = seen.videos, seen.faces, seen.band
    table = videos.reindex(columns=tables.PEOPLE).fillna("")
    table["split"] = _final_splits(plan, videos)
    names = (videos["corpus"] + "/" + videos["video"])[faces.known].to_numpy(object)
    split = table["split"][faces.known].map({"": -1} | {name: at for at, name in enumerate(SPLITS)})
    real = (videos["label"] == "0").to_numpy()[faces.known]
    half, halves_distance = halves(faces.vectors, faces.person, real)
    other, other_distance = nearest_groups(faces.vectors, faces.person)
    nearest, distance = nearest_in_other_groups(faces.vectors, faces.person)
    across, across_distance = nearest_across(faces.vectors, split.to_numpy())
    across = np.where(band.out, band.like, across)
    across_distance = np.where(band.out, band.distance, across_distance)
    columns = {
        "person": names[faces.person],
        "apart": _as_text(_from_the_others(faces.vectors, faces.person)),
        "half": half.astype(str).astype(object),
        "halves_distance": _as_text(halves_distance),
        "other": np.where(np.isnan(other_distance), "", names[other]),
        "other_distance": _as_text(other_distance),
        "nearest": np.where(nearest < 0, "", names[nearest]),
        "distance": _as_text(distance),
        "across": np.where(across < 0, "", names[across]),
        "across_distance": _as_text(across_distance),
    }
    for column, values in columns.items():
        table.loc[faces.known, column] = values
    return table


def people_summary(seen: Seen) -> dict:
    """Return in numbers who is seen; an empty dict where faces don't count.

    - `videos`, and the number of `known` ones: with a known face;
    - `people`: the number of them among real videos, and the videos of the `largest`, fakes included;
    - `left_out`: how many videos of each class the guard band leaves out.
    """
    if seen.faces is None:
        return {}
    faces = seen.faces
    of_known = seen.videos["class"][faces.known]
    sizes = np.unique(faces.person, return_counts=True)[1]
    return {
        "videos": len(seen.videos),
        "known": len(faces.person),
        "people": len(set(faces.person[(of_known == "real").to_numpy()].tolist())),
        "largest": np.sort(sizes)[::-1][:LARGEST].tolist(),
        "left_out": {
            name: int(seen.band.out[(of_known == name).to_numpy()].sum()) for name in CLASSES.values()
        },
    }


def _final_splits(plan: pd.DataFrame, videos: pd.DataFrame) -> np.ndarray:
    """Return the split of each video's kept images, "" without any."""
    kept = plan[plan["file_name"] != ""].drop_duplicates(["corpus", "video"])
    splits = dict(zip(zip(kept["corpus"], kept["video"], strict=True), kept["split"], strict=True))
    names = zip(videos["corpus"], videos["video"], strict=True)
    return np.array([splits.get(name, "") for name in names], object)


def _from_the_others(vectors: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Return the mean distance of each vector to the others of its person, nan without any."""
    sums, sizes = add_up(vectors, person, len(person)), np.bincount(person, minlength=len(person))[person]
    products = np.einsum("ij,ij->i", sums[person] - vectors, vectors.astype(np.float64))
    return distances(np.where(sizes > 1, products / np.maximum(sizes - 1, 1), np.nan))


def _as_text(numbers: np.ndarray) -> np.ndarray:
    return np.array(["" if np.isnan(number) else f"{number:.4f}" for number in numbers], object)
