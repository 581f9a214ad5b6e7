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
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deepfake import tables
from deepfake.console import log, progress_bar
from deepfake.extraction.isolated import read_isolated, tasks_of_frames, tasks_of_stills
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.settings import uses_pairs
from deepfake.extraction.tars import write_shard
from deepfake.extraction.tasks import FACES, Settings
from deepfake.program import exit_on_sigterm, json_object, make_parser, positive_int, run

if TYPE_CHECKING:
    from deepfake.extraction import face_worker  # noqa: F401  a part of this step, which only its processes load


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    exit_on_sigterm()
    limits = MEDIA_LIMITS | args.limits
    if args.frames:
        videos = tables.read_rows(args.table) if uses_pairs(args.config) else []
        originals = {video["video"]: video["original"] for video in videos}
        tasks = tasks_of_frames(args.frames, tables.read_rows(args.frame_table), originals)
    else:
        videos = tables.read_rows(args.table)
        tasks = tasks_of_stills(videos, limits, args.workers, uses_pairs(args.config))
    settings = Settings(FACES, args.config, args.sampling, args.sources, limits, args.frames or "")
    number = sum(len(task.videos) for task in tasks)
    with progress_bar(number, f"faces {args.output.stem}", "videos" if args.frames else "stills") as advance:
        crops = read_isolated(settings, tasks, advance, args.workers)
        rows = write_shard(args.output, args.output_table, tables.FACES, crops)
    counts = Counter(row["status"] for row in rows)
    log.info("%d frames: %s", len(rows), ", ".join(f"{n} {status}" for status, n in sorted(counts.items())))


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--frames", nargs="?", help="tar of the frames; none: stills")
    parser.add_argument("--frame-table", nargs="?", help="table of the frames")
    parser.add_argument("--table", help="table of the shard's videos, for pairs, or stills")
    parser.add_argument("--sources", help="the index's sources.json: where stills are read from")
    parser.add_argument(
        "--sampling", type=json_object, default={}, help="JSON: the frames section, for tars of stills"
    )
    parser.add_argument("--config", required=True, type=json_object, help="JSON: the faces section")
    parser.add_argument("--limits", type=json_object, default={}, help="JSON: limits on a still")
    parser.add_argument("--workers", type=positive_int, default=1, help="processes that do the work")
    parser.add_argument("--output", required=True, type=Path, help="tar of the crops to write")
    parser.add_argument("--output-table", required=True, help="table of the crops to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
