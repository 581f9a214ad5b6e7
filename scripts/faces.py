"""Find the faces in a shard's frames and cut out the largest of each, into one tar with a table beside it.

    python scripts/faces.py --frames results/frames/demo/all.tar --frame-table results/frames/demo/all.csv \
        --config '{"detector": "dlib", "search": "full", "width": 640, "upsample": 1, "max_faces": 2,
                   "margin": 1.3, "size": 224, "format": "jpg", "quality": 95}' \
        --output results/faces/demo/all.tar --output-table results/faces/demo/all.csv

A shard of stills has no frames: without `--frames` the stills of `--table` are read from `--sources`.
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
from deepfake.console import log, progress
from deepfake.corpora.archives import SourceError
from deepfake.corpora.sources import open_indexed
from deepfake.extraction.faces import faces_of_clip, load_search
from deepfake.extraction.stills import stills_of
from deepfake.extraction.stored_frames import Clip, OutOfStep, stored_clips
from deepfake.extraction.tars import new_tar
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    cv2.setNumThreads(1)  # a job keeps to its core
    cfg = json.loads(args.config)
    try:
        search = load_search(cfg)
    except (FileNotFoundError, ValueError) as error:
        log.error("%s", error)
        return 1
    rows = []
    try:
        with new_tar(args.output) as add:
            for clip in of_frames(args) if args.frames else of_stills(args):
                for row, data in faces_of_clip(clip, cfg, search):
                    rows.append(row)
                    if data:
                        add(row["image"], data)
    except (OutOfStep, tarfile.TarError) as error:
        log.error("%s doesn't fit %s: %s; delete both and run again", args.frames, args.frame_table, error)
        return 1
    except (SourceError, OSError) as error:
        log.error("%s: %s", args.output, error)
        return 1
    tables.write_rows(args.output_table, tables.FACES, rows)
    counts = Counter(row["status"] for row in rows)
    log.info("%d frames: %s", len(rows), ", ".join(f"{n} {status}" for status, n in sorted(counts.items())))
    return 0


def of_frames(args: argparse.Namespace) -> Iterator[Clip]:
    """The clips of a shard of videos, from the frames that were taken of them."""
    table = tables.read_rows(args.frame_table)
    clips = [list(rows) for _, rows in groupby(table, key=lambda row: row["video"])]
    return stored_clips(args.frames, progress(clips, f"faces {args.output.stem}", "videos"))


def of_stills(args: argparse.Namespace) -> Iterator[Clip]:
    """Each still, or each tar of stills, as a clip; read where it lies."""
    videos, cfg = tables.read_rows(args.table), json.loads(args.sampling)
    with open_indexed(args.sources) as source:
        for video in progress(videos, f"faces {args.output.stem}", "stills"):
            yield stills_of(video, source, cfg)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", nargs="?", help="tar of the frames; none for stills")
    parser.add_argument("--frame-table", nargs="?", help="table of the frames")
    parser.add_argument("--table", help="the shard's stills")
    parser.add_argument("--sources", help="the index's sources.json, where stills are read from")
    parser.add_argument("--sampling", default="{}", help="JSON: the frames section, for tars of stills")
    parser.add_argument("--config", required=True, help="JSON: the faces section")
    parser.add_argument("--output", required=True, type=Path, help="tar of the crops")
    parser.add_argument("--output-table", required=True, help="table of the crops")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
