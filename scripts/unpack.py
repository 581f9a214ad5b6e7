"""Take the videos of one shard out of archives, checked against their CRC-32s; those of a folder are linked.

    python scripts/unpack.py --table results/index/demo/all.csv --sources results/index/demo/sources.json \
        --output results/videos/demo/all
"""

import argparse
import json
import sys
from pathlib import Path

from deepfake import tables
from deepfake.archives import BadArchive, BadMember
from deepfake.atomic import new_directory
from deepfake.console import log, progress, start_log
from deepfake.sources import open_source


def main() -> int:
    args = parse_args()
    start_log()
    videos = tables.read_rows(args.table)
    found = json.loads(args.sources.read_text(encoding="utf-8", errors="surrogateescape"))
    rows = []
    try:
        with new_directory(args.output) as folder, open_source(found["sources"], found["limits"]) as source:
            for video in progress(videos, f"unpack {args.output.name}", "videos"):
                name = video["video"] + Path(video["member"]).suffix.lower()
                row = {"video": video["video"], "file": name, "reason": place(source, video, folder / name)}
                rows.append(row if not row["reason"] else {**row, "file": ""})
            tables.write_rows(folder / "unpacked.csv", tables.UNPACKED, rows)
    except (BadArchive, OSError) as error:
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
        crc = source.place(video["archive"], video["member"], target)
    except BadMember as error:
        return str(error)
    if f"{crc:08x}" != video["crc32"]:
        target.unlink()
        return f"CRC-32 {crc:08x}, not {video['crc32']} as in the index"
    return ""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", required=True, help="the shard's videos")
    parser.add_argument("--sources", required=True, type=Path, help="the index's sources.json")
    parser.add_argument("--output", required=True, type=Path, help="folder for the videos")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
