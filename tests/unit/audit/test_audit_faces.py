"""People by their faces: planted people are found across splits, and each image with one near it is told."""

import zipfile
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.dataset import audit as audit_program
from made.dataset import good_rows, names, result, write

from deepfake.audit.checks import audit
from deepfake.audit.evidence import Evidence
from deepfake.audit.face_numbers import face_numbers
from deepfake.audit.faces import compare_faces, describe_pairs, worst_pairs
from deepfake.extraction import images
from deepfake.people.neighbours import distances, whole_numbers
from deepfake.people.strangers import share_within
from deepfake.tables import CLASSES, SPLITS

CFG = {"by": "both", "link": 0.36, "fail": 0.3}
FAMILIES = {"c": "fam"}


def planted(people: list[int], seed: int = 0, noise: float = 0.1) -> np.ndarray:
    """Return a unit vector for each of `people`, (n, 64): equal numbers give vectors about `noise` apart."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(people) + 1, 64))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    vectors = centres[people] + rng.normal(size=(len(people), 64)) * noise / np.sqrt(2 * 64)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def table(splits: list[str], label: str = "0") -> pd.DataFrame:
    """Return rows of metadata.csv, one image a video, without any name."""
    rows = [
        {"file_name": f"{split}/real/v{n}.jpg", "corpus": "c", "video": f"v{n}", "split": split}
        for n, split in enumerate(splits)
    ]
    return pd.DataFrame(rows).assign(label=label, target="", source="", original="", group="")


def compare(rows: pd.DataFrame, vectors: np.ndarray, different: list | None = None):
    return compare_faces(rows, np.arange(len(rows)), vectors, CFG, different or [], FAMILIES)


def test_a_planted_person_is_told_with_the_line_to_paste():
    rows = table(["train", "train", "val", "test", "test"])
    faces = compare(rows, planted([0, 1, 2, 1, 3]))
    (line,) = describe_pairs(faces, rows)
    assert line.startswith("test/real/v3.jpg looks like train/real/v1.jpg (distance 0.096")
    assert "Write c/v3,c/v1 in same_identity" in line
    assert faces.people["test"] == {"images": 2, "images_in_train": 1, "people": 2, "people_in_train": 1}
    numbers = face_numbers(faces, rows)
    train = next(n for n in numbers["nearest"] if (n["split"], n["other"]) == ("test", "train"))
    assert train["within_fail"] == train["reals_within_fail"] == 0.5 and train["images"] == 2
    assert numbers["pairs"][0]["videos"] == ["c/v3", "c/v1"] and len(numbers["pairs"]) > 1


def test_people_known_to_be_different_are_not_compared():
    rows = table(["train", "train", "test"])
    vectors = planted([0, 0, 0])
    near = compare(rows, vectors).nearest["near"].item()
    faces = compare(rows, vectors, [("c/v2", f"c/v{near}")])
    assert faces.nearest["near"].item() == 1 - near  # the next one is
    assert len(compare(rows, vectors, [("c/v0", "c/v2"), ("c/v2", "c/v1")]).nearest) == 0
    named = rows.assign(target=["fam/a", "", "fam/b"])
    assert compare(named, vectors, [("c/a", "c/b")]).nearest["near"].item() == 1


@given(
    people=st.lists(st.integers(0, 6), min_size=1, max_size=30),
    seed=st.integers(0, 10),
    splits=st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_every_image_with_a_near_one_in_another_split_is_counted(people, seed, splits):
    rows = table([splits.choice(SPLITS) for _ in people])
    whole = whole_numbers(planted(people, seed, noise=0.3))
    faces = compare(rows, planted(people, seed, noise=0.3))
    apart = distances(whole @ whole.T)
    expected = {
        (row, other): apart[row, (rows["split"] == other).to_numpy()].min()
        for row, split in enumerate(rows["split"])
        for other in SPLITS[: SPLITS.index(split)]
        if (rows["split"] == other).any()
    }
    found = {
        (row, other): distance for _, other, row, _, distance, _ in faces.nearest.itertuples(index=False)
    }
    assert found == pytest.approx(expected)
    told = worst_pairs(faces, rows, faces.fail)
    assert told["images"].sum() == sum(distance <= faces.fail for distance in expected.values())


def test_an_odd_frame_that_looks_like_somebody_else_is_no_finding():
    rows = table(["train"] * 4 + ["test"] * 4).assign(video=["v0"] * 4 + ["v1"] * 4)
    vectors = planted([0, 0, 0, 0, 1, 1, 1, 0])
    faces = compare(rows, vectors)
    assert (faces.nearest["distance"] <= CFG["fail"]).sum() == 1
    assert not list(describe_pairs(faces, rows))
    assert len(list(describe_pairs(compare(rows, planted([0] * 8)), rows))) == 1


@pytest.mark.parametrize(
    "policy, status", [("identity", "failed"), ("group", "warned"), ("official", "warned")]
)
def test_the_check_of_people_fails_or_warns_by_faces(policy, status):
    rows = pd.DataFrame(good_rows()).drop(columns="pixels").assign(target="", source="", sha256="", phash="")
    rows["file_name"] = [f"{row.folder}/{n}.jpg" for n, row in enumerate(rows.itertuples())]
    people = [int(video.rpartition("_")[2]) for video in rows["video"]]
    cfg = {"policy": policy, "people": CFG, "families": {"one": "fam", "two": "other"}, "duplicates": None}
    cfg |= {"splits": {"train": 1}, "test_only": [], "balance": "none", "size_mb": None}

    def result(people, known):
        vectors = planted(people)[:known]
        faces = compare_faces(rows, np.arange(known), vectors, CFG, [], cfg["families"])
        evidence = Evidence(cfg, rows, {}, {}, [], [], [], None, faces)
        return next(r for r in audit(evidence) if r.name == "people")

    good = result(people, len(rows))
    assert good.status == "passed" and good.known == len(rows)
    assert (
        "may be no nearer than 0.3, nor the means of their videos. Known by faces for 40 of 40 images."
        in good.text
    )
    assert result(people, 0).status == "unknown"  # neither a name nor a face
    leak = result([0 if person == 9 else person for person in people], len(rows))
    assert leak.status == status
    assert 2 <= len(leak.findings) <= 4  # each of its two videos with one or two of the other's


def lfw_faces(data: Path) -> list[dict]:
    """Return three photos of each of nine people of LFW, cut to about their faces."""
    with zipfile.ZipFile(data / "lfw.zip") as photos:
        listed = sorted(name for name in photos.namelist() if name.endswith(".jpg"))
        people = [list(photos_of) for _, photos_of in groupby(listed, key=lambda name: name.split("/")[1])]
        people = [photos_of for photos_of in people if len(photos_of) > 2]
        rows = []
        for person, photos_of in enumerate(people[:9]):
            for photo in photos_of[:3]:
                pixels = images.decode(photos.read(photo))[55:195, 55:195]
                rows.append({"pixels": pixels, "person": person})
    return rows


def test_real_photos_of_one_person_in_two_splits_are_found(data, tmp_path):
    """Three people of each split; then one photo of a person of train is in test."""
    rows = []
    for number, photo in enumerate(lfw_faces(data)):
        split = SPLITS[photo["person"] // 3]
        kind = CLASSES[str(photo["person"] % 2)]
        row = {"corpus": "one", "video": f"v{number}", "frame": 0, "label": str(photo["person"] % 2)}
        row |= {"split": split, "folder": f"{split}/{kind}", "method": "", "target": "", "source": ""}
        rows.append(row | {"original": f"fam/v{number}", "group": "", "pixels": photo["pixels"]})
    cfg = {"people": CFG, "test_only": [], "balance": "none", "stratify": [], "size_mb": None}
    good = audit_program(write(tmp_path / "good/d", rows), cfg)
    assert result(good, "people")["status"] == "passed" and result(good, "people")["known"] == 27
    assert good["faces"]["people"]["test"]["people_in_train"] == 0
    rows[0] |= {"split": "test", "folder": "test/real"}
    again = [
        audit_program(write(tmp_path / name / "d", rows), cfg, code=1, threads=n)
        for name, n in (("a", 1), ("b", 2))
    ]
    assert again[0] == again[1] and names(again[0], "failed") == {"people"}
    assert (tmp_path / "a/audit.html").read_bytes() == (tmp_path / "b/audit.html").read_bytes()
    assert again[0]["faces"]["pairs"][0]["videos"][0] == "one/v0"
    assert (tmp_path / "a/audit.html").read_text().count("data:image/jpeg") >= 2


def test_look_alikes_by_chance_are_told_beside_those_found():
    rows = table(["train"] * 50 + ["test"])
    vectors = planted(list(range(51)))
    faces = compare_faces(rows, np.arange(51), vectors, CFG, [], FAMILIES, strangers=0.01)
    (numbers,) = face_numbers(faces, rows)["nearest"]
    assert numbers["within_fail_by_chance"] == pytest.approx(1 - 0.99**50, abs=1e-4)
    assert face_numbers(compare(rows, vectors), rows)["nearest"][0]["within_fail_by_chance"] is None
    assert share_within(0.3) == pytest.approx(9.1e-6) and share_within(0.36) < share_within(
        0.37
    ) < share_within(0.38)
