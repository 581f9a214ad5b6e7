"""The masks that FaceForensics++ has of its fakes, from the tree of the corpus to the crops."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import write_striped_video
from made.media import FACES, LIMITS, person, write_video
from made.programs import run_program

from deepfake import tables
from deepfake.audit.verify_shards import check_shard
from deepfake.extraction import images
from deepfake.extraction.corpus_masks import masks_of_video
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.pairs import NO_ORIGINAL
from deepfake.extraction.tars import read_tar

INDEX = {"layout": "faceforensics", "columns": None, "seed": 1, "shard_size": 64, "max_videos": None}
INDEX |= {"frames": {"count": 3, "boost": 1}, "limits": LIMITS}


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """Two fakes of people whose originals are elsewhere. The mask of the first shows its mouth, in grey."""
    tree = tmp_path_factory.mktemp("tree")
    folder = tree / "corpus/manipulated_sequences/Deepfakes"
    for number, name in enumerate(("000_003", "001_002")):
        write_video(folder / f"c23/videos/{name}.mp4", person(number + 3, 4))
    write_video(tree / "corpus/original_sequences/youtube/c23/videos/009.mp4", person(8, 4))
    mask = np.zeros((240, 240, 3), np.uint8)
    cv2.ellipse(mask, (120, 150), (40, 25), 0, 0, 360, (120, 120, 120), -1)
    write_video(folder / "masks/videos/000_003.mp4", [mask] * 4)
    (folder / "masks/videos/001_002.mp4").write_bytes(b"\0\0\0\x18ftypmp42 and no more")
    return tree


def run_steps(tree: Path, out: Path, **index) -> None:
    programs = {
        "index.py": ["--corpus", "c", "--config", json.dumps(INDEX | index), "--sources", tree / "corpus"],
        "unpack.py": ["--table", out / "index/all.csv", "--sources", out / "index/sources.json"],
        "frames.py": ["--table", out / "index/all.csv", "--videos", out / "videos"],
        "faces.py": ["--table", out / "index/all.csv", "--frames", out / "frames.tar"],
    }
    programs["frames.py"] += ["--config", json.dumps({"strategy": "uniform", "format": "jpg", "quality": 95})]
    programs["faces.py"] += ["--frame-table", out / "frames.csv"]
    programs["faces.py"] += ["--config", json.dumps(FACES | {"masks": True})]
    for program, args in programs.items():
        step = {"index.py": "index", "unpack.py": "videos"}.get(program, "")
        args += ["--output", out / (step or f"{program[:-3]}.tar")]
        args += [] if step else ["--output-table", out / f"{program[:-3]}.csv"]
        assert run_program(program, *args) == 0


def test_the_masks_of_the_tree_are_cut_with_the_crops(tree, tmp_path):
    run_steps(tree, tmp_path, masks=True)
    rows = {(row["video"], int(row["frame"])): row for row in tables.read_rows(tmp_path / "faces.csv")}
    assert {(video[:9], row["mask_from"]) for (video, _), row in rows.items()} == {
        ("Deepfakes", "corpus"), ("Deepfakes", NO_ORIGINAL), ("youtube_c", NO_ORIGINAL),
    }  # fmt: skip
    stored = dict(read_tar(tmp_path / "faces.tar"))
    masked = [row for row in rows.values() if row["mask"]]
    assert [row["video"] for row in masked] == ["Deepfakes_c23_000_003"] * 3
    for row in masked:
        mask = images.decode(stored[row["mask"]], cv2.IMREAD_UNCHANGED) > 0
        side, size = int(row["crop_side"]), mask.shape[0]
        across = (120 - int(row["crop_x"])) * size / side
        down = (150 - int(row["crop_y"])) * size / side
        assert mask[int(down), int(across)] and not mask[0, 0]
        assert mask.sum() * (side / size) ** 2 == pytest.approx(np.pi * 40 * 25, rel=0.1)
    for step in ("frames", "faces"):
        assert check_shard(tmp_path / f"{step}.tar", step).faults == []
    videos = tables.read_rows(tmp_path / "index/videos.csv")
    assert sum(row["reason"] == "mask, not a video" for row in videos) == 2


def test_masks_that_nobody_wants_are_not_unpacked(tree, tmp_path):
    run_steps(tree, tmp_path)
    assert not list((tmp_path / "videos").glob("*.mask*"))
    assert not any(row["mask"] for row in tables.read_rows(tmp_path / "frames.csv"))


def test_frames_that_the_mask_does_not_have_are_left_out(tmp_path):
    path = write_striped_video(tmp_path / "mask.mp4", frames=5)
    assert set(masks_of_video(path, [0, 4, 5, 90], MEDIA_LIMITS)) == {0, 4}
    assert masks_of_video(path, [0], MEDIA_LIMITS | {"pixels": 10}) == {}
