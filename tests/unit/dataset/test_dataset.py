"""Writing a dataset: images, metadata, checksums, card and contact sheet; or an error and no folder."""

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
import yaml

from deepfake import tables
from deepfake.dataset import contact_sheet
from deepfake.dataset.card import BALANCE, POLICIES, card
from deepfake.dataset.card_tables import count_by_attribute
from deepfake.dataset.metadata import metadata_table
from deepfake.extraction import images
from deepfake.extraction.tars import new_tar
from deepfake.tables import METADATA

ROOT = Path(__file__).resolve().parents[3]
CFG = {"corpora": ["a", "b"], "images": "faces", "size_mb": None, "splits": {"train": 0.7, "val": 0.3}}
CFG |= {
    "policy": "identity",
    "tolerance": 0.05,
    "stratify": ["method"],
    "test_only": [],
    "same_identity": None,
}
CFG |= {"duplicates": 3, "balance": "none", "families": {"a": "ffpp", "b": "b"}, "seed": 3}
STEPS = {"a": {"frames": {"strategy": "interval", "every": 15, "max": 40, "format": "jpg", "quality": 91}}}
STEPS["a"]["faces"] = {"detector": "dlib", "max_faces": 2, "margin": 1.3, "size": 224, "format": "png"}
ATTRIBUTES = [json.dumps({"sex": "f", "age": str(3 * video), "split": "odd"}) for video in range(12)]
ATTRIBUTES[5], ATTRIBUTES[6] = '{"hair colour": "grün", "age": null}', ""


def random_image(number: int) -> np.ndarray:
    """Return a random image, uint8 (24, 32, 3)."""
    return cv2.resize(np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8), (32, 24))


def make_tree(results: Path, formats: dict[str, str] | None = None) -> pd.DataFrame:
    """Write tars of two corpora, and return their plan.

    Each has six groups of a real and a fake video with two images each. Two groups are in val. The second
    image of the first real video in val, and of that in train, is left out.
    """
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
                        "group": f"{corpus}/{video // 2}",
                        "target": f"{corpus}/{video // 2}",
                        "method": 'a|b, "c"' if video % 2 else "",
                        "attributes": ATTRIBUTES[video] if corpus == "b" else "",
                    }
                    for frame in (0, 30):
                        data = images.encode(random_image(len(rows)), format, 90)
                        name = f"{known['video']}/{frame:06d}.{format}"
                        add(name, data)
                        columns = images.image_columns(data)
                        planned = {"split": "val" if video < 4 else "train", "file_name": ""}
                        if video not in (0, 4) or not frame:
                            folder = f"{planned['split']}/{'fake' if video % 2 else 'real'}"
                            planned["file_name"] = (
                                f"{folder}/{corpus}__{known['video']}__{frame:06d}.{format}"
                            )
                        rows.append({**known, **planned, "frame": frame, "image": name, **columns})
    plan = pd.DataFrame(rows).reindex(columns=tables.PLAN).fillna("").sample(frac=1, random_state=0)
    plan.loc[plan["file_name"] == "", ["split", "step", "reason"]] = ["", "plan", "over size_mb"]
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
    (results / "plans/d.json").write_text(json.dumps({"steps": STEPS}))
    command += ["--output", results / "d", "--config", json.dumps(CFG)]
    command += ["--plan-summary", results / "plans/d.json"]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    results = tmp_path_factory.mktemp("results")
    plan = make_tree(results)
    done = run(results)
    assert done.returncode == 0, done.stderr
    return results / "d", plan


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


def test_attributes_may_be_absent(made):
    assert list(metadata_table(made[1].drop(columns="attributes"))) == METADATA


def test_the_card_counts(made):
    folder, plan = made
    text = (folder / "README.md").read_text(encoding="utf-8")
    kept = plan[plan["file_name"] != ""]
    assert f"{len(kept)} images (face crops), {kept['bytes'].sum() / 1e6:.1f} MB" in text
    assert f"They come from {kept.groupby(['corpus', 'video']).ngroups} videos" in text
    assert f"The corpora name {kept['target'].nunique()} people." in text
    for (split, label), part in kept.groupby(["split", "label"]):
        videos = part.groupby(["corpus", "video"]).ngroups
        line = f"| {split} | {'fake' if label == '1' else 'real'} | {videos} |"
        assert f"{line} {len(part)} |" in text
    for (corpus, label), part in kept.groupby(["corpus", "label"]):
        n = part["split"].value_counts()
        named = '| fake | a\\|b, "c" |' if label == "1" else "| real | (none named) |"
        assert f"| {corpus} {named} {n['train']} | {n['val']} |" in text
    in_b = kept[kept["corpus"] == "b"]
    of_sex = in_b[in_b["attributes"].str.contains("sex")].groupby("split").size()
    assert f"| sex | f | {of_sex['train']} | {of_sex['val']} |" in text


