"""The audit: a good dataset passes, and each kind of damage is found by exactly the check that is for it."""

import re

import cv2
import numpy as np
import pytest
from made.dataset import Rows, audit, good_rows, names, result, select, update, write

from deepfake.audit.checks import CHECKS
from deepfake.extraction import images


def test_a_good_dataset_passes_every_check(tmp_path):
    report = audit(write(tmp_path / "d", good_rows()))
    assert (
        report["passed"]
        and names(report, "passed") == set(CHECKS) - {"provenance"}
        and report["images"] == 40
    )
    assert report["dataset"] == "d" and report["policy"] == "identity"
    counts = {split: part["classes"]["fake"]["images"] for split, part in report["splits"].items()}
    assert counts == {"train": 8, "val": 4, "test": 8}
    assert report["splits"]["train"] == report["splits"]["train"] | {"share": 0.5, "asked": 0.5}
    assert sum(part["images"] for part in report["parts"]) == 40
    assert report["bytes"] == sum(p.stat().st_size for p in (tmp_path / "d").rglob("*.jpg"))
    assert report["strata"]["sex"]["values"]["f"] == {"all": 0.5, "train": 0.5, "val": 0.5, "test": 0.5}
    assert report["class_weights"] == {"fake": 1, "real": 1}
    assert "Known for 40 of 40" in result(report, "people")["text"]


def test_a_check_that_knows_nothing_is_unknown_and_fails_no_audit(tmp_path, capsys):
    """As in DFDC: each fake has its original, and nobody has a name."""
    folder = write(tmp_path / "d", [row | {"target": "", "source": ""} for row in good_rows()])
    report = audit(folder)
    people = result(report, "people")
    assert report["passed"] and names(report, "unknown") == {"people"} and people["known"] == 0
    assert "Known for 0 of 40 images" in people["text"]
    printed = capsys.readouterr().out
    assert "Audit of d, 40 images: people: unknown; all other checks passed\n" in printed
    assert re.search(r"^  unknown +people ", printed, re.MULTILINE) and "passed   people" not in printed
    page = (tmp_path / "audit.html").read_text()
    assert '<div class="result unknown">' in page and "People: unknown; all other checks passed" in page
    assert "? unknown" in page


def test_what_is_known_of_a_part_of_the_images_is_said_beside_the_result(tmp_path, capsys):
    rows = good_rows()
    for row in rows[:24]:
        row |= {"target": "", "source": ""}
    report = audit(write(tmp_path / "d", rows))
    assert result(report, "people")["status"] == "passed" and result(report, "people")["known"] == 16
    line = "Audit of d, 40 images: passed; people: known for 40 % of images\n"
    assert capsys.readouterr().out.startswith(line)


def test_originals_and_duplicates_are_unknown_where_there_is_neither_name_nor_hash(tmp_path):
    rows = [row | {"original": "", "group": ""} for row in good_rows()]
    folder = write(tmp_path / "d", rows)
    assert names(audit(folder), "unknown") == {"originals"}
    for path in folder.rglob("*.jpg"):
        path.write_bytes(path.name.encode())  # no image
    report = audit(folder, code=1)
    assert names(report, "unknown") == {"originals", "duplicates"}
    assert names(report, "failed") == {"files", "sums"}


def test_pairs_of_same_identity_are_known_people(tmp_path):
    folder = write(tmp_path / "d", [row | {"target": "", "source": ""} for row in good_rows()])
    report = audit(folder, same_identity="one/real_0,one/real_1\n")
    assert result(report, "people") == result(report, "people") | {"status": "passed", "known": 8}


def test_the_same_dataset_gives_the_same_bytes(tmp_path):
    texts = []
    for _ in range(2):
        audit(tmp_path / "d" if texts else write(tmp_path / "d", good_rows()))
        texts.append([(tmp_path / name).read_bytes() for name in ("audit.json", "audit.html")])
    assert texts[0] == texts[1]


def brighter(pixels: np.ndarray) -> np.ndarray:
    """Return a near-duplicate: brighter, and encoded at a lower quality; two bits of the hash differ."""
    return images.decode(images.encode(cv2.add(pixels, (6, 6, 6, 0)), "jpg", 85))


def near_duplicate(rows: Rows) -> None:
    update(rows, {"pixels": brighter(rows[0]["pixels"])}, video="real_4", frame=0)


