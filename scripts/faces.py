"""Crop the largest face of each frame of a shard into one tar, with a table beside it.

    python scripts/faces.py --frames results/frames/demo/all.tar --frame-table results/frames/demo/all.csv \
        --config '{"detector": "dlib", "search": "full", "width": 640, "upsample": 1, "max_faces": 2,
                   "margin": 1.3, "size": 224, "format": "jpg", "quality": 95}' \
        --output results/faces/demo/all.tar --output-table results/faces/demo/all.csv

A shard of stills has no frames: without `--frames` the stills of `--table` are read from `--sources`.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import cv2

from deepfake import tables
from deepfake.console import log, progress
from deepfake.corpora.sources import open_indexed
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.faces import faces_of_video
from deepfake.extraction.stills import read_stills
from deepfake.extraction.tars import Images, read_shard, write_shard
from deepfake.program import json_object, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    cv2.setNumThreads(1)  # a job keeps to its core
    cfg = args.config
    detector = load_detector(cfg)
    videos = read_videos(args) if args.frames else read_corpus(args)
    crops = (crop for frames in videos for crop in faces_of_video(frames, cfg, detector))
    rows = write_shard(args.output, args.output_table, tables.FACES, crops)
    counts = Counter(row["status"] for row in rows)
    log.info("%d frames: %s", len(rows), ", ".join(f"{n} {status}" for status, n in sorted(counts.items())))


def read_videos(args: argparse.Namespace) -> Iterator[Images]:
    """Yield the frames of each video, as the step `frames` stored them."""
    table = tables.read_rows(args.frame_table)
    videos = [list(rows) for _, rows in groupby(table, key=lambda row: row["video"])]
    return read_shard(args.frames, progress(videos, f"faces {args.output.stem}", "videos"))


def read_corpus(args: argparse.Namespace) -> Iterator[Images]:
    """Yield each still, or the stills of each tar, read from the corpus itself."""
    videos = tables.read_rows(args.table)
    with open_indexed(args.sources) as source:
        for video in progress(videos, f"faces {args.output.stem}", "stills"):
            yield read_stills(video, source, args.sampling)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--frames", nargs="?", help="tar of the frames; none: stills")
    parser.add_argument("--frame-table", nargs="?", help="table of the frames")
    parser.add_argument("--table", help="table of the shard's stills")
    parser.add_argument("--sources", help="the index's sources.json: where stills are read from")
    parser.add_argument(
        "--sampling", type=json_object, default={}, help="JSON: the frames section, for tars of stills"
    )
    parser.add_argument("--config", required=True, type=json_object, help="JSON: the faces section")
    parser.add_argument("--output", required=True, type=Path, help="tar of the crops to write")
    parser.add_argument("--output-table", required=True, help="table of the crops to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
