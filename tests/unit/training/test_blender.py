"""Batches with self-blended fakes: which images change, their labels, and whose faces are taken."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made.decoded import MODEL

from deepfake.training.blend_sources import NEIGHBOURS, find_sources
from deepfake.training.blender import Blender
from deepfake.training.data import Batch
from deepfake.training.face_hulls import FIVE

pytestmark = pytest.mark.usefixtures("one_thread")

SIZE = 32


class InMemory:
    """Images of noise as data.Images gives them; every other one is fake."""

    def __init__(self, labels: list[int]):
        generator = torch.Generator().manual_seed(1)
        self.pixels = torch.randint(
            40, 200, (len(labels), 3, SIZE, SIZE), dtype=torch.uint8, generator=generator
        )
        self.labels = torch.tensor(labels, dtype=torch.float32)
        names = [f"p{n}" for n in range(len(labels))]
        self.rows = pd.DataFrame(
            {"label": labels, "corpus": "made", "video": names, "target": names, "group": ""}
        )
        self.asked = []

    def __getitems__(self, items: list[int]) -> Batch:
        self.asked += items
        chosen = torch.tensor(items)
        return Batch(self.pixels[chosen], self.labels[chosen], chosen)


def faces(count: int) -> np.ndarray:
    """Landmarks of faces that differ a little, float32 (count, 5, 2)."""
    rng = np.random.default_rng(2)
    return (np.array(FIVE) + rng.normal(0, 0.01, (count, 5, 2))).astype(np.float32)


def blended(labels: list[int], **model) -> tuple[torch.Tensor, torch.Tensor, InMemory]:
    images = InMemory(labels)
    landmarks = faces(len(labels)) if model.get("self_blend_landmarks") else None
    blend = Blender(MODEL | model, images, landmarks)
    items = torch.arange(len(labels))
    before = images.pixels.clone()
    result = blend(images.pixels, images.labels, items)
    assert torch.equal(images.pixels, before) and images.labels.tolist() == labels
    return *result, images


@settings(max_examples=25, deadline=None)
@given(labels=st.lists(st.sampled_from([0, 1]), min_size=1, max_size=10), share=st.floats(0.01, 1))
def test_only_reals_become_fakes_and_only_they_change(labels, share):
    result, after, images = blended(labels, self_blend=share)
    turned = after != images.labels
    assert after.dtype == torch.float32
    assert (after[turned] == 1).all() and (images.labels[turned] == 0).all()
    assert torch.equal((result != images.pixels).flatten(1).any(1), turned)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_the_share_of_reals_that_become_fakes(share):
    labels = [0, 1] * 300
    _, after, _ = blended(labels, self_blend=share)
    assert after[1::2].all()
    assert after[::2].mean() == pytest.approx(share, abs=0.08 if share < 1 else 0)


def test_without_fakes_each_real_image_stands_beside_its_blend():
    result, labels, images = blended([0] * 12, self_blend=1, fakes=False)
    assert labels.tolist() == [0] * 12 + [1] * 12
    assert torch.equal(result[:12], images.pixels)
    assert (result[12:] != images.pixels).flatten(1).any(1).all()
    assert (result[12:] == images.pixels).double().mean() > 0.2  # each is of the image at its place


@pytest.mark.parametrize("source", ["self", "neighbour"])
def test_the_seed_decides_the_result(source):
    results = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        model = {"self_blend": 0.5, "self_blend_landmarks": "five", "self_blend_source": source}
        results.append(blended([0, 1, 0, 0, 0, 0], **model))
    assert all(torch.equal(a, b) for a, b in zip(results[0][:2], results[1][:2], strict=True))
    assert not torch.equal(results[0][0], results[2][0])
    assert bool(results[0][2].asked) == (source == "neighbour")


def rows_of(people: list[str], labels: list[int] | None = None) -> pd.DataFrame:
    names = [f"v{n}" for n in range(len(people))]
    rows = pd.DataFrame({"label": labels or [0] * len(people), "corpus": "made", "video": names})
    return rows.assign(target=people, group="")


@settings(max_examples=40, deadline=None)
@given(
    people=st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=1, max_size=30),
    column=st.sampled_from(["target", "group", "video", "people"]),
    data=st.data(),
)
def test_a_source_is_real_has_landmarks_and_is_not_known_to_be_the_same_person(people, column, data):
    count = len(people)
    labels = data.draw(st.lists(st.sampled_from([0, 1]), min_size=count, max_size=count))
    lost = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    rows, landmarks = rows_of([""] * count, labels), faces(count)
    landmarks[lost] = np.nan
    seen = None
    if column == "people":
        seen = np.array(people, object)
    else:
        rows[column] = people
    sources = find_sources(landmarks, rows, seen, seed=1)
    assert sources.shape == (count, NEIGHBOURS)
    for number, row in enumerate(sources):
        found = row[row >= 0]
        usable = [
            other for other in range(count)
            if not labels[other] and not lost[other] and other != number
            and (people[other] == "" and column != "video" or people[other] != people[number])
        ]  # fmt: skip
        if labels[number] or lost[number]:
            usable = []
        assert len(set(found)) == len(found) == min(len(usable), NEIGHBOURS)
        assert set(found) <= set(usable)


def test_the_nearest_landmarks_come_first_whatever_place_size_and_rotation():
    landmarks = faces(30)
    twin = (landmarks[7] - 0.5) @ np.array([[0.0, 0.6], [-0.6, 0.0]]) + 0.3
    landmarks = np.concatenate([landmarks, twin[None]]).astype(np.float32)
    sources = find_sources(landmarks, rows_of([""] * 31), None, seed=1)
    assert sources[7, 0] == 30 and sources[30, 0] == 7
