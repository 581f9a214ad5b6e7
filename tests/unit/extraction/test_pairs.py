"""A fake and its original: the same boxes where both were sampled, and masks of what differs."""

import json
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from made.media import FACES, LIMITS, person
from made.programs import run_program

from deepfake import tables
from deepfake.audit.verify_shards import check_shard
from deepfake.extraction import images
from deepfake.extraction.boxes import Box
from deepfake.extraction.detectors import Detector
from deepfake.extraction.faces import faces_of_video
from deepfake.extraction.frames import frames_of_stills
from deepfake.extraction.pairs import NO_ORIGINAL, NOT_SAMPLED, OTHER_SIZE, Original, Pair
from deepfake.extraction.tars import MASK_DATA, read_tar, write_shard

BOTH = {"boxes": "original", "masks": True}
CFG = FACES | BOTH
LEFT, RIGHT = Box(20, 20, 60, 60, 2.0, "dlib"), Box(70, 30, 100, 60, 1.0, "dlib")


def frame(number: int, pixels: np.ndarray) -> tuple[dict, bytes]:
    row = {"video": "v", "frame": str(number), "time": "", "status": "ok", "reason": ""}
    return row, images.encode(pixels, "png", 0)


def flat(width: int = 120) -> np.ndarray:
    return np.full((90, width, 3), 100, np.uint8)


def kept(*found: list[Box]) -> Original:
    """An original with these faces in its frames 0, 1, …"""
    boxes, original = iter(found), Original(with_frames=True)
    detector = Detector(lambda image: next(boxes))
    frames = (frame(number, flat()) for number in range(len(found)))
    list(faces_of_video(frames, CFG, detector, keep=original))
    return original


def faces_of_fake(frames: list, original: Original | None, cfg: dict = CFG) -> list[dict]:
    """The rows of a fake whose own face is always at the right."""
    detector = Detector(lambda image: [RIGHT])
    return [row for row, _ in faces_of_video(frames, cfg, detector, pair=Pair(original, cfg))]


def test_the_boxes_of_a_fake_are_its_originals_where_that_has_the_frame():
    original = kept([LEFT], [], [LEFT, RIGHT, LEFT])
    stored = [frame(0, flat()), frame(1, flat()), frame(2, flat()), frame(3, flat())]
    rows = faces_of_fake(stored, original)
    assert [row["found_by"] for row in (rows[0], *rows[2:])] == ["original", "original", "dlib"]
    assert [row.get("x") for row in rows] == [20, None, 20, 70]
    assert [row["status"] for row in rows] == ["ok", "no_face", "too_many_faces", "ok"]
    assert rows[1]["reason"] == "no face found by dlib in the original"
    assert rows[2]["reason"] == "3 faces in the original, more than max_faces = 2"
    own = faces_of_fake(stored, original, FACES | {"masks": True})
    assert [(row["found_by"], row["x"]) for row in own] == [("dlib", 70)] * 4


def test_frames_of_another_size_have_nothing_in_common():
    (row,) = faces_of_fake([frame(0, flat(130))], kept([LEFT]))
    assert (row["found_by"], row["mask_from"]) == ("dlib", OTHER_SIZE) and "mask" not in row


def test_a_crop_without_a_mask_says_why():
    assert faces_of_fake([frame(4, flat())], kept([LEFT]))[0]["mask_from"] == NOT_SAMPLED
    assert faces_of_fake([frame(0, flat())], None)[0]["mask_from"] == NO_ORIGINAL
    assert "mask_from" not in faces_of_fake([frame(0, flat())], None, FACES)[0]


def test_a_mask_shows_what_differs_in_its_crop():
    pixels = flat()
    pixels[30:50, 30:50] = 200
    (row,) = faces_of_fake([frame(0, pixels)], kept([LEFT]))
    assert (row["mask"], row["mask_from"]) == ("v/000000.mask.png", "difference")
    mask = images.decode(row[MASK_DATA], cv2.IMREAD_UNCHANGED)
    assert mask.shape == (64, 64) and set(np.unique(mask)) == {0, 255}
    middle = mask[24:40, 24:40]
    assert middle.all() and not mask[:10].any() and 0.1 < (mask > 0).mean() < 0.3


def write_frames(folder: Path, videos: dict[str, dict[int, np.ndarray]]) -> None:
    rows = (
        ({"video": name, "frame": number, "time": "", "status": "ok"}, images.encode(pixels, "jpg", 95))
        for name, frames in videos.items()
        for number, pixels in frames.items()
    )
    write_shard(folder / "frames.tar", folder / "frames.csv", tables.FRAMES, frames_of_stills(rows))


