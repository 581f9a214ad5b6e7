"""Verifying results/: damaged shards and datasets are found, and only those are removed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made.results import write_results, write_shard

from deepfake import tables
from deepfake.audit.faults import commands, remove
from deepfake.audit.verify import verify
from deepfake.extraction.tars import read_tar

ROOT = Path(__file__).resolve().parents[3]
FIRST = "train/real/one__real_0__000000.jpg"


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    return write_results(tmp_path_factory.mktemp("verify") / "results")


@pytest.fixture
def results(made, tmp_path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "results"))


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
