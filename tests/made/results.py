"""A results folder without any fault: two shards of frames and of crops, and a dataset."""

from pathlib import Path

from made.dataset import good_rows, texture, write

from deepfake import tables
from deepfake.extraction import images, tars
from deepfake.extraction.faces import faces_of_video
from deepfake.extraction.frames import frames_of_stills

CROPS = {"detector": "none", "size": 64, "format": "jpg", "quality": 95}


def write_results(results: Path) -> Path:
    """Write the shards 0 and 1 of the corpus `mine`, and the dataset `small` of other images."""
    for number, shard in enumerate(["0", "1"]):
        for step in ("frames", "faces"):
            write_shard(results, step, shard, number)
    (results / "index").mkdir()
    (results / "index/mine.txt").write_text("0\n1\n")
    write(results / "small", good_rows())
    return results


def write_shard(results: Path, step: str, shard: str, number: int) -> Path:
    """Write a tar of three images and its table of four rows, the last of which has no image."""
    stills = []
    for frame in range(3):
        row = {"video": f"v{number}", "frame": frame, "time": "", "status": tables.OK, "reason": ""}
        stills.append((row, images.encode(texture(10 * number + frame), "jpg", 95)))
    missing = {
        "video": f"w{number}",
        "frame": 0,
        "time": "",
        "status": tables.MISSING,
        "reason": "can't be decoded",
    }
    stills.append((missing, b""))
    made = frames_of_stills(stills) if step == "frames" else faces_of_video(stills, CROPS, None)
    tar = results / step / "mine" / f"{shard}.tar"
    tars.write_shard(tar, tar.with_suffix(".csv"), getattr(tables, step.upper()), made)
    return tar
