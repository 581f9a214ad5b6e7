"""verify: every changed byte in results/ is found, and only damaged outputs are removed."""

import hashlib
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made.results import write_results, write_shard

from deepfake import tables
from deepfake.audit.faults import commands, remove
from deepfake.audit.verify import verify
from deepfake.audit.verify_shards import check_shard
from deepfake.extraction import images
from deepfake.extraction.tars import new_tar, read_tar

ROOT = Path(__file__).resolve().parents[3]
FIRST = "train/real/one__real_0__000000.jpg"


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    return write_results(tmp_path_factory.mktemp("verify") / "results")


@pytest.fixture
def results(made, tmp_path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "results"))


@pytest.fixture
def tar(made, tmp_path) -> Path:
    """A single shard of face crops."""
    folder = tmp_path / "results/faces/mine"
    folder.mkdir(parents=True)
    for name in ("0.csv", "0.tar"):
        shutil.copy(made / "faces/mine" / name, folder / name)
    return folder / "0.tar"


def lines(results: Path) -> list[str]:
    checked = verify(results, 1)
    return [fault.line.removeprefix(f"{results}/") for part in checked for fault in part.faults]


def run(results: Path, *options: str) -> tuple[int, str, str]:
    command = [sys.executable, "scripts/verify.py", "--results", str(results), "--workers", "1", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_good_results_are_counted_and_have_no_faults(results):
    checked = {part.what: part for part in verify(results, 1)}
    assert list(checked) == ["frames/mine", "faces/mine", "small"]
    assert not any(part.faults for part in checked.values())
    for step in ("frames", "faces"):
        size = sum(len(data) for tar in results.glob(f"{step}/mine/*.tar") for _, data in read_tar(tar))
        part = checked[f"{step}/mine"]
        assert (part.shards, part.files, part.bytes) == (2, 6, size)
    files = [path for path in (results / "small").rglob("*") if path.is_file()]
    sizes = [path.stat().st_size for path in files]
    assert (checked["small"].files, checked["small"].bytes) == (len(files), sum(sizes))


def test_several_processes_give_equal_results(results):
    (results / "faces/mine/1.tar").write_bytes(b"")
    next((results / "small/train/real").iterdir()).write_bytes(b"none")
    assert verify(results, 2) == verify(results, 1)


def test_every_changed_bit_of_a_tar_is_found(tar):
    good, draw = tar.read_bytes(), random.Random(0)
    positions = [*range(0, 512, 16), *range(len(good) - 1024, len(good), 64)]
    for at in [*positions, *(draw.randrange(len(good)) for _ in range(100))]:
        bad = bytearray(good)
        bad[at] ^= 1 << draw.randrange(8)
        tar.write_bytes(bad)
        assert check_shard(tar, "faces").faults, at
    tar.write_bytes(good)
    assert not check_shard(tar, "faces").faults


@pytest.mark.parametrize("part", [0, 1, 511, 700, 0.5, 0.9999], ids=str)
def test_a_tar_cut_short_is_found(tar, part):
    good = tar.read_bytes()
    tar.write_bytes(good[: part if isinstance(part, int) else int(part * len(good))])
    assert check_shard(tar, "faces").faults


def rewrite(tar: Path, change: Callable[[list], list]) -> None:
    stored = change(list(read_tar(tar)))
    with new_tar(tar) as add:
        for name, data in stored:
            add(name, data)


def edit(tar: Path, change: Callable[[list[dict]], object]) -> None:
    table = tar.with_suffix(".csv")
    rows = tables.read_rows(table)
    change(rows)
    tables.write_rows(table, tables.FACES, rows)


def replace_image(tar: Path, data: bytes) -> None:
    """Replace the first image with other bytes, and let its row have their checksum."""
    rewrite(tar, lambda stored: [(stored[0][0], data), *stored[1:]])
    known = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    edit(tar, lambda rows: rows[0].update(known))


def wide(tar: Path) -> None:
    replace_image(tar, images.encode(np.zeros((20, 40, 3), np.uint8), "jpg", 90))


def table(tar: Path) -> Path:
    return tar.with_suffix(".csv")


DAMAGE = {
    "an image lost": (
        lambda tar: rewrite(tar, lambda stored: stored[:1] + stored[2:]),
        "v0/000001.jpg: in the table, but not in the tar",
    ),
    "an image more": (
        lambda tar: rewrite(tar, lambda stored: [*stored, ("v9/000000.jpg", b"x")]),
        "v9/000000.jpg: in the tar, but not in the table",
    ),
    "an image twice": (
        lambda tar: rewrite(tar, lambda stored: [*stored, stored[0]]),
        "v0/000000.jpg: in the tar twice",
    ),
    "another order": (lambda tar: rewrite(tar, reversed), "v0/000001.jpg: not in the table's order"),
    "no tar": (Path.unlink, "can't be read as a tar: No such file or directory; 3 of 3 images weren't found"),
    "no table": (lambda tar: table(tar).unlink(), "0.csv: missing, but its tar is there"),
    "another table": (
        lambda tar: table(tar).write_text("image,video\na,b\n"),
        "0.csv: row 1 does not have the columns of faces: image, video,",
    ),
    "a row cut short": (
        lambda tar: table(tar).write_text(table(tar).read_text()[:-30]),
        "0.csv: row 4 does not have the columns of faces: image, video,",
    ),
    "a status without image": (
        lambda tar: edit(tar, lambda rows: rows[0].update(status="no_face")),
        "v0/000000.jpg: its row has an image, but its status is no_face",
    ),
    "two rows of one image": (
        lambda tar: edit(tar, lambda rows: rows.append(rows[0])),
        "v0/000000.jpg: two rows in the table",
    ),
    "no image, but the right checksum": (
        lambda tar: replace_image(tar, b"none"),
        "v0/000000.jpg: not an image that can be read",
    ),
    "not square, but the right checksum": (wide, "v0/000000.jpg: 40x20 pixels, but crops are square"),
}
"""How a shard is damaged, and the fault that is then reported."""


@pytest.mark.parametrize("damage, line", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_shard_is_reported_with_the_reason(tar, damage, line):
    damage(tar)
    found = lines(tar.parents[2])
    assert any(one.startswith(f"faces/mine/0.tar: {line}") for one in found), found


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"sha256": "0" * 64}, "its SHA-256 is not that of the table"),
        ({"bytes": ""}, "bytes, nothing in the table"),
        ({"phash": "0" * 16}, "its perceptual hash is "),
        ({"video": "v1"}, "its row is of frame 2 of v1"),
        ({"frame": "1" * 5000}, "its row is of frame 111"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_row_that_differs_from_its_image_is_reported(tar, changed, reason):
    edit(tar, lambda rows: rows[2].update(changed))
    (found,) = lines(tar.parents[2])
    assert found.startswith("faces/mine/0.tar: v0/000002.jpg: ") and reason in found


def test_the_size_of_a_frame_is_that_of_its_row(results):
    table = results / "frames/mine/0.csv"
    rows = tables.read_rows(table)
    rows[0]["width"] = "63"
    tables.write_rows(table, tables.FRAMES, rows)
    assert lines(results) == ["frames/mine/0.tar: v0/000000.jpg: 64x64 pixels, 63x64 in the table"]


def test_a_name_that_leads_out_of_the_tar_is_reported_and_not_followed(tar):
    rewrite(tar, lambda stored: [*stored, ("../../../gone\x1b[2J", b"x")])
    (found,) = lines(tar.parents[2])
    assert found.endswith(": ../../../gone\\x1b[2J: in the tar, but not in the table")
    remove(verify(tar.parents[2], 1)[0].faults)
    assert sorted(tar.parents[3].rglob("*.*")) == []


def test_a_link_in_place_of_an_output_is_removed_but_not_its_target(results, tmp_path):
    (results / "small").rename(tmp_path / "elsewhere")
    (results / "small").symlink_to(tmp_path / "elsewhere")
    flip_bit(tmp_path / "elsewhere")
    assert remove(verify(results, 1)[-1].faults) == [f"{results}/small"]
    assert not (results / "small").is_symlink() and (tmp_path / "elsewhere/README.md").exists()


def test_deleted_frames_are_no_fault(results):
    for tar in results.glob("frames/mine/*.tar"):
        tar.unlink()
    checked = verify(results, 1)
    assert not any(part.faults for part in checked)
    assert (checked[0].shards, checked[0].absent, checked[0].files) == (2, 2, 0)


def test_a_shard_without_images_is_no_fault(tar):
    edit(tar, lambda rows: [rows.remove(row) for row in rows[:3]])
    rewrite(tar, lambda stored: [])
    assert lines(tar.parents[2]) == []


def test_other_files_are_ignored(results):
    for name in ("faces/mine/.0.tar.0123abcd.part", "faces/mine/notes.txt", "notes.csv"):
        (results / name).write_bytes(b"x")
    assert lines(results) == []


def flip_bit(folder: Path) -> None:
    data = bytearray((folder / FIRST).read_bytes())
    data[-1] ^= 1  # the end mark: decodes as before
    (folder / FIRST).write_bytes(bytes(data))


@pytest.mark.parametrize(
    "damage, file, reason",
    [
        (flip_bit, FIRST, "its SHA-256 is not that of SHA256SUMS"),
        (lambda f: (f / FIRST).unlink(), FIRST, "no such file"),
        (lambda f: (f / "val/more.jpg").write_bytes(b"x"), "val/more.jpg", "no row in metadata.csv"),
        (lambda f: (f / "README.md").write_text("x"), "README.md", "its SHA-256 is not that of SHA256SUMS"),
        (lambda f: (f / "metadata.csv").unlink(), "metadata.csv", "No such file"),
        (lambda f: (f / "SHA256SUMS").unlink(), "SHA256SUMS", "No such file"),
    ],
    ids=["flipped", "lost", "more", "card", "no table", "no checksums"],
)
def test_a_damaged_dataset_is_reported_with_the_reason(results, damage, file, reason):
    damage(results / "small")
    faults = verify(results, 1)[-1].faults
    assert any(fault.file == file and reason in fault.reason for fault in faults), faults
    assert {fault.output for fault in faults} == {str(results / "small")}


def test_repair_removes_only_what_is_damaged_and_says_what_to_run(results):
    (results / "faces/mine/1.tar").write_bytes(b"")
    (results / "frames/mine/0.csv").unlink()
    flip_bit(results / "small")
    tables.write_rows(results / "decoded/small/64-bilinear.csv", ["image"], [])
    code, text, log = run(results, "--repair")
    assert code == 1, log
    assert not (results / "small").exists()
    assert {path.name for path in results.glob("faces/mine/*")} == {"0.csv", "0.tar"}
    assert {path.name for path in results.glob("frames/mine/*")} == {"1.csv", "1.tar"}
    assert text.splitlines()[-2:] == [
        f"snakemake --cores all {results}/faces/mine/1.csv {results}/frames/mine/0.csv",
        f"snakemake --cores all {results}/small {results}/decoded/small/64-bilinear.csv",
    ]
    assert not [path for path in results.iterdir() if path.name.startswith(".")]
    code, text, log = run(results)
    assert code == 0 and text.endswith("nothing is broken\n"), log


def test_a_shard_that_is_no_longer_in_the_index_is_only_removed(results):
    write_shard(results, "faces", "00", 7).write_bytes(b"")
    faults = [fault for part in verify(results, 1) for fault in part.faults]
    assert commands(results, faults) == []
    assert remove(faults) == [f"{results}/faces/mine/00.csv", f"{results}/faces/mine/00.tar"]


def test_without_repair_nothing_is_removed_and_json_has_everything(results):
    flip_bit(results / "small")
    before = sorted(results.rglob("*"))
    code, text, _ = run(results, "--json")
    assert code == 1 and sorted(results.rglob("*")) == before
    report = json.loads(text)
    assert [part["what"] for part in report["checked"]] == ["frames/mine", "faces/mine", "small"]
    assert [part["faults"] for part in report["checked"]] == [0, 0, 2]  # by SHA256SUMS, and by metadata.csv
    assert [part["broken"] for part in report["checked"]] == [0, 0, 1]
    assert {fault["file"] for fault in report["faults"]} == {FIRST}
    assert report["removed"] == [] and report["commands"] == [f"snakemake --cores all {results}/small"]


def test_missing_results_are_an_error(tmp_path):
    code, text, log = run(tmp_path / "results")
    assert (code, text) == (1, "") and "no such folder" in log
    code, text, _ = run(tmp_path, "--storage", "s3")
    assert code == 1 and "can't read results in a storage (s3)" in text
