"""croissant.json, read by MLCommons' own library, without errors and with all images."""

import hashlib
import json

import mlcroissant
import numpy as np
import pandas as pd
import pytest

from deepfake import tables
from deepfake.dataset.terms import landmark_terms
from deepfake.dataset.write import write_metadata
from deepfake.extraction import images

CFG = {"corpora": ["ff", "own"], "images": "faces", "families": {"ff": "ffpp", "own": "own"}}
NO_DATE = "https://schema.org/datePublished"  # a dataset in a folder was not published


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a dataset of jpg and png files in three splits, and its rows."""
    folder = tmp_path_factory.mktemp("croissant") / "d"
    rows = []
    for number, split in enumerate(["train"] * 6 + ["val"] * 2 + ["test"] * 2):
        corpus, label = ("ff", "own")[number % 3 == 0], number % 2
        ending = "png" if corpus == "own" else "jpg"
        name = f"{split}/{('real', 'fake')[label]}/{corpus}__vidéo_{number}__000000.{ending}"
        pixels = np.full((20, 24, 3), 20 * number, np.uint8)
        data = images.encode(pixels, ending, 95)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        row = {"file_name": name, "corpus": corpus, "video": f"vidéo_{number}", "label": str(label)}
        row |= {"split": split, "frame": 3 * number, "method": "Face2Face" if label else ""}
        row["attributes"] = json.dumps({"hair colour/style": f"kind {number}"})
        rows.append({**row, **images.image_columns(data)})
    kept = pd.DataFrame(rows).reindex(columns=tables.PLAN).fillna("")
    write_metadata(folder, "d", kept, CFG, {})
    return folder, kept.set_index("file_name")


def test_the_only_warning_is_that_of_the_missing_date(made):
    issues = mlcroissant.Dataset(made[0] / "croissant.json").metadata.ctx.issues
    assert not issues.errors
    assert len(issues.warnings) == 1 and NO_DATE in next(iter(issues.warnings))


def test_its_records_are_the_images_with_their_rows(made):
    folder, kept = made
    records = list(mlcroissant.Dataset(folder / "croissant.json").records("images"))
    assert {r["images/file_name"].decode() for r in records} == set(kept.index)
    for record in records:
        name = record["images/file_name"].decode()
        row = kept.loc[name]
        pixels = np.asarray(record["images/image"])[..., ::-1]
        assert np.abs(pixels.astype(int) - images.decode((folder / name).read_bytes())).max() <= 2
        assert record["images/label"] == int(row["label"]) and record["images/frame"] == row["frame"]
        for key in ("split", "corpus", "video", "sha256"):
            assert record[f"images/{key}"].decode() == row[key]
        attribute = json.loads(row["attributes"])["hair colour/style"]
        assert record["images/hair%20colour%2Fstyle"].decode() == attribute


def test_it_describes_splits_and_labels(made):
    dataset = mlcroissant.Dataset(made[0] / "croissant.json")
    splits = {r["splits/name"]: r["splits/url"] for r in dataset.records("splits")}
    assert splits == {"train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "test": "cr:TestSplit"}
    assert {r["labels/label"]: r["labels/name"] for r in dataset.records("labels")} == {0: "real", 1: "fake"}


def test_it_describes_the_dataset(made):
    folder, kept = made
    description = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    table = next(part for part in description["distribution"] if part["@id"] == "metadata.csv")
    assert table["sha256"] == hashlib.sha256((folder / "metadata.csv").read_bytes()).hexdigest()
    text = description["description"]
    assert f"{len(kept)} images" in text and "of 10 videos from ff, own" in text
    for (split, label), part in kept.groupby(["split", "label"]):
        assert f"{split}: {len(part)} {('real', 'fake')[int(label)]}" in text
    assert (
        "Rössler" in description["citeAs"]
        and "belong to those who made the corpora" in description["license"]
    )


def test_a_dataset_of_one_split_and_format_names_no_other(made, tmp_path):
    kept = made[1].reset_index()
    part = kept[kept["file_name"].str.startswith("train") & (kept["corpus"] == "ff")]
    steps = {"own": {"faces": {"landmarks": 68}}}
    write_metadata(tmp_path, "small", part, {**CFG, "corpora": ["own"]}, steps)
    description = json.loads((tmp_path / "croissant.json").read_text())
    assert description["distribution"][1]["includes"] == ["*/*/*.jpg"]
    assert [row["splits/name"] for row in description["recordSet"][0]["data"]] == ["train"]
    assert description["citeAs"] == "small, made of own"
    assert description["license"].endswith(
        "See README.md. " + landmark_terms({**CFG, "corpora": ["own"]}, steps)
    )
