"""Find the faces in a shard's frames and cut out the largest of each, into one tar with a table beside it.

    python scripts/faces.py --frames results/frames/demo/all.tar --frame-table results/frames/demo/all.csv \
        --config '{"detector": "dlib", "search": "full", "width": 640, "upsample": 1, "max_faces": 2,
                   "margin": 1.3, "size": 224, "format": "jpg", "quality": 95}' \
        --output results/faces/demo/all.tar --output-table results/faces/demo/all.csv
"""

import argparse
import json
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import cv2

from deepfake import tables
from deepfake.console import log, progress, start_log
from deepfake.detectors import load
from deepfake.faceset import carried, faces_of_clip
from deepfake.images import UnreadableImage
from deepfake.tars import new_tar, read_tar


class OutOfStep(ValueError):
    """The tar doesn't hold what its table says, in the same order."""


def main() -> int:
    args = parse_args()
    start_log()
    cv2.setNumThreads(1)  # a job keeps to its core
    cfg = json.loads(args.config)
    try:
        detector = load(cfg)
    except (FileNotFoundError, ValueError) as error:
        log.error("%s", error)
        return 1
    frame_rows = tables.read_rows(args.frame_table)
    clips = [(video, list(rows)) for video, rows in groupby(frame_rows, key=lambda row: row["video"])]
    stored = read_tar(args.frames)
    rows = []
    try:
        with new_tar(args.output) as add:
            for _, clip in progress(clips, f"faces {args.output.stem}", "videos"):
                usable = [row for row in clip if row["status"] == "ok"]
                for row, data in faces_of_clip(
                    zip(usable, images_of(clip, stored), strict=True), cfg, detector
                ):
                    rows.append(row)
                    if data:
                        add(row["image"], data)
                rows += [carried(row) for row in clip if row["status"] != "ok"]
            if extra := next(stored, None):
                raise OutOfStep(f"it holds {extra[0]} as well, which the table has not")
    except (OutOfStep, UnreadableImage, tarfile.TarError) as error:
        log.error("%s doesn't fit %s: %s; delete both and run again", args.frames, args.frame_table, error)
        return 1
    tables.write_rows(args.output_table, tables.FACES, rows)
    counts = Counter(row["status"] for row in rows)
    log.info("%d frames: %s", len(rows), ", ".join(f"{n} {status}" for status, n in sorted(counts.items())))
    return 0


def images_of(clip: list[dict], stored: Iterator[tuple[str, bytes]]) -> Iterator[bytes]:
    """The images of a clip's usable frames, from the tar that holds all images of the table in its order."""
    for row in clip:
        if row["image"]:
            name, data = next(stored, ("no more", b""))
            if name != row["image"]:
                raise OutOfStep(f"it holds {name} where the table has {row['image']}")
            if row["status"] == "ok":
                yield data


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", required=True, help="tar of the frames")
    parser.add_argument("--frame-table", required=True, help="table of the frames")
    parser.add_argument("--config", required=True, help="JSON: the faces section")
    parser.add_argument("--output", required=True, type=Path, help="tar of the crops")
    parser.add_argument("--output-table", required=True, help="table of the crops")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
