"""A video's vector: the mean of its crops without those of somebody else, whatever shards they are in."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake import tables
from deepfake.errors import UserError
from deepfake.people.neighbours import SCALE
from deepfake.people.video_vectors import mean_vector, read_video_vectors

LIMIT = 0.36


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def faces(seed: int, count: int) -> np.ndarray:
    """Unit vectors of one person, about 0.1 apart."""
    random = np.random.default_rng(seed)
    return unit(unit(random.normal(size=16)) + random.normal(scale=0.02, size=(count, 16)))


def write_shard(folder: Path, corpus: str, shard: str, videos: dict[str, np.ndarray]) -> None:
    """Write the embeddings of a shard; a video without any has one row that says so."""
    rows, vectors = [], []
    for video, crops in videos.items():
        for frame, crop in enumerate(crops):
            rows.append({"row": len(vectors), "video": video, "frame": frame, "quality": 0.5, "status": "ok"})
            vectors.append(crop)
        if not len(crops):
            rows.append({"video": video, "status": "no_crop", "reason": "no image of it is usable"})
    tables.write_rows(folder / corpus / f"{shard}.csv", tables.EMBEDDINGS, rows)
    np.save(folder / corpus / f"{shard}.npy", np.array(vectors, np.float32).reshape(-1, 16))


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(0, 3))
def test_the_mean_is_of_one_person(seed, own, of_others):
    person, crops = (
        faces(seed, own),
        np.concatenate([faces(seed + n, 1) for n in range(1, of_others + 1)] or [np.empty((0, 16))]),
    )
    weights = np.random.default_rng(seed).uniform(0.1, 1, own)
    mean = mean_vector(person, weights, LIMIT)
    assert np.linalg.norm(mean) == pytest.approx(1)
    assert mean == pytest.approx(unit(weights @ person.astype(float)), abs=1e-6)
    if own > of_others and np.linalg.norm(person[:1] - crops, axis=1).min(initial=2) > 0.6:
        every = np.concatenate([crops, person])
        assert mean_vector(every, np.ones(len(every)), LIMIT) == pytest.approx(
            mean_vector(person, np.ones(own), LIMIT)
        )


def test_unsharp_crops_count_less():
    person = faces(1, 2)
    toward_first = mean_vector(person, np.array([1.0, 0.1]), LIMIT) @ person[0]
    assert toward_first > mean_vector(person, np.ones(2), LIMIT) @ person[0]
    assert mean_vector(person, np.zeros(2), LIMIT) == pytest.approx(mean_vector(person, np.ones(2), LIMIT))


def test_the_shards_of_videos_make_no_difference(tmp_path):
    videos = {f"v{n}": faces(n, n % 4) for n in range(12)}
    write_shard(tmp_path / "one", "a", "0", videos)
    for shard in range(3):
        write_shard(tmp_path / "three", "a", f"{shard}", dict(list(videos.items())[::-1][shard::3]))
    write_shard(tmp_path / "three", "b", "0", {"v0": faces(50, 1)})
    one = read_video_vectors(tmp_path / "one", [("a", "0"), ("drawn", "0")], LIMIT)
    three = read_video_vectors(tmp_path / "three", [("a", f"{shard}") for shard in (2, 0, 1)], LIMIT)
    assert one.names == three.names == sorted(("a", video) for video, crops in videos.items() if len(crops))
    for name in ("means", "crops", "owners"):
        assert np.array_equal(getattr(one, name), getattr(three, name)), name
    position = one.names.index(("a", "v3"))
    assert one.crops[one.owners == position] / SCALE == pytest.approx(videos["v3"], abs=1 / SCALE)
    both = read_video_vectors(tmp_path / "three", [("b", "0"), *[("a", f"{s}") for s in range(3)]], LIMIT)
    assert both.names == [*one.names, ("b", "v0")]


def test_a_table_that_does_not_fit_its_array_is_an_error(tmp_path):
    write_shard(tmp_path, "a", "0", {"v": faces(1, 3)})
    np.save(tmp_path / "a/0.npy", faces(1, 2))
    with pytest.raises(UserError, match=r"a/0\.csv doesn't fit 0\.npy; delete both"):
        read_video_vectors(tmp_path, [("a", "0")], LIMIT)


def test_without_shards_there_are_no_faces(tmp_path):
    assert read_video_vectors(tmp_path, [], LIMIT).names == []
