"""Decode the sampled frames of each video of a shard into one tar, with a table beside it.

    python scripts/frames.py --table results/index/demo/all.csv --videos results/videos/demo/all \
        --config '{"strategy": "uniform", "format": "jpg", "quality": 95}' \
        --output results/frames/demo/all.tar --output-table results/frames/demo/all.csv

A shard of stills has no unpacked videos: give the index's `--sources` in place of `--videos`.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deepfake import tables
from deepfake.console import log, progress_bar
from deepfake.errors import UserError
from deepfake.extraction.isolated import read_isolated, tasks_of_stills
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.tars import write_shard
from deepfake.extraction.tasks import FRAMES, ExtractionTask, Settings
from deepfake.program import exit_on_sigterm, json_object, make_parser, positive_int, run

if TYPE_CHECKING:
    from deepfake.extraction import worker  # noqa: F401  a part of this step, which only its processes load


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    exit_on_sigterm()
    table, limits = tables.read_rows(args.table), MEDIA_LIMITS | args.limits
    sources = "" if args.videos else args.sources
    settings = Settings(FRAMES, args.config, args.config, sources, limits)
    with progress_bar(len(table), f"frames {args.output.stem}", "videos") as advance:
        if args.videos:
            tasks = tasks_of_videos(table, args.videos, limits)
        else:
            tasks = tasks_of_stills(table, limits, args.workers)
        frames = read_isolated(settings, tasks, advance, args.workers)
        rows = write_shard(args.output, args.output_table, tables.FRAMES, frames)
    for row in rows:
        if row["reason"]:
            log.warning("%s %s: %s", row["video"], row.get("frame", ""), row["reason"])
    counts = Counter(row["status"] for row in rows)
    log.info("%d videos: %s", len(table), ", ".join(f"{n} frames {s}" for s, n in sorted(counts.items())))


def tasks_of_videos(videos: list[dict[str, str]], folder: Path, limits: dict) -> list[ExtractionTask]:
    """Return the tasks of a shard's videos, which were unpacked to `folder`."""
    unpacked = {row["video"]: row for row in tables.read_rows(folder / "unpacked.csv")}
    tasks = []
    for number, video in enumerate(videos):
        name = video["video"]
        if name not in unpacked:
            raise UserError(f"{folder}/unpacked.csv has no row for {name}; delete the folder, run again")
        file, reason = unpacked[name]["file"], unpacked[name]["reason"]
        path = str((folder / file).absolute()) if not reason else ""
        mask = str((folder / unpacked[name]["mask"]).absolute()) if unpacked[name]["mask"] else ""
        tasks.append(ExtractionTask(number, [video], path, limits["seconds"], reason, mask=mask))
    return tasks


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--table", required=True, help="table of the shard's videos")
    parser.add_argument("--videos", nargs="?", type=Path, help="folder of the unpacked videos; none: stills")
    parser.add_argument("--sources", help="the index's sources.json: where stills are read from")
    parser.add_argument("--config", required=True, type=json_object, help="JSON: the frames section")
    parser.add_argument("--limits", type=json_object, default={}, help="JSON: limits on a video or still")
    parser.add_argument("--workers", type=positive_int, default=1, help="processes that do the work")
    parser.add_argument("--output", required=True, type=Path, help="tar of the frames to write")
    parser.add_argument("--output-table", required=True, help="table of the frames to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