def identical_bytes(rows: Rows) -> None:
    update(rows, {"pixels": rows[0]["pixels"]}, video="real_4", frame=0)


def two_labels(rows: Rows) -> None:
    update(rows, {"pixels": rows[0]["pixels"]}, video="fake_0", frame=0)


def person_filmed(rows: Rows) -> None:
    for kind in ("real", "fake"):
        update(rows, {"target": "fam/p0"}, video=f"{kind}_4")


def person_put_in(rows: Rows) -> None:
    update(rows, {"source": "fam/p4"}, video="fake_0")


def original(rows: Rows) -> None:
    update(rows, {"original": "fam/real_0"}, video="fake_5")


def group(rows: Rows) -> None:
    update(rows, {"group": "fam/g0"}, video="real_6")


def video(rows: Rows) -> None:
    """Swap a frame of a train and of a val video; their people, originals and groups are unknown."""
    one, other = select(rows, video="real_0", frame=30)[0], select(rows, video="real_4", frame=30)[0]
    for row in select(rows, video="real_0") + select(rows, video="real_4"):
        row |= {"target": "", "original": "", "group": ""}
    for row in (one, other):
        row["split"] = {"train": "val", "val": "train"}[row["split"]]
        row["folder"] = f"{row['split']}/real"


def label_flipped(rows: Rows) -> None:
    update(rows, {"label": "0"}, video="fake_0", frame=0)
    update(rows, {"label": "1"}, video="real_0", frame=0)


def label_unknown(rows: Rows) -> None:
    for name in ("real_0", "fake_0"):
        update(rows, {"label": "fake"}, video=name)


def split_folder(rows: Rows) -> None:
    update(rows, {"folder": "val/real"}, video="real_0", frame=0)


def unbalanced(rows: Rows) -> None:
    rows.remove(select(rows, video="fake_0", frame=0)[0])


def unbalanced_corpus(rows: Rows) -> None:
    """Leave as many real as fake images in test, but not of each corpus."""
    rows.remove(select(rows, video="fake_6", frame=0)[0])
    rows.remove(select(rows, video="real_8", frame=0)[0])


def no_class(rows: Rows) -> None:
    for row in select(rows, split="val", label="1"):
        rows.remove(row)


def no_split(rows: Rows) -> None:
    for row in select(rows, split="val"):
        rows.remove(row)


def unasked_split(rows: Rows) -> None:
    for row in select(rows, split="val", corpus="one"):
        row |= {"split": "dev", "folder": row["folder"].replace("val", "dev")}


def from_test_only(rows: Rows) -> None:
    for kind in ("real", "fake"):
        for unit in (8, 9):
            update(rows, {"split": "train", "folder": f"train/{kind}"}, video=f"{kind}_{unit}")


def wrong_sha256(rows: Rows) -> None:
    rows[0]["sha256"] = "0" * 64


def wrong_phash(rows: Rows) -> None:
    data = images.encode(rows[0]["pixels"], "jpg", 95)
    rows[0]["phash"] = f"{int(images.perceptual_hash(data), 16) ^ 1:016x}"


def no_phash(rows: Rows) -> None:
    rows[0]["phash"] = ""