def test_the_card_has_the_class_weights_of_train(made):
    folder, plan = made
    train = plan[plan["split"] == "train"].groupby("label").size()
    weights = f"real {train.sum() / (2 * train['0']):g}, fake {train.sum() / (2 * train['1']):g}"
    assert weights in (folder / "README.md").read_text(encoding="utf-8")


def test_the_card_says_how_it_was_made_and_on_what_terms(made):
    text = (made[0] / "README.md").read_text(encoding="utf-8")
    assert "- a: one frame in 15, 40 at the most a video, stored as jpg of quality 91; the" in text
    assert "of 1.3 times its width, scaled to 224 pixels, stored as png" in text
    assert "- b: see the settings of the workflow." in text
    assert "Asked for: train 0.7, val 0.3; policy `identity`. No person" in text
    assert "| b | not known here; ask those who made it |" in text and "Rössler et al." in text
    assert json.dumps(CFG, sort_keys=True, ensure_ascii=False) in text


def test_the_card_begins_with_metadata_for_the_hub(made):
    text = (made[0] / "README.md").read_text(encoding="utf-8").split("---\n")[1]
    head = yaml.safe_load(text)
    assert head["task_categories"] == ["image-classification"] and head["size_categories"] == ["n<1K"]
    assert head["pretty_name"] == "d" and head["license"] == "other"


def test_the_card_depends_only_on_what_is_kept(tmp_path, made):
    plan = made[1]
    more = pd.concat([plan, plan[plan["file_name"] == ""].assign(reason="no_face")])
    cards = [
        card("d", rows[rows["file_name"] != ""].sort_values("file_name"), CFG, {}) for rows in (plan, more)
    ]
    assert cards[0] == cards[1] and "attrition.csv" in cards[0]


@pytest.mark.parametrize("policy", ["identity", "group", "official"])
@pytest.mark.parametrize("balance", ["corpus", "dataset", "none"])
def test_the_card_has_text_for_each_setting(made, policy, balance):
    kept = made[1][made[1]["file_name"] != ""]
    cfg = {**CFG, "policy": policy, "balance": balance, "images": "frames", "size_mb": 5, "duplicates": None}
    text = card("d", kept, {**cfg, "test_only": ["b"], "same_identity": "same.csv"}, STEPS)
    assert POLICIES[policy] in text and BALANCE[balance] in text and "up to 5 MB" in text
    assert "(whole frames)" in text and "the largest face" not in text
    assert "no detector has seen: b." in text and "`same.csv`" in text


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        (["m", "f", "f", ""], ["| x | (not told) | 1 |", "| x | f | 2 |", "| x | m | 1 |"]),
        ([str(age) for age in range(5, 45)], ["| x | 00 to 09 | 5 |", "| x | 40 to 49 | 5 |"]),
        ([f"w{n % 20:02d}" for n in range(30)], ["| x | w09 | 2 |", "| x | (8 others) | 8 |"]),
    ],
    ids=["few", "numbers", "words"],
)
def test_attributes_are_counted_in_a_table_that_can_be_read(values, lines):
    text = count_by_attribute(pd.DataFrame({"x": values, "split": "train"}), ["x"])
    assert all(line in text for line in lines) and len(text.splitlines()) <= 16


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
    assert run(tmp_path).returncode == 0
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
    done = run(tmp_path)
    assert done.returncode == 1
    assert message in done.stderr and "run again" in done.stderr and "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"faces", "plans"}


def test_png_files_keep_their_extension(tmp_path):
    plan = make_tree(tmp_path, {"a": "png", "b": "png"})
    assert run(tmp_path).returncode == 0
    assert {name[-4:] for name in plan["file_name"] if name} == {".png"}
    assert len(list((tmp_path / "d").glob("*/*/*.png"))) == (plan["file_name"] != "").sum()


def test_the_contact_sheet_has_every_method_and_many_videos():
    rows = [
        {"corpus": "a", "video": f"v{v}", "method": m, "file_name": f"train/fake/{m}{v}_{f}"}
        for m, videos in (("x", range(60)), ("y", range(60, 63))) for v in videos for f in range(3)
    ]  # fmt: skip
    chosen = contact_sheet.choose_images(pd.DataFrame(rows))["fake"]
    assert (
        len(chosen)
        == contact_sheet.COLUMNS * contact_sheet.ROWS
        == len({name.split("_")[0] for name in chosen})
    )
    assert sum("/y" in name for name in chosen) == 3


@pytest.mark.parametrize("shape", [(10, 2000, 3), (2000, 3, 3), (1, 1, 3), (128, 128, 3)])
def test_images_of_any_shape_fit_a_tile(shape):
    data = contact_sheet.draw_contact_sheet({"real": [np.zeros(shape, np.uint8)] * 9, "fake": []})
    assert (
        images.decode(data).shape[1]
        == contact_sheet.COLUMNS * (contact_sheet.TILE + contact_sheet.GAP) + contact_sheet.GAP
    )
