"""Take frames from each video of a shard, exactly the wanted ones, into one tar with a table beside it.

    python scripts/frames.py --table results/index/demo/all.csv --videos results/videos/demo/all \
        --config '{"strategy": "uniform", "count": 10, "format": "jpg", "quality": 95}' \
        --output results/frames/demo/all.tar --output-table results/frames/demo/all.csv
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import cv2

from deepfake import tables
from deepfake.console import log, progress, start_log
from deepfake.frameset import UNREADABLE, frames_of_still, frames_of_video, no_image
from deepfake.tars import new_tar


def main() -> None:
    args = parse_args()
    start_log()
    cv2.setNumThreads(1)  # a job keeps to its core
    cfg = json.loads(args.config)
    unpacked = {row["video"]: row for row in tables.read_rows(args.videos / "unpacked.csv")}
    rows = []
    with new_tar(args.output) as add:
        for video in progress(tables.read_rows(args.table), f"frames {args.videos.name}", "videos"):
            name, found = video["video"], unpacked.get(video["video"])
            if found is None:
                log.error(
                    "%s/unpacked.csv has no row for %s; delete the folder, run again", args.videos, name
                )
                raise SystemExit(1)
            if found["reason"]:
                rows.append(no_image(name, UNREADABLE, found["reason"]))
                continue
            take = frames_of_still if video["media"] == "image" else frames_of_video
            for row, data in take(args.videos / found["file"], name, cfg):
                rows.append(row)
                if data:
                    add(row["image"], data)
    tables.write_rows(args.output_table, tables.FRAMES, rows)
    for row in rows:
        if row["reason"]:
            log.warning("%s %s: %s", row["video"], row.get("frame", ""), row["reason"])
    counts = Counter(row["status"] for row in rows)
    log.info("%d videos: %s", len(unpacked), ", ".join(f"{n} frames {s}" for s, n in sorted(counts.items())))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", required=True, help="the shard's videos")
    parser.add_argument("--videos", required=True, type=Path, help="folder they were unpacked to")
    parser.add_argument("--config", required=True, help="JSON: the frames section")
    parser.add_argument("--output", required=True, help="tar of the frames")
    parser.add_argument("--output-table", required=True, help="table of the frames")
    return parser.parse_args()


if __name__ == "__main__":
    main()
