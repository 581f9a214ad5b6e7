"""Take the videos of one shard out of archives, checked against their CRC-32s; those of a folder are linked.

    python scripts/unpack.py --table results/index/demo/all.csv --sources results/index/demo/sources.json \
        --output results/videos/demo/all
"""

import argparse
import sys
from pathlib import Path

from deepfake import tables
from deepfake.console import log, progress
from deepfake.corpora.archives import MemberError, SourceError
from deepfake.corpora.sources import check_crc32, open_indexed
from deepfake.files import new_directory
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    videos = tables.read_rows(args.table)
    rows = []
    try:
        with new_directory(args.output) as folder, open_indexed(args.sources) as source:
            for video in progress(videos, f"unpack {args.output.name}", "videos"):
                name = video["video"] + Path(video["member"]).suffix.lower()
                row = {"video": video["video"], "file": name, "reason": place(source, video, folder / name)}
                rows.append(row if not row["reason"] else {**row, "file": ""})
            tables.write_rows(folder / "unpacked.csv", tables.UNPACKED, rows)
    except (SourceError, OSError) as error:
        log.error("%s: %s", args.output, error)
        return 1
    bad = [row for row in rows if row["reason"]]
    for row in bad:
        log.warning("%s left out: %s", row["video"], row["reason"])
    log.info("%d of %d videos unpacked", len(rows) - len(bad), len(rows))
    return 0


def place(source, video: dict[str, str], target: Path) -> str:
    """Put one video at `target`; returns why that can't be done, or ""."""
    try:
        check_crc32(source.extract(video["archive"], video["member"], target), video)
    except MemberError as error:
        target.unlink(missing_ok=True)
        return str(error)
    return ""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", required=True, help="the shard's videos")
    parser.add_argument("--sources", required=True, help="the index's sources.json")
    parser.add_argument("--output", required=True, type=Path, help="folder for the videos")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
