"""The audit of damaged files, hostile names, and folders that are no dataset."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made.dataset import (
    CFG,
    SCRIPT,
    audit,
    good_rows,
    names,
    result,
    select,
    texture,
    write,
    write_checksums,
)

from deepfake.audit import files as audit_files
from deepfake.extraction import images
from deepfake.tables import METADATA


def delete_image(folder: Path) -> None:
    next(folder.glob("train/real/*")).unlink()


def delete_card(folder: Path) -> None:
    (folder / "README.md").unlink()


def flip_byte(folder: Path) -> None:
    path = next(folder.glob("train/real/*"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1  # the end mark: decodes as before
    path.write_bytes(bytes(data))


def change_card(folder: Path) -> None:
    (folder / "README.md").write_text("# Another\n")


def extra_image(folder: Path) -> None:
    (folder / "train/real/extra.jpg").write_bytes(images.encode(texture(99), "jpg", 95))


def extra_file(folder: Path) -> None:
    (folder / "train/.DS_Store").write_bytes(b"x")
    write_checksums(folder)


def cut_image(folder: Path) -> None:
    path = next(folder.glob("train/real/*"))
    path.write_bytes(b"")


def changed_checksum(folder: Path) -> None:
    text = (folder / "SHA256SUMS").read_text()
    (folder / "SHA256SUMS").write_text(("0" if text[0] != "0" else "1") + text[1:])


def unlisted(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text().splitlines(keepends=True)
    (folder / "SHA256SUMS").write_text("".join(lines[:-1]))


def no_checksums(folder: Path) -> None:
    (folder / "SHA256SUMS").unlink()


def invalid_line(folder: Path) -> None:
    with open(folder / "SHA256SUMS", "a") as file:
        file.write("no sum\n" + "0" * 64 + "  ../../etc/passwd\n")


def link_to_image(folder: Path) -> None:
    path = next(folder.glob("train/real/*"))
    path.rename(folder.parent / "outside.jpg")
    path.symlink_to(folder.parent / "outside.jpg")


def link_to_folder(folder: Path) -> None:
    (folder / "more").symlink_to("/etc")


def named_pipe(folder: Path) -> None:
    os.mkfifo(folder / "train/pipe")


def row_twice(folder: Path) -> None:
    lines = (folder / "metadata.csv").read_text().splitlines(keepends=True)
    twin = lines[1].replace(lines[1].split(",")[0], lines[2].split(",")[0])
    (folder / "metadata.csv").write_text("".join([lines[0], twin, *lines[2:]]))
    (folder / lines[1].split(",")[0]).unlink()
    write_checksums(folder)


@pytest.mark.parametrize(
    ("damage", "failed"),
    [
        (delete_image, {"files"}),
        (delete_card, {"sums"}),
        (flip_byte, {"sums"}),
        (change_card, {"sums"}),
        (extra_image, {"files"}),
        (extra_file, {"files"}),
        (cut_image, {"files", "sums"}),
        (changed_checksum, {"sums"}),
        (unlisted, {"sums"}),
        (no_checksums, {"sums"}),
        (invalid_line, {"sums"}),
        (link_to_image, {"files"}),
        (link_to_folder, {"files"}),
        (named_pipe, {"files"}),
        (row_twice, {"files", "sums"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_damaged_files_fail_their_check(tmp_path, damage, failed):
    folder = write(tmp_path / "d", good_rows())
    damage(folder)
    assert names(audit(folder, code=1), "failed") == failed


@pytest.mark.parametrize(
    "name", ["../../secret.jpg", "/etc/hostname", "a\0b.jpg", "train/real/../../../x", ""]
)
def test_no_name_leads_out_of_the_folder(tmp_path, monkeypatch, name):
    (tmp_path / "secret.jpg").write_bytes(images.encode(texture(0), "jpg", 95))
    rows = good_rows()
    rows[0]["file_name"] = name
    folder = write(tmp_path / "a/d", rows)
    opened = []
    monkeypatch.setattr(audit_files, "read_regular", spy(opened, audit_files.read_regular))
    report = audit(folder, code=1)
    assert {"files", "labels", "splits"} >= names(report, "failed") >= {"files"}
    assert len(opened) == len(rows) - 1 and all(folder in path.parents for path in opened)
    assert "\0" not in json.dumps(report) and "\\u0000" not in json.dumps(report)


def spy(opened: list[Path], read: Callable) -> Callable:
    def recorded(path: Path) -> bytes:
        opened.append(path.resolve())
        return read(path)

    return recorded


def test_snakemakes_timestamp_is_allowed_only_if_empty(tmp_path):
    folder = write(tmp_path / "d", good_rows())
    (folder / ".snakemake_timestamp").touch()
    assert audit(folder)["passed"]
    (folder / ".snakemake_timestamp").write_text("x")
    assert names(audit(folder, code=1), "failed") == {"files"}


@pytest.mark.parametrize("damage", [delete_image, change_card, no_checksums])
def test_no_policy_tolerates_a_damaged_file(tmp_path, damage):
    folder = write(tmp_path / "d", good_rows())
    damage(folder)
    assert not audit(folder, {"policy": "official"}, code=1)["passed"]


def run(folder: Path, output: Path, cfg: dict = CFG) -> subprocess.CompletedProcess:
    command = [sys.executable, SCRIPT, "--dataset", folder, "--config", json.dumps(cfg), "--same-identity"]
    command += ["--output", output / "audit.json", "--output-page", output / "audit.html"]
    return subprocess.run(command, capture_output=True, text=True)


def no_metadata(folder: Path) -> None:
    (folder / "metadata.csv").unlink()


def metadata_link(folder: Path) -> None:
    no_metadata(folder)
    (folder / "metadata.csv").symlink_to("/etc/passwd")


def no_column(folder: Path) -> None:
    text = (folder / "metadata.csv").read_text()
    (folder / "metadata.csv").write_text(text.replace("phash", "p", 1))


def cut_row(folder: Path) -> None:
    with open(folder / "metadata.csv", "a") as file:
        file.write("train/real/x.jpg,0\n")


def huge_field(folder: Path) -> None:
    with open(folder / "metadata.csv", "a") as file:
        file.write("x" * 200_000 + "," * len(METADATA) + "\n")


def no_rows(folder: Path) -> None:
    (folder / "metadata.csv").write_text((folder / "metadata.csv").read_text().split("\n")[0] + "\n")


def empty(folder: Path) -> None:
    (folder / "metadata.csv").write_text("")


def binary(folder: Path) -> None:
    (folder / "metadata.csv").write_bytes(bytes(range(256)) * 9)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (no_metadata, "make the dataset first"),
        (metadata_link, "metadata.csv: a link"),
        (no_column, "not exactly once there: phash"),
        (cut_row, "line 42: 2 values for 14 columns"),
        (huge_field, "can't be read as a table"),
        (no_rows, "has no rows"),
        (empty, "not exactly once there: file_name"),
        (binary, "can't be read as a table: 'utf-8' codec can't decode byte 0x80"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_invalid_dataset_gives_a_clear_error(tmp_path, damage, message):
    folder = write(tmp_path / "d", good_rows())
    damage(folder)
    done = run(folder, tmp_path)
    assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "audit.json").exists()


def test_the_log_has_every_finding_and_the_last_line_says_where_to_look(tmp_path):
    rows = good_rows()
    for row in select(rows, split="train") + select(rows, split="val"):
        row["target"] = "fam/p\u202e\x1b[31m<script>é"
    folder = write(tmp_path / "d", rows)
    for number in range(30):
        (folder / f"extra_{number:02d}").touch()
    done = run(folder, tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert all(f"extra_{number:02d}: a file, but no row" in done.stderr for number in range(30))
    assert done.stdout.splitlines()[-1].endswith("logs/audit/d.log, and the page is logs/audit/d.html")
    assert done.stdout.strip() in done.stderr and "\x1b" not in done.stderr + done.stdout
    assert len(result(json.loads((tmp_path / "audit.json").read_text()), "files")["examples"]) == 20
    page = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "<script>" not in page and "&lt;script&gt;é" in page and "and 22 more" in page
    assert "http" not in page and "src=" not in page and "FAILED: files, " in page


def test_a_row_of_a_file_that_is_no_image(tmp_path):
    folder = write(tmp_path / "d", good_rows())
    path = next(folder.glob("train/real/*"))
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(b"\xff\xd8\xffno image")
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "metadata.csv").write_text((folder / "metadata.csv").read_text().replace(old, new))
    write_checksums(folder)
    report = audit(folder, code=1)
    assert names(report, "failed") == {"files"} and "image" in result(report, "files")["examples"][0]
