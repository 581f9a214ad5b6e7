"""Exports of a dataset: each is read by the software that it is for; or there is an error and no folder."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import cv2
import huggingface_hub
import numpy as np
import pandas as pd
import pytest
import webdataset
import yaml
from made.exports import CFG, ROOT, export, make_dataset
from made.layout_rows import read
from pyarrow.parquet import ParquetFile

from deepfake import tables
from deepfake.dataset.write import write_metadata
from deepfake.exports import EXPORTS, parquet
from deepfake.extraction import images

PHASES = {"train": "train", "val": "validate", "test": "test"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a dataset's folder, its rows by file name, and a folder with every export."""
    top = tmp_path_factory.mktemp("exports")
    make_dataset(top / "d")
    for form in EXPORTS:
        done = export(top / "d", form, top / form)
        assert done.returncode == 0, done.stderr
    rows = {row["file_name"]: row for row in tables.read_rows(top / "d/metadata.csv")}
    return top / "d", rows, top


def with_integers(row: dict) -> dict:
    """Return a row with `label` and `frame` as integers."""
    return {key: int(value) if key in ("label", "frame") else value for key, value in row.items()}


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_webdataset_reads_every_sample_once(made):
    dataset, rows, top = made
    found = {}
    for split in PHASES:
        tars = sorted(map(str, (top / "webdataset").glob(f"{split}-*.tar")))
        assert len(tars) > 1 and tars[0].endswith("-000000.tar")
        for sample in webdataset.WebDataset(tars, shardshuffle=False, empty_check=False):
            row = json.loads(sample["json"])
            assert row["split"] == split and row == with_integers(rows[row["file_name"]])
            assert sample["cls"] == rows[row["file_name"]]["label"].encode()
            assert sample[row["file_name"][-3:]] == (dataset / row["file_name"]).read_bytes()
            found[sample["__key__"]] = row["file_name"]
    assert sorted(found.values()) == sorted(rows) and not any("." in key for key in found)


def test_webdataset_shards_have_a_limited_size_and_are_counted(made):
    _, rows, top = made
    sizes = json.loads((top / "webdataset/sizes.json").read_text())
    assert set(sizes) == {path.name for path in (top / "webdataset").glob("*.tar")}
    assert sum(sizes.values()) == len(rows)
    for name, count in sizes.items():
        with tarfile.open(top / "webdataset" / name) as tar:
            sizes_in_bytes = [m.size for m in tar if m.name.endswith(("jpg", "png"))]
            assert len(sizes_in_bytes) == count and (sum(sizes_in_bytes) <= 10_000 or count == 1)
            assert all(m.mtime == 0 for m in tar)


def test_webdataset_mixes_the_classes(made, tmp_path):
    assert export(made[0], "webdataset", tmp_path / "o", shard_mb=200).returncode == 0
    assert set(json.loads((tmp_path / "o/sizes.json").read_text())) == {f"{s}-000000.tar" for s in PHASES}
    with tarfile.open(tmp_path / "o/train-000000.tar") as tar:
        labels = [tar.extractfile(m).read() for m in tar if m.name.endswith(".cls")]
    changes = sum(a != b for a, b in zip(labels, labels[1:], strict=False))
    assert changes > len(labels) // 5


def test_labels_lists_every_image_under_an_anonymous_name(made):
    dataset, rows, top = made
    with open(top / "labels/names.csv", newline="", encoding="utf-8") as file:
        names = {row["name"]: row["file_name"] for row in csv.DictReader(file)}
    assert sorted(names.values()) == sorted(rows), "two images have the same new name"
    listed = {}
    for split, phase in PHASES.items():
        lines = (top / f"labels/{phase}_label.txt").read_text().splitlines()
        assert lines == sorted(lines)
        labels = dict(line.split(" ") for line in lines)
        assert set(labels) == {path.name for path in (top / "labels" / phase).iterdir()}
        assert all(rows[names[name]]["split"] == split for name in labels)
        listed |= labels
    for name, label in listed.items():
        assert re.fullmatch(r"[0-9a-f]{32}\.jpg", name) and label == rows[names[name]]["label"]
    for name, original in names.items():
        small = cv2.imread(str(top / "labels" / PHASES[rows[original]["split"]] / name))
        whole = images.decode((dataset / original).read_bytes())
        assert small.shape == (112, 112, 3)
        expected = cv2.resize(whole, (112, 112), interpolation=cv2.INTER_AREA)
        assert np.abs(small.astype(int) - expected).mean() < 3


