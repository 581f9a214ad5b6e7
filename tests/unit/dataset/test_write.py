"""Writing a dataset: images, metadata, checksums and contact sheet; or an error and no folder."""

import csv
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from made.planned import make_dataset, make_tree, write_dataset

from deepfake.audit.files import read_files
from deepfake.audit.verify import check_dataset, list_dataset
from deepfake.dataset import contact_sheet
from deepfake.dataset.metadata import attribute_texts, metadata_table
from deepfake.dataset.read import read_metadata
from deepfake.extraction.images import encode
from deepfake.extraction.tars import new_tar, read_tar
from deepfake.tables import METADATA


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    """Return the dataset's folder and its plan."""
    return make_dataset(tmp_path_factory.mktemp("results"))


def test_the_folder_has_the_planned_images_and_nothing_else(made):
    folder, plan = made
    kept = plan[plan["file_name"] != ""]
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    descriptions = {"metadata.csv", "croissant.json", "README.md", "SHA256SUMS", "contact_sheet.png"}
    assert files == set(kept["file_name"]) | descriptions
    assert {name.rpartition("/")[0] for name in kept["file_name"]} == {
        f"{split}/{label}" for split in ("train", "val") for label in ("real", "fake")
    }
    for row in kept.itertuples():
        assert hashlib.sha256((folder / row.file_name).read_bytes()).hexdigest() == row.sha256
        corpus, video, frame = row.file_name.split("/")[-1].split(".")[0].split("__")
        assert (corpus, video, int(frame)) == (row.corpus, row.video, row.frame)


