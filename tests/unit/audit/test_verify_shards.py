"""Verifying shards: every changed byte is found, and reported with its reason."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made.results import write_shard

from deepfake import tables
from deepfake.audit.faults import remove
from deepfake.audit.verify import verify
from deepfake.audit.verify_shards import check_shard
from deepfake.extraction import images
from deepfake.extraction.tars import new_tar, read_tar


@pytest.fixture
def tar(tmp_path) -> Path:
    """A results folder with a single shard, of face crops."""
    return write_shard(tmp_path / "results", "faces", "0", 0)


def fault_lines(tar: Path) -> list[str]:
    """Return the faults that verify finds in the results folder, which has no other shard than `tar`."""
    results = tar.parents[2]
    return [fault.line.removeprefix(f"{results}/") for part in verify(results, 1) for fault in part.faults]


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


def table(tar: Path) -> Path:
    return tar.with_suffix(".csv")


def rewrite(tar: Path, change: Callable[[list], list]) -> None:
    stored = change(list(read_tar(tar)))
    with new_tar(tar) as add:
        for name, data in stored:
            add(name, data)


def edit(tar: Path, change: Callable[[list[dict]], object]) -> None:
    rows = tables.read_rows(table(tar))
    change(rows)
    tables.write_rows(table(tar), tables.FACES, rows)


def replace_image(tar: Path, data: bytes) -> None:
    """Replace the first image with other bytes, and let its row have their checksum."""
    rewrite(tar, lambda stored: [(stored[0][0], data), *stored[1:]])
    known = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    edit(tar, lambda rows: rows[0].update(known))


def wide(tar: Path) -> None:
    replace_image(tar, images.encode(np.zeros((20, 40, 3), np.uint8), "jpg", 90))


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
    lines = fault_lines(tar)
    assert any(one.startswith(f"faces/mine/0.tar: {line}") for one in lines), lines


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
    (line,) = fault_lines(tar)
    assert line.startswith("faces/mine/0.tar: v0/000002.jpg: ") and reason in line


def test_the_size_of_a_frame_is_that_of_its_row(tmp_path):
    tar = write_shard(tmp_path / "results", "frames", "0", 0)
    rows = tables.read_rows(table(tar))
    rows[0]["width"] = "63"
    tables.write_rows(table(tar), tables.FRAMES, rows)
    assert fault_lines(tar) == ["frames/mine/0.tar: v0/000000.jpg: 64x64 pixels, 63x64 in the table"]


def test_a_name_that_leads_out_of_the_tar_is_reported_and_not_followed(tar):
    rewrite(tar, lambda stored: [*stored, ("../../../gone\x1b[2J", b"x")])
    (line,) = fault_lines(tar)
    assert line.endswith(": ../../../gone\\x1b[2J: in the tar, but not in the table")
    remove(verify(tar.parents[2], 1)[0].faults)
    assert sorted(tar.parents[3].rglob("*.*")) == []


def test_a_shard_without_images_is_no_fault(tar):
    edit(tar, lambda rows: [rows.remove(row) for row in rows[:3]])
    rewrite(tar, lambda stored: [])
    assert fault_lines(tar) == []


def masked(
    tar: Path, mask: bytes, name: str = "v0/000001.mask.png", at: int = 2, sha256: str = ""
) -> list[str]:
    """The faults of the shard with a mask for its second image, as the `at`-th member of the tar."""
    rows = tables.read_rows(table(tar))
    rows[1] |= {"mask": name, "mask_sha256": sha256 or hashlib.sha256(mask).hexdigest()}
    tables.write_rows(table(tar), tables.FACES, rows)
    rewrite(tar, lambda stored: [*stored[:at], (name, mask), *stored[at:]])
    return fault_lines(tar)


def test_a_mask_comes_after_its_image(tar):
    mask = images.encode(np.full((64, 64), 255, np.uint8), "png", 0)
    assert masked(tar, mask) == []


@pytest.mark.parametrize(("pixels", "change", "reason"), [
    (np.full((64, 64), 255), {"sha256": "0" * 64}, "its SHA-256 is not that of the table"),
    (np.full((64, 64), 255), {"at": 1}, "not in the table's order"),
    (np.full((64, 64), 255), {"name": "v0/000007.mask.png"}, "a mask whose row has v0/000001.jpg"),
    (np.full((64, 64), 7), {}, "a mask has black and white pixels alone"),
    (np.full((64, 32), 255), {}, "its crop is square, and it is not"),
    (np.full((64, 64, 3), 255), {}, "a mask has black and white pixels alone"),
])  # fmt: skip
def test_a_wrong_mask_is_found(tar, pixels, change, reason):
    found = masked(tar, images.encode(pixels.astype(np.uint8), "png", 0), **change)
    assert any(reason in line for line in found), found
