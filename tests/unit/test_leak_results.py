"""What the results' page says of leaks is counted right, on faces that are made."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))
from bench_leak_worth import summary
from bench_people import group_rows, mean_rows
from results.clip_faces import Clips, method_rows, real_people
from results.leak_shares import Ruler
from results.lfw_people import intervals, lfw_people, strangers_within

from deepfake.people.neighbours import whole_numbers

NOISE = 0.02


@pytest.fixture
def faces() -> np.ndarray:
    """Three strangers' faces, far apart: unit vectors (3, 16)."""
    return np.eye(3, 16)


def near(face: np.ndarray, seed: int) -> np.ndarray:
    vector = face + NOISE * np.random.default_rng(seed).normal(size=len(face))
    return vector / np.linalg.norm(vector)


def clips(rows: list[tuple[str, ...]], vectors: list[np.ndarray]) -> Clips:
    columns = ["video", "label", "method", "target", "source", "original"]
    return Clips(pd.DataFrame(rows, columns=columns).assign(corpus="c"), whole_numbers(np.stack(vectors)))


def test_fakes_are_given_to_whom_their_faces_show(faces):
    rows = [
        ("a", "0", "", "a", "", "a"),
        ("b", "0", "", "b", "", "b"),
        ("swap", "1", "Deepfakes", "a", "b", "a"),
        ("unlike", "1", "Deepfakes", "b", "a", "b"),
        ("moved", "1", "Face2Face", "a", "b", "a"),
    ]
    unlike = (faces[2] + 0.2 * faces[1]) / np.sqrt(1.04)
    vectors = [faces[0], faces[1], near(faces[1], 1), unlike, near(faces[0], 3)]
    deepfakes, face2face = method_rows(clips(rows, vectors))
    assert deepfakes["given"] == {"target": 0, "source": 1, "another": 0, "nobody": 1}
    assert (deepfakes["right"], deepfakes["fakes"], deepfakes["nearer_source"]) == (1, 2, 1)
    assert (face2face["right"], face2face["given"]["target"]) == (1, 1)
    assert face2face["others"] is None


def test_real_clips_of_two_names_with_one_face_are_a_wrong_pair(faces):
    rows = [(name, "0", "", person, "", name) for name, person in zip("pqrs", "aabc", strict=True)]
    found = real_people(clips(rows, [faces[0], faces[1], faces[1], faces[2]]))
    assert (found["names"], found["people"], found["wrong_pairs"], found["missed_pairs"]) == (3, 3, 1, 1)


def test_shares_and_groups_of_photos():
    faces = np.eye(12, 16)
    photos = np.stack([near(face, 10 * number + at) for number, face in enumerate(faces) for at in range(4)])
    people = np.repeat([f"p{number}" for number in range(12)], 4)
    close, wide = group_rows(photos, photos, people, (0.30, 1.99))
    assert (close["found"], close["false"], close["groups"], close["precision"]) == (1.0, 0.0, 12, 1.0)
    assert (wide["false"], wide["people"], wide["mixed"]) == (1.0, 12, 1)
    assert wide["precision"] == pytest.approx(72 / 1128)
    assert mean_rows(photos, people, [0.30])[0]["two"] == {"found": 1.0, "false": 0.0}
    assert lfw_people(photos, photos, people)["histogram"]["same"].sum() == 72


def test_strangers_are_within_the_distance_that_a_share_of_them_has():
    angles = np.radians([0, 10, 60, 90])  # of two photos of one person, and of two strangers
    vectors = np.stack([*np.stack([np.cos(angles), np.sin(angles)], axis=1), [np.inf, np.inf]])
    people = np.array(["p", "p", "q", "r", "p"])
    nearest, farthest = (strangers_within(share, vectors, people) for share in (0, 1))
    assert nearest == pytest.approx(2 * np.sin(np.radians(30 / 2)))  # q and r: p's own photos don't count
    assert farthest == pytest.approx(2 * np.sin(np.radians(90 / 2)))


def test_intervals_hold_the_share_that_they_are_of():
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(40), 3)
    one, other = np.triu_indices(len(people), 1)
    close = rng.random(len(one)) < 0.3
    same = people[one] == people[other]
    found = intervals(close, one, other, people)
    for name, of in (("found_interval", same), ("false_interval", ~same)):
        low, high = found[name]
        assert 0 < low < close[of].mean() < high < 1


def test_the_nearest_of_some_crops_and_of_none(faces):
    ruler = Ruler("ours", np.concatenate([faces, faces[:1]]), (0.3,))
    assert ruler.nearest(np.array([0, 1]), np.array([2, 3])) == pytest.approx([0, np.sqrt(2)])
    assert not len(ruler.nearest(np.array([], int), np.array([2])))


def test_gains_are_paired_by_seed():
    auc = {"by people": (0.5, 0.7), "by original": (0.6, 0.8)}
    sizes = {"train": 9, "val": 3, "test": 3, "people": 2, "leaked": 0, "known": 0.5}
    rows = [
        {"model": "m", "split": split, "seed": seed, "AUC": value, "F1": value, "AUC known": value}
        | {"AUC unknown": 0.4}
        | sizes
        for split, values in auc.items()
        for seed, value in enumerate(values)
    ]
    people, original = summary(pd.DataFrame(rows).sample(frac=1, random_state=1))
    if people["split"] != "by people":
        people, original = original, people
    assert people["auc_more"] is None
    assert original["auc_more"]["mean"] == pytest.approx(0.1)
    assert original["auc_more"]["half"] == pytest.approx(0, abs=1e-9)
    assert (original["higher"], original["seeds"]) == (2, 2)
    assert people["auc"]["half"] > 1  # two seeds say little