def test_the_layout_labels_reads_the_export(made, tmp_path):
    _, rows, top = made
    cfg = {"layout": "labels", "max_videos": None, "columns": None, "seed": 1, "shard_size": 64}
    cfg |= {"limits": {"members": 1e6, "member_gb": 1, "total_gb": 1, "ratio": 200}, "frames": None}
    command = [sys.executable, ROOT / "scripts/index.py", "--corpus", "back", "--config", json.dumps(cfg)]
    done = subprocess.run(
        [*command, "--sources", top / "labels", "--output", tmp_path / "i"], capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    back = [row for row in tables.read_rows(tmp_path / "i/videos.csv") if not row["reason"]]
    assert Counter((row["split"], row["label"]) for row in back) == Counter(
        (row["split"], row["label"]) for row in rows.values()
    )


def test_dfd_names_every_image_and_its_report_has_all_of_them(made):
    dataset, rows, top = made
    report = json.loads((top / "dfd/extraction_report.json").read_text(encoding="utf-8"))
    written = {name for name in files_of(top / "dfd") if name not in ("extraction_report.json", "SHA256SUMS")}
    assert set(report["files"]) == written
    assert sorted(entry["file_name"] for entry in report["files"].values()) == sorted(rows)
    numbers = {}
    for name, entry in report["files"].items():
        match = re.fullmatch(r"(ai|real)/\1_(.+)_([0-9a-f]{8})_frame_(\d\d)\.jpg", name)
        row = rows[entry["file_name"]]
        assert (match[1] == "ai") == (row["label"] == "1") and match[2] == row["video"]
        assert entry == {
            key: with_integers(row)[key] for key in ("file_name", "split", "corpus", "video", "frame")
        }
        video = (row["corpus"], row["video"], match[3])
        numbers.setdefault(video, []).append((int(match[4]), entry["frame"]))
        data, source = (top / "dfd" / name).read_bytes(), (dataset / row["file_name"]).read_bytes()
        assert images.image_format(data) == "jpg" and (data == source or images.image_format(source) == "png")
    assert len(numbers) == len({key[2] for key in numbers}) == 24
    for pairs in numbers.values():
        assert [n for n, _ in sorted(pairs)] == list(range(1, len(pairs) + 1))
        assert [f for _, f in sorted(pairs)] == sorted(f for _, f in pairs)


def test_dfd_report_counts(made):
    _, rows, top = made
    report = json.loads((top / "dfd/extraction_report.json").read_text(encoding="utf-8"))
    for category, label in (("ai", "1"), ("real", "0")):
        counts = report["categories"][category]
        sizes = [path.stat().st_size for path in (top / "dfd" / category).iterdir()]
        assert counts["files"] == len(sizes) == sum(row["label"] == label for row in rows.values())
        assert counts["bytes"] == sum(sizes) and counts["videos"] == 12
    assert report["total_files"] == len(rows) == sum(report["image_sizes"].values())
    assert report["formats_read"] == Counter(name[-3:] for name in rows)
    assert report["splits"]["val"]["ai"] == sum("val/fake" in name for name in rows)


def test_dfd_numbers_grow_wider_with_the_video(tmp_path):
    data = images.encode(np.zeros((8, 8, 3), np.uint8), "jpg", 90)
    rows = [
        {"file_name": f"train/real/a__v__{frame:06d}.jpg", "corpus": "a", "video": "v", "label": "0"}
        | {"split": "train", "frame": frame, "sha256": hashlib.sha256(data).hexdigest()}
        for frame in range(120)
    ]
    (tmp_path / "d/train/real").mkdir(parents=True)
    for row in rows:
        (tmp_path / "d" / row["file_name"]).write_bytes(data)
    write_metadata(tmp_path / "d", "d", pd.DataFrame(rows).reindex(columns=tables.PLAN).fillna(""), CFG, {})
    assert export(tmp_path / "d", "dfd", tmp_path / "o").returncode == 0
    names = sorted(path.name for path in (tmp_path / "o/real").iterdir())
    assert names[0].endswith("_frame_001.jpg") and names[-1].endswith("_frame_120.jpg")


@pytest.fixture(scope="module")
def loaded(made, tmp_path_factory):
    """Return the parquet export as `datasets` loads it offline, in a process with its own environment."""
    cache = tmp_path_factory.mktemp("hf")
    program = """
import json, sys, datasets
found = {}
for split, table in datasets.load_dataset(sys.argv[1]).items():
    features = {name: repr(kind) for name, kind in table.features.items()}
    size = table[0]["image"].size
    rows = table.cast_column("image", datasets.Image(decode=False)).to_list()
    rows = [{**row, "image": [row["image"]["bytes"].hex(), row["image"]["path"]]} for row in rows]
    found[split] = {"features": features, "size": size, "rows": rows}
json.dump(found, sys.stdout)
"""
    settings = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(cache), "HF_DATASETS_CACHE": str(cache / "d")}
    done = subprocess.run(
        [sys.executable, "-c", program, made[2] / "parquet"], env=os.environ | settings, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_parquet_loads_as_images_and_classes_with_all_metadata(made, loaded):
    dataset, rows, _ = made
    assert list(loaded) == ["train", "validation", "test"]
    back = {}
    for split, table in loaded.items():
        assert table["features"]["image"].startswith("Image(")
        assert table["features"]["label"] == "ClassLabel(names=['real', 'fake'])"
        assert table["size"][0] == 40
        for row in table["rows"]:
            data, path = row.pop("image")
            assert bytes.fromhex(data) == (dataset / row["file_name"]).read_bytes()
            assert path == Path(row["file_name"]).name
            assert row["split"] == {"validation": "val"}.get(split, split)
            back[row["file_name"]] = row
    assert back == {name: with_integers(row) for name, row in rows.items()}


def test_parquet_files_are_numbered_and_small_enough(made):
    files = sorted((made[2] / "parquet/data").iterdir())
    for split in ("train", "validation", "test"):
        of_split = [path.name for path in files if path.name.startswith(f"{split}-")]
        count = len(of_split)
        assert count > 1
        assert of_split == [f"{split}-{n:05d}-of-{count:05d}.parquet" for n in range(count)]


def test_the_hub_reads_the_card_of_parquet(made):
    card = huggingface_hub.DatasetCard.load(made[2] / "parquet/README.md")
    found = card.data.to_dict()
    assert (found["license"], found["license_name"]) == ("other", "terms-of-the-corpora")
    assert found["task_categories"] == ["image-classification"] and found["size_categories"] == ["n<1K"]
    files = {one["split"]: one["path"] for one in found["configs"][0]["data_files"]}
    assert files == {split: f"data/{split}-*" for split in ("train", "validation", "test")}
    features = {one["name"]: one["dtype"] for one in found["dataset_info"]["features"]}
    assert features["image"] == "image" and features["label"] == {
        "class_label": {"names": {"0": "real", "1": "fake"}}
    }
    assert "## Composition" in card.text
    names = {path.relative_to(made[2]).parts[1] for path in (made[2] / "parquet").rglob("*")}
    assert names == {"README.md", "SHA256SUMS", "data"}


def deepfakebench(output: Path, name: str) -> list[tuple]:
    """Return name of label, split, video and path of each image that the list of an export has."""
    found = json.loads((output / f"dataset_json/{name}.json").read_text(encoding="utf-8"))[name]
    assert all(set(splits) == set(PHASES) for splits in found.values())
    videos = [
        (v, s, n, r) for v, splits in found.items() for s, own in splits.items() for n, r in own.items()
    ]
    assert all(record["label"] == label for label, _, _, record in videos)
    return [(v, s, n, path) for v, s, n, record in videos for path in record["frames"]]


def test_deepfakebench_lists_every_image_where_its_loader_looks(made):
    dataset, rows, top = made
    listed = deepfakebench(top / "deepfakebench", "d")
    assert len(listed) == len({path for *_, path in listed}) == len(rows)
    config = yaml.safe_load((top / "deepfakebench/train_config.yaml").read_text(encoding="utf-8"))
    assert config["lmdb"] is False and set(config["label_dict"]) == {label for label, *_ in listed}
    by_place = {(row["corpus"] + "__" + row["video"], int(row["frame"])): row for row in rows.values()}
    for label, split, video, path in listed:
        assert re.fullmatch(rf"\./datasets/rgb/d/frames/{video}/[0-9]+\.png", path)
        row = by_place[video, int(path[-10:-4])]
        assert (row["split"], row["label"]) == (split, str(config["label_dict"][label]))
        pixels = cv2.imread(str(top / "deepfakebench" / path.removeprefix("./datasets/")))
        assert np.array_equal(pixels, images.decode((dataset / row["file_name"]).read_bytes()))


def test_the_layout_deepfakebench_reads_the_export(made):
    _, rows, top = made
    paths = files_of(top / "deepfakebench")
    text = paths.pop("dataset_json/d.json").decode()
    back = read("deepfakebench", list(paths), {"dataset_json/d.json": text})
    videos = {(r["corpus"] + "__" + r["video"], int(r["label"]), r["split"]) for r in rows.values()}
    assert {(row.entry.name, row.label, row.split) for row in back} == videos
    assert not any(row.problem for row in back) and {bool(r.method) for r in back if r.label} == {True}


def test_deepfakebench_has_masks_and_no_other_frames_in_its_paths(tmp_path):
    dataset = tmp_path / "d_frames"
    make_dataset(dataset)
    rows = tables.read_rows(dataset / "metadata.csv")
    masked = rows[-1] | {"mask": "masks/test/x.png"}
    tables.write_rows(dataset / "metadata.csv", [*rows[0], "mask"], [*rows[:-1], masked])
    mask = images.encode(np.full((9, 9, 3), 255, np.uint8), "png", 0)
    (dataset / "masks/test").mkdir(parents=True)
    (dataset / masked["mask"]).write_bytes(mask)
    with open(dataset / "SHA256SUMS", "a") as sums:
        sums.write(f"{hashlib.sha256(mask).hexdigest()}  {masked['mask']}\n")
    assert export(dataset, "deepfakebench", tmp_path / "o").returncode == 0
    paths = [path for *_, path in deepfakebench(tmp_path / "o", "d_frames")]
    assert all(path.count("frames") == 1 and path.startswith("./datasets/rgb/d_Frames/") for path in paths)
    masks = [path.replace("frames", "masks").removeprefix("./datasets/") for path in paths]
    assert [(tmp_path / "o" / path).read_bytes() for path in masks if (tmp_path / "o" / path).exists()] == [
        mask
    ]
    (dataset / masked["mask"]).write_bytes(mask + b"x")
    done = export(dataset, "deepfakebench", tmp_path / "again")
    assert done.returncode == 1 and masked["mask"] in done.stderr


@pytest.mark.parametrize("form", EXPORTS)
def test_the_same_dataset_gives_the_same_bytes_and_replaces_what_was_there(made, tmp_path, form):
    output = tmp_path / "o"
    output.mkdir()
    (output / "old").touch()
    assert export(made[0], form, output).returncode == 0
    assert files_of(output) == files_of(made[2] / form)


@pytest.mark.parametrize("form", EXPORTS)
def test_an_absent_split_is_mentioned_nowhere(tmp_path, form):
    make_dataset(tmp_path / "d", ("train", "val"))
    done = export(tmp_path / "d", form, tmp_path / "o")
    assert done.returncode == 0, done.stderr
    assert not any("test" in path.name for path in (tmp_path / "o").rglob("*"))
    if form == "parquet":
        assert "split: test" not in (tmp_path / "o/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", EXPORTS)
@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_dataset_gives_an_error_that_names_the_file_and_no_folder(tmp_path, form, damage):
    make_dataset(tmp_path / "d")
    victim = sorted((tmp_path / "d/train/fake").iterdir())[0]
    if damage == "changed":
        victim.write_bytes(victim.read_bytes() + b"x")
    else:
        victim.unlink()
    done = export(tmp_path / "d", form, tmp_path / "o")
    assert done.returncode == 1
    assert str(victim) in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_the_error_for_a_missing_dataset_says_how_to_make_it(tmp_path):
    done = export(tmp_path / "d", "dfd", tmp_path / "o")
    assert (
        done.returncode == 1
        and "d/metadata.csv: No such file or directory; make the dataset first: snakemake" in done.stderr
    )


def test_parquet_row_groups_have_a_limited_size(made, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "ROW_GROUP", 5000)
    EXPORTS["parquet"](made[0], tmp_path, {"shard_mb": 200})
    file = ParquetFile(tmp_path / "data/train-00000-of-00001.parquet")
    groups = [file.read_row_group(n, ["image"]).nbytes for n in range(file.num_row_groups)]
    assert len(groups) > 5 and max(groups) < 5000 + 5000


def test_the_error_for_an_unknown_format_names_the_formats(made, tmp_path):
    done = export(made[0], "zip", tmp_path / "o")
    assert done.returncode == 2 and all(form in done.stderr for form in EXPORTS)
    assert not (tmp_path / "o").exists()


def test_the_snakefile_names_every_format():
    constraint = re.search(r'^    form="(.*)",$', (ROOT / "Snakefile").read_text(), re.MULTILINE)[1]
    assert sorted(constraint.split("|")) == sorted(EXPORTS)
