"""A dataset written out: files that check, metadata, card and sheet; or an error and no folder."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from deepfake import contact, images, tables
from deepfake.plan import make_plan
from deepfake.tars import new_tar

ROOT = Path(__file__).resolve().parents[2]
CFG = {"corpora": ["a", "b"], "images": "faces", "size_mb": None, "splits": {"train": 0.7, "val": 0.3}}
CFG |= {"balance": True, "seed": 3}


def picture(number: int) -> np.ndarray:
    return cv2.resize(np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8), (32, 24))


def make_tree(results: Path, formats: dict[str, str] | None = None) -> pd.DataFrame:
    """Tars of two corpora of six groups of a real and a fake video with two images each, and their plan."""
    rows = []
    for corpus, format in (formats or {"a": "jpg", "b": "png"}).items():
        for shard in ("0", "1"):
            with new_tar(results / "faces" / corpus / f"{shard}.tar") as add:
                for video in range(int(shard), 12, 2):
                    known = {
                        "corpus": corpus,
                        "video": f"v_{video}é",
                        "label": str(video % 2),
                        "shard": shard,
                    }
                    known |= {"group": f"{video // 2}", "method": 'a|b, "c"' if video % 2 else "", "step": ""}
                    for frame in (0, 30):
                        data = images.encode(picture(len(rows)), format, 90)
                        name = f"{known['video']}/{frame:06d}.{format}"
                        add(name, data)
                        facts = images.facts(picture(len(rows)), data)
                        rows.append({**known, "frame": frame, "image": name, **facts})
    plan = make_plan(pd.DataFrame(rows).reindex(columns=tables.GATHERED).fillna(""), CFG)
    (results / "plans").mkdir()
    plan.to_csv(results / "plans" / "d.csv", index=False)
    return plan


def run(results: Path) -> subprocess.CompletedProcess:
    command = [
        sys.executable,
        ROOT / "scripts/dataset.py",
        "--plan",
        results / "plans/d.csv",
        "--results",
        results,
    ]
    command += ["--output", results / "d", "--config", json.dumps(CFG)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    results = tmp_path_factory.mktemp("results")
    plan = make_tree(results)
    done = run(results)
    assert done.returncode == 0, done.stderr
    return results / "d", plan


def test_the_folders_hold_the_planned_images_and_nothing_else(made):
    folder, plan = made
    kept = plan[plan["file_name"] != ""]
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    about = {"metadata.csv", "README.md", "SHA256SUMS", "contact_sheet.png"}
    assert files == set(kept["file_name"]) | about
    assert {name.rpartition("/")[0] for name in kept["file_name"]} == {
        f"{split}/{label}" for split in ("train", "val") for label in ("real", "fake")
    }
    for row in kept.itertuples():
        assert hashlib.sha256((folder / row.file_name).read_bytes()).hexdigest() == row.sha256
        corpus, video, frame = row.file_name.split("/")[-1].split(".")[0].split("__")
        assert (corpus, video, int(frame)) == (row.corpus, row.video, row.frame)


def test_sha256sum_accepts_every_file(made):
    folder, _ = made
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == sum(path.is_file() for path in folder.rglob("*")) - 1


def test_metadata_names_every_image_first(made):
    folder, plan = made
    with open(folder / "metadata.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:2] == ["file_name", "label"]
    assert [row["file_name"] for row in rows] == sorted(name for name in plan["file_name"] if name)
    assert all((row["label"] == "0") == ("/real/" in row["file_name"]) for row in rows)
    assert {"corpus", "video", "frame", "method", "original", "group", "split", "sha256"} <= set(rows[0])
    assert {row["method"] for row in rows} == {"", 'a|b, "c"'}


def test_the_card_counts(made):
    folder, plan = made
    text = (folder / "README.md").read_text(encoding="utf-8")
    kept = plan[plan["file_name"] != ""]
    assert f"{len(kept)} images (faces), {kept['bytes'].sum() / 1e6:.1f} MB" in text
    for (split, label), part in kept.groupby(["split", "label"]):
        videos = part.groupby(["corpus", "video"]).ngroups
        line = f"| {split} | {'fake' if label == '1' else 'real'} | {videos} |"
        assert f"{line} {len(part)} |" in text
    assert '| b | a\\|b, "c" |' in text


def test_the_contact_sheet_shows_both_classes(made):
    folder, _ = made
    sheet = cv2.imread(str(folder / "contact_sheet.png"))
    step = contact.TILE + contact.GAP
    assert sheet.shape[1] == contact.COLUMNS * step + contact.GAP
    rows = sheet.shape[0] // step
    assert rows >= 4 and sheet.std() > 20


def test_the_same_plan_gives_the_same_bytes_and_replaces_what_was_there(tmp_path, made):
    make_tree(tmp_path)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "old").touch()
    assert run(tmp_path).returncode == 0
    assert (tmp_path / "d/SHA256SUMS").read_bytes() == (made[0] / "SHA256SUMS").read_bytes()
    assert not (tmp_path / "d/old").exists()


def empty(tar: Path) -> None:
    with new_tar(tar):
        pass


def break_image(tar: Path) -> None:
    tar.write_bytes(tar.read_bytes().replace(b"IHDR", b"IHDX"))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (break_image, "is not what its table says"),
        (lambda tar: tar.write_bytes(tar.read_bytes()[:700]), "b/1.tar: can't be read"),
        (lambda tar: tar.write_bytes(b"no tar" * 200), "b/1.tar: can't be read"),
        (Path.unlink, "b/1.tar: can't be read"),
        (empty, "images such as v_11é/0000"),
    ],
    ids=["altered", "cut short", "another file", "absent", "empty"],
)
def test_a_tar_that_is_not_the_plans_gives_an_error_and_no_folder(tmp_path, harm, said):
    make_tree(tmp_path)
    harm(tmp_path / "faces/b/1.tar")
    done = run(tmp_path)
    assert done.returncode == 1
    assert said in done.stderr and "run again" in done.stderr and "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"faces", "plans"}


def test_corpora_of_png_alone_keep_their_ending(tmp_path):
    plan = make_tree(tmp_path, {"a": "png", "b": "png"})
    assert run(tmp_path).returncode == 0
    assert {name[-4:] for name in plan["file_name"] if name} == {".png"}
    assert len(list((tmp_path / "d").glob("*/*/*.png"))) == (plan["file_name"] != "").sum()


def test_the_sheet_takes_every_method_and_as_many_videos_as_it_can():
    rows = [
        {"corpus": "a", "video": f"v{v}", "method": m, "file_name": f"train/fake/{m}{v}_{f}"}
        for m, videos in (("x", range(60)), ("y", range(60, 63))) for v in videos for f in range(3)
    ]  # fmt: skip
    chosen = contact.choose(pd.DataFrame(rows))["fake"]
    assert len(chosen) == contact.COLUMNS * contact.ROWS == len({name.split("_")[0] for name in chosen})
    assert sum("/y" in name for name in chosen) == 3


@pytest.mark.parametrize("shape", [(10, 2000, 3), (2000, 3, 3), (1, 1, 3), (128, 128, 3)])
def test_images_of_any_shape_fit_a_tile(shape):
    data = contact.contact_sheet({"real": [np.zeros(shape, np.uint8)] * 9, "fake": []})
    assert images.decode(data).shape[1] == contact.COLUMNS * (contact.TILE + contact.GAP) + contact.GAP