@pytest.fixture(scope="module")
def shard(tmp_path_factory) -> Path:
    """Stored frames of two people, and of fakes of the first: one with another mouth, one moved sideways."""
    folder = tmp_path_factory.mktemp("shard")
    first, other = ([frame[..., ::-1].copy() for frame in person(number, 4)] for number in (3, 5))
    mouth = [frame.copy() for frame in first[:3]]
    for pixels in mouth:
        cv2.ellipse(pixels, (120, 150), (25, 12), 0, 0, 360, (40, 40, 160), -1)
    moved = [np.roll(frame, 8, axis=1) for frame in first[:2]]
    videos = {"a_fake": dict(enumerate(mouth)), "b_fake": {0: moved[0], 9: moved[1]}}
    videos |= {"m_other": dict(enumerate(other)), "original": dict(enumerate(first))}
    write_frames(folder, videos)
    originals = {"a_fake": "original", "b_fake": "original"}
    rows = [{"video": name, "kind": "video", "original": originals.get(name, "")} for name in videos]
    tables.write_rows(folder / "shard.csv", tables.SHARD, rows)
    return folder


def crop(shard: Path, out: Path, workers: int, **cfg) -> list[dict[str, str]]:
    args = ["--frames", shard / "frames.tar", "--frame-table", shard / "frames.csv"]
    args += ["--table", shard / "shard.csv", "--config", json.dumps(FACES | cfg), "--workers", workers]
    assert run_program("faces.py", *args, "--output", f"{out}.tar", "--output-table", f"{out}.csv") == 0
    return tables.read_rows(f"{out}.csv")


PLACE = ("x", "y", "width", "height", "landmarks", "crop_x", "crop_y", "crop_side", "crop_angle")


@pytest.mark.parametrize(("align", "smooth"), [("none", 0), ("five_points", 0), ("five_points", 3)])
def test_pairs_of_a_shard_are_cut_alike_whatever_the_workers(shard, tmp_path, align, smooth):
    cfg = BOTH | {"landmarks": "five", "align": align, "smooth": smooth, "smoothing": "median"}
    rows = crop(shard, tmp_path / "one", 1, **cfg)
    found = {(row["video"], int(row["frame"])): row for row in rows}
    assert len(found) == len(rows) == 13 and all(row["status"] == "ok" for row in rows)
    for (video, number), row in found.items():
        original = found.get(("original", number))
        if video.endswith("fake") and original:
            assert [row[key] for key in PLACE] == [original[key] for key in PLACE]
        assert (row["found_by"] == "original") == (video.endswith("fake") and original is not None)
        assert (row["mask_from"] == "difference") == bool(row["mask"]) == (row["found_by"] == "original")
        assert bool(row["mask_from"]) == (video != "original")
    assert found["b_fake", 9]["mask_from"] == NOT_SAMPLED and found["m_other", 0]["mask_from"] == NO_ORIGINAL
    stored = dict(read_tar(tmp_path / "one.tar"))
    shares = [
        (images.decode(stored[found[video, 0]["mask"]], cv2.IMREAD_UNCHANGED) > 0).mean()
        for video in ("a_fake", "b_fake")
    ]
    assert 0.02 < shares[0] < 0.4
    crop(shard, tmp_path / "three", 3, **cfg)
    for suffix in ("tar", "csv"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"three.{suffix}").read_bytes()
    assert check_shard(tmp_path / "one.tar", "faces").faults == []


def test_without_pairs_each_video_has_its_own_faces_in_the_tables_order(shard, tmp_path):
    rows = crop(shard, tmp_path / "own", 2)
    assert [row["video"] for row in rows] == ["a_fake"] * 3 + ["b_fake"] * 2 + ["m_other"] * 4 + [
        "original"
    ] * 4
    assert {row["found_by"] for row in rows} == {"dlib"} and not any(row["mask_from"] for row in rows)


def test_stills_are_paired_too(tmp_path):
    rows, pixels = [], person(3, 1)[0][..., ::-1].copy()
    for name, original in (("a_fake", "b_real"), ("b_real", ""), ("c_fake", "b_real"), ("d_real", "")):
        image = pixels.copy()
        if original:
            cv2.ellipse(image, (120, 150), (25, 12), 0, 0, 360, (40, 40, 160), -1)
        data = images.encode(image, "png", 0)
        (tmp_path / "corpus").mkdir(exist_ok=True)
        (tmp_path / "corpus" / f"{name}.png").write_bytes(data)
        row = {"video": name, "kind": "image", "member": f"{name}.png", "crc32": f"{zlib.crc32(data):08x}"}
        rows.append(row | {"original": original})
    tables.write_rows(tmp_path / "shard.csv", tables.SHARD, rows)
    sources = {"sources": [str(tmp_path / "corpus")], "limits": LIMITS}
    (tmp_path / "sources.json").write_text(json.dumps(sources))
    args = ["--table", tmp_path / "shard.csv", "--sources", tmp_path / "sources.json"]
    args += [
        "--config",
        json.dumps(CFG),
        "--output",
        tmp_path / "a.tar",
        "--output-table",
        tmp_path / "a.csv",
    ]
    assert run_program("faces.py", *args) == 0
    found = tables.read_rows(tmp_path / "a.csv")
    assert [(row["video"], row["found_by"], row["mask_from"]) for row in found] == [
        ("b_real", "dlib", ""), ("a_fake", "original", "difference"), ("c_fake", "original", "difference"),
        ("d_real", "dlib", NO_ORIGINAL),
    ]  # fmt: skip
    assert len(dict(read_tar(tmp_path / "a.tar"))) == 6
