"""Decode the sampled frames of each video of a shard into one tar, with a table beside it.

    python scripts/frames.py --table results/index/demo/all.csv --videos results/videos/demo/all \
        --config '{"strategy": "uniform", "format": "jpg", "quality": 95}' \
        --output results/frames/demo/all.tar --output-table results/frames/demo/all.csv

A shard of stills has no unpacked videos: give the index's `--sources` in place of `--videos`.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2

from deepfake import tables
from deepfake.console import log, progress
from deepfake.corpora.sources import open_indexed
from deepfake.errors import UserError
from deepfake.extraction.frames import frames_of_stills, frames_of_video
from deepfake.extraction.stills import read_stills, row_without_image
from deepfake.extraction.tars import Images, write_shard
from deepfake.program import json_object, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    cv2.setNumThreads(1)  # a job keeps to its core
    cfg = args.config
    table = tables.read_rows(args.table)
    videos = progress(table, f"frames {args.output.stem}", "videos")
    frames = of_videos(videos, args.videos, cfg) if args.videos else of_stills(videos, args.sources, cfg)
    rows = write_shard(args.output, args.output_table, tables.FRAMES, frames)
    for row in rows:
        if row["reason"]:
            log.warning("%s %s: %s", row["video"], row.get("frame", ""), row["reason"])
    counts = Counter(row["status"] for row in rows)
    log.info("%d videos: %s", len(table), ", ".join(f"{n} frames {s}" for s, n in sorted(counts.items())))


def of_videos(videos: Iterable[dict], folder: Path, cfg: dict) -> Images:
    """Yield the rows and images of videos that were unpacked to `folder`."""
    unpacked = {row["video"]: row for row in tables.read_rows(folder / "unpacked.csv")}
    for video in videos:
        name = video["video"]
        if name not in unpacked:
            raise UserError(f"{folder}/unpacked.csv has no row for {name}; delete the folder, run again")
        if reason := unpacked[name]["reason"]:
            yield row_without_image(name, tables.UNREADABLE, reason), b""
        else:
            yield from frames_of_video(folder / unpacked[name]["file"], name, cfg, video["frames_wanted"])


def of_stills(videos: Iterable[dict], sources: str, cfg: dict) -> Images:
    """Yield the rows and images of stills, and of tars of stills, read from the corpus itself."""
    with open_indexed(sources) as source:
        for video in videos:
            yield from frames_of_stills(read_stills(video, source, cfg))


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--table", required=True, help="table of the shard's videos")
    parser.add_argument("--videos", nargs="?", type=Path, help="folder of the unpacked videos; none: stills")
    parser.add_argument("--sources", help="the index's sources.json: where stills are read from")
    parser.add_argument("--config", required=True, type=json_object, help="JSON: the frames section")
    parser.add_argument("--output", required=True, type=Path, help="tar of the frames to write")
    parser.add_argument("--output-table", required=True, help="table of the frames to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
