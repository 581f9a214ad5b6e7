"""Unpack the videos of one shard from archives, or link those of a folder, and check their CRC-32.

    python scripts/unpack.py --table results/index/demo/all.csv --sources results/index/demo/sources.json \
        --output results/videos/demo/all
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake import tables
from deepfake.console import log, progress
from deepfake.corpora.archives import MemberError
from deepfake.corpora.corpus_source import open_indexed
from deepfake.corpora.sources import Source, check_crc32
from deepfake.files import new_directory
from deepfake.program import make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    videos = tables.read_rows(args.table)
    rows = []
    with new_directory(args.output) as folder, open_indexed(args.sources) as source:
        for video in progress(videos, f"unpack {args.output.name}", "videos"):
            name = video["video"] + Path(video["member"]).suffix.lower()
            reason = unpack(source, video, folder / name)
            mask = "" if reason else unpack_mask(source, video, folder)
            row = {"video": video["video"], "file": "" if reason else name, "mask": mask, "reason": reason}
            rows.append(row)
            if reason:
                log.warning("%s left out: %s", video["video"], reason)
        tables.write_rows(folder / "unpacked.csv", tables.UNPACKED, rows)
    log.info("%d of %d videos unpacked", sum(not row["reason"] for row in rows), len(rows))


def unpack_mask(source: Source, video: dict[str, str], folder: Path) -> str:
    """Unpack or link the mask of a video to `folder`; return its name, "" if there is none."""
    if not video["mask_member"]:
        return ""
    name = f"{video['video']}.mask{Path(video['mask_member']).suffix.lower()}"
    mask = {key: video[f"mask_{key}"] for key in ("archive", "member", "crc32")}
    if reason := unpack(source, mask, folder / name):
        log.warning("the mask of %s left out: %s", video["video"], reason)
        return ""
    return name


def unpack(source: Source, video: dict[str, str], target: Path) -> str:
    """Unpack or link a video to `target`; return the reason if that can't be done, else ""."""
    try:
        check_crc32(source.extract(video["archive"], video["member"], target), video)
    except MemberError as error:
        target.unlink(missing_ok=True)
        return str(error)
    return ""


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--table", required=True, help="the shard's videos")
    parser.add_argument("--sources", required=True, help="the index's sources.json")
    parser.add_argument("--output", required=True, type=Path, help="folder for the videos")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
