"""Take frames from each video of a shard, exactly the wanted ones, into one tar with a table beside it.

    python scripts/frames.py --table results/index/demo/all.csv --videos results/videos/demo/all \
        --config '{"strategy": "uniform", "format": "jpg", "quality": 95}' \
        --output results/frames/demo/all.tar --output-table results/frames/demo/all.csv

A shard of stills has no unpacked videos: give the index's `--sources` in place of `--videos`.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2

from deepfake import tables
from deepfake.console import log, progress
from deepfake.corpora.archives import SourceError
from deepfake.corpora.sources import open_indexed
from deepfake.extraction.frames import frames_of_stills, frames_of_video
from deepfake.extraction.stills import no_image, stills_of
from deepfake.extraction.tars import new_tar
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    cv2.setNumThreads(1)  # a job keeps to its core
    cfg = json.loads(args.config)
    videos = tables.read_rows(args.table)
    listed = progress(videos, f"frames {args.output.stem}", "videos")
    taken = of_videos(listed, args.videos, cfg) if args.videos else of_stills(listed, args.sources, cfg)
    rows = []
    try:
        with new_tar(args.output) as add:
            for row, data in taken:
                rows.append(row)
                if data:
                    add(row["image"], data)
    except (SourceError, OSError) as error:
        log.error("%s: %s", args.output, error)
        return 1
    tables.write_rows(args.output_table, tables.FRAMES, rows)
    for row in rows:
        if row["reason"]:
            log.warning("%s %s: %s", row["video"], row.get("frame", ""), row["reason"])
    counts = Counter(row["status"] for row in rows)
    log.info("%d videos: %s", len(videos), ", ".join(f"{n} frames {s}" for s, n in sorted(counts.items())))
    return 0


def of_videos(videos: Iterable[dict], folder: Path, cfg: dict) -> Iterator[tuple[dict, bytes]]:
    """Rows and images of videos that were unpacked to `folder`."""
    unpacked = {row["video"]: row for row in tables.read_rows(folder / "unpacked.csv")}
    for video in videos:
        name = video["video"]
        if name not in unpacked:
            log.error("%s/unpacked.csv has no row for %s; delete the folder, run again", folder, name)
            raise SystemExit(1)
        if reason := unpacked[name]["reason"]:
            yield no_image(name, tables.UNREADABLE, reason), b""
        else:
            yield from frames_of_video(folder / unpacked[name]["file"], name, cfg, video["frames_wanted"])


def of_stills(videos: Iterable[dict], sources: str, cfg: dict) -> Iterator[tuple[dict, bytes]]:
    """Rows and images of stills, and of tars of stills, read where they lie."""
    with open_indexed(sources) as source:
        for video in videos:
            yield from frames_of_stills(stills_of(video, source, cfg))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", required=True, help="the shard's videos")
    parser.add_argument(
        "--videos", nargs="?", type=Path, help="folder they were unpacked to; none for stills"
    )
    parser.add_argument("--sources", help="the index's sources.json, where stills are read from")
    parser.add_argument("--config", required=True, help="JSON: the frames section")
    parser.add_argument("--output", required=True, type=Path, help="tar of the frames")
    parser.add_argument("--output-table", required=True, help="table of the frames")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