@pytest.mark.parametrize(
    ("damage", "failed"),
    [
        (near_duplicate, {"duplicates"}),
        (identical_bytes, {"duplicates"}),
        (two_labels, {"labels"}),
        (person_filmed, {"people"}),
        (person_put_in, {"people"}),
        (original, {"originals"}),
        (group, {"originals"}),
        (video, {"videos"}),
        (label_flipped, {"labels"}),
        (label_unknown, {"labels"}),
        (split_folder, {"splits"}),
        (unbalanced, {"balance"}),
        (unbalanced_corpus, {"balance"}),
        (no_class, {"splits", "balance"}),
        (no_split, {"splits"}),
        (unasked_split, {"splits"}),
        (from_test_only, {"test_only"}),
        (wrong_sha256, {"sums"}),
        (wrong_phash, {"sums"}),
        (no_phash, {"sums"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_damaged_rows_fail_their_check(tmp_path, damage, failed):
    rows = good_rows()
    damage(rows)
    report = audit(write(tmp_path / "d", rows), code=1)
    assert names(report, "failed") == failed and not report["passed"]
    assert all(result(report, name)["found"] and result(report, name)["examples"] for name in failed)


def test_too_many_bytes(tmp_path):
    folder = write(tmp_path / "d", good_rows())
    size = sum(path.stat().st_size for path in folder.rglob("*.jpg"))
    assert names(audit(folder, {"size_mb": (size - 1) / 1e6}, code=1), "failed") == {"cap"}
    assert audit(folder, {"size_mb": size / 1e6})["passed"]
    assert audit(folder, {"size_mb": None})["passed"]


@pytest.mark.parametrize(
    "pairs",
    [
        "one/p0,two/p8\n",
        "name,same as\none/real_0,one/real_4\n",
        "one/p1,two/real_9\n",
        "one/p0,elsewhere/x\nelsewhere/x,two/p9\n",
    ],
    ids=["people", "videos", "a person and a video", "through one who is not there"],
)
def test_a_person_known_by_two_names(tmp_path, pairs):
    folder = write(tmp_path / "d", good_rows())
    report = audit(folder, same_identity=pairs, code=1)
    assert names(report, "failed") == {"people"} and result(report, "people")["found"] == 1


def test_a_video_that_is_absent_is_known_by_its_fakes(tmp_path):
    rows = [row | {"target": "", "source": ""} for row in good_rows()]
    for row in select(rows, video="real_4"):
        row["video"] = "another"
    folder = write(tmp_path / "d", rows)
    assert audit(folder, same_identity="one/real_0,one/real_1\n")["passed"]
    report = audit(folder, same_identity="one/real_0,one/real_4\n", code=1)
    assert names(report, "failed") == {"people"} and "fake_4" in result(report, "people")["examples"][0]


def test_names_that_are_the_same_within_a_split_are_no_leak(tmp_path):
    assert audit(write(tmp_path / "d", good_rows()), same_identity="one/p0,one/p1\none/p6,two/p8\n")["passed"]


@pytest.mark.parametrize("damage", [near_duplicate, person_put_in, group, video])
@pytest.mark.parametrize("policy", ["group", "official", "given"])
def test_a_policy_that_promises_less_warns(tmp_path, policy, damage):
    rows = good_rows()
    damage(rows)
    folder = write(tmp_path / "d", rows)
    check = {near_duplicate: "duplicates", person_put_in: "people", group: "originals", video: "videos"}[
        damage
    ]
    warned = policy in ("official", "given") or check == "people"
    report = audit(folder, {"policy": policy}, code=0 if warned else 1)
    assert names(report, "warned" if warned else "failed") == {check}
    assert len(names(report, "passed")) == len(CHECKS) - 2  # there are no records
    assert (f"policy {policy}" in result(report, check)["text"]) == warned


def test_of_given_splits_only_the_classes_are_asked_for(tmp_path):
    given = {"policy": "given", "splits": {"from": "s.csv"}}
    folder = write(tmp_path / "d", good_rows())
    report = audit(folder, given)
    assert report["passed"] and {split["asked"] for split in report["splits"].values()} == {None}
    fractions = given["splits"] | {"fractions": {"train": 1}}
    assert "splits" in names(audit(folder, given | {"splits": fractions}, code=1), "failed")


def test_without_duplicates_only_the_same_bytes_count(tmp_path):
    rows = good_rows()
    near_duplicate(rows)
    assert audit(write(tmp_path / "near", rows), {"duplicates": None})["passed"]
    rows = good_rows()
    identical_bytes(rows)
    report = audit(write(tmp_path / "same", rows), {"duplicates": None}, code=1)
    assert names(report, "failed") == {"duplicates"}


def test_each_kind_of_balance_asks_for_its_own(tmp_path):
    rows = good_rows()
    unbalanced_corpus(rows)
    folder = write(tmp_path / "d", rows)
    assert audit(folder, {"balance": "dataset"})["passed"]
    rows = good_rows()
    unbalanced(rows)
    folder = write(tmp_path / "e", rows)
    assert names(audit(folder, {"balance": "dataset"}, code=1), "failed") == {"balance"}
    report = audit(folder, {"balance": "none"})
    assert report["class_weights"] == {"fake": round(15 / 14, 4), "real": round(15 / 16, 4)}


def test_corpora_of_one_class_are_balanced_together(tmp_path):
    rows = [r for r in good_rows() if (r["corpus"], r["split"], r["label"]) != ("one", "test", "0")]
    rows = [r for r in rows if (r["corpus"], r["label"]) != ("two", "1")]
    assert audit(write(tmp_path / "d", rows))["passed"]