def test_sha256sum_accepts_every_file(made):
    folder, _ = made
    program = ["sha256sum"] if shutil.which("sha256sum") else ["shasum", "-a", "256"]  # macOS
    done = subprocess.run([*program, "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == sum(path.is_file() for path in folder.rglob("*")) - 1


def test_masks_lie_in_a_folder_of_their_own_and_are_checked(tmp_path):
    plan, mask = make_tree(tmp_path, {"a": "jpg"}), encode(np.full((32, 32), 255, np.uint8), "png", 0)
    fakes = (plan["label"] == "1") & (plan["frame"] == 0)
    plan.loc[fakes, "mask"] = plan["image"].str.replace(".jpg", ".mask.png")
    plan.loc[fakes, "mask_sha256"] = hashlib.sha256(mask).hexdigest()
    plan.to_csv(tmp_path / "plans/d.csv", index=False)
    for tar in (tmp_path / "faces/a").iterdir():
        stored = list(read_tar(tar))
        with new_tar(tar) as add:
            for name, data in stored:
                add(name, data)
                if name.replace(".jpg", ".mask.png") in set(plan["mask"]):
                    add(name.replace(".jpg", ".mask.png"), mask)
    assert write_dataset(tmp_path).returncode == 0
    table = read_metadata(tmp_path / "d")
    assert list(table)[len(METADATA)] == "mask"
    expected = "masks/" + table["split"] + "/" + table["file_name"].str.extract(r"([^/]+)\.jpg")[0] + ".png"
    has_mask = (table["label"] == "1") & (table["frame"] == "0")
    assert list(table["mask"]) == list(expected.where(has_mask, "")) and has_mask.sum() == 6
    files = sorted(path.relative_to(tmp_path / "d").as_posix() for path in (tmp_path / "d").glob("masks/*/*"))
    assert files == sorted(set(table["mask"]) - {""})
    assert all((tmp_path / "d" / name).read_bytes() == mask for name in files)

    def faults() -> list[str]:
        dataset = list_dataset(tmp_path / "d")
        return [
            fault.line
            for fault in check_dataset(dataset, read_files(dataset.folder, dataset.names, [])).faults
        ]

    phashes = faults()  # read_files decodes no image here
    (tmp_path / "d" / files[0]).write_bytes(b"changed")
    (tmp_path / "d" / files[1]).unlink()
    (tmp_path / "d/masks/train/other.png").write_bytes(mask)
    found = "\n".join(line for line in faults() if line not in phashes)
    assert f"{files[0]}: its SHA-256 is not that of SHA256SUMS" in found
    assert f"{files[1]}: a row, but no such file" in found
    assert "masks/train/other.png: a file, but no row in metadata.csv" in found


def test_metadata_names_every_image_first(made):
    folder, plan = made
    with open(folder / "metadata.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:2] == ["file_name", "label"]
    assert [row["file_name"] for row in rows] == sorted(name for name in plan["file_name"] if name)
    assert all((row["label"] == "0") == ("/real/" in row["file_name"]) for row in rows)
    assert {"corpus", "video", "frame", "method", "original", "group", "split", "sha256"} <= set(rows[0])
    assert {row["method"] for row in rows} == {"", 'a|b, "c"'}


def test_metadata_has_a_column_for_each_attribute_after_the_common_ones(made):
    table = pd.read_csv(made[0] / "metadata.csv", dtype=str, keep_default_na=False)
    assert list(table)[:13] == METADATA
    assert list(table)[13:] == ["age", "attribute_split", "hair colour", "sex"]
    attributes = table[table["corpus"] == "b"].set_index("video")[
        ["age", "attribute_split", "hair colour", "sex"]
    ]
    assert set(attributes.loc[["v_4é"]].itertuples(index=False, name=None)) == {("12", "odd", "", "f")}
    assert set(attributes.loc[["v_5é"]].itertuples(index=False, name=None)) == {("", "", "grün", "")}
    assert set(table.loc[table["corpus"] == "a", "sex"]) == {""}


def test_attributes_are_read_as_they_were_planned(made):
    rows = read_metadata(made[0])
    planned = (
        made[1][made[1]["file_name"] != ""]
        .set_index("file_name")["attributes"]
        .fillna("")
        .reindex(rows["file_name"])
    )
    found = [json.loads(text or "{}") for text in attribute_texts(rows)]
    wanted = [json.loads(text or "{}") for text in planned]
    renamed = [
        {"attribute_split" if key == "split" else key: v for key, v in one.items() if v} for one in wanted
    ]
    assert found == renamed and any(found) and not all(found)


def test_attributes_may_be_absent(made):
    assert set(attribute_texts(metadata_table(made[1].drop(columns="attributes")))) == {""}
    assert list(metadata_table(made[1].drop(columns="attributes"))) == METADATA


def test_the_contact_sheet_shows_both_classes(made):
    folder, _ = made
    sheet = cv2.imread(str(folder / "contact_sheet.png"))
    step = contact_sheet.TILE + contact_sheet.GAP
    assert sheet.shape[1] == contact_sheet.COLUMNS * step + contact_sheet.GAP
    rows = sheet.shape[0] // step
    assert rows >= 4 and sheet.std() > 20


def test_the_same_plan_gives_the_same_bytes_and_replaces_what_was_there(tmp_path, made):
    make_tree(tmp_path)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "old").touch()
    assert write_dataset(tmp_path).returncode == 0
    assert (tmp_path / "d/SHA256SUMS").read_bytes() == (made[0] / "SHA256SUMS").read_bytes()
    assert not (tmp_path / "d/old").exists()


def empty(tar: Path) -> None:
    with new_tar(tar):
        pass


def break_image(tar: Path) -> None:
    tar.write_bytes(tar.read_bytes().replace(b"IHDR", b"IHDX"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_image, "is not what its table says"),
        (lambda tar: tar.write_bytes(tar.read_bytes()[:700]), "b/1.tar: can't be read"),
        (lambda tar: tar.write_bytes(b"no tar" * 200), "b/1.tar: can't be read"),
        (Path.unlink, "b/1.tar: can't be read"),
        (empty, "images such as v_11é/0000"),
    ],
    ids=["altered", "cut short", "another file", "absent", "empty"],
)
def test_a_tar_that_differs_from_the_plan_gives_an_error_and_no_folder(tmp_path, damage, message):
    make_tree(tmp_path)
    damage(tmp_path / "faces/b/1.tar")
    done = write_dataset(tmp_path)
    assert done.returncode == 1
    assert message in done.stderr and "run again" in done.stderr and "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"faces", "plans"}


def test_png_files_keep_their_extension(tmp_path):
    plan = make_tree(tmp_path, {"a": "png", "b": "png"})
    assert write_dataset(tmp_path).returncode == 0
    assert {name[-4:] for name in plan["file_name"] if name} == {".png"}
    assert len(list((tmp_path / "d").glob("*/*/*.png"))) == (plan["file_name"] != "").sum()
