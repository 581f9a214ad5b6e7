"""List the videos of a corpus, and assign them to shards, without unpacking anything.

    python scripts/index.py --corpus demo --sources resources/demo/demo.zip --output results/index/demo \
        --output-shards results/index/demo.txt \
        --config '{"layout": "dfdc", "columns": null, "seed": 42, "shard_size": 64, "max_videos": null,
                   "frames": {"count": 10, "boost": 8},
                   "limits": {"members": 2000000, "member_gb": 20, "total_gb": 2000, "ratio": 200}}'
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from deepfake import tables
from deepfake.console import log, printable_lines
from deepfake.corpora.checksums import Crc32Cache
from deepfake.corpora.corpus_source import open_corpus
from deepfake.corpora.index import check_classes, index_corpus, label_entries, rows_of_shards
from deepfake.corpora.index_report import left_out, other_files, summary
from deepfake.corpora.label_conflicts import label_warning
from deepfake.corpora.sources import Source
from deepfake.files import new_directory, new_file
from deepfake.hashing import write_checksums
from deepfake.layouts.registry import is_media
from deepfake.program import make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    cfg = args.config
    labels = label_entries(args.label_files)
    cache = args.output.with_name(f"{args.output.name}.crc32.csv")
    with Crc32Cache(cache) as crc32, open_corpus(args.sources, cfg["limits"], crc32) as source:
        members = source.members(lambda entry: is_media(entry, cfg["layout"]) and not entry.is_unread)
        read: set[tuple[str, str]] = set()
        rows = index_corpus(members, reader_of(source, read), cfg, labels)
    for line in left_out(rows, members):
        log.warning("%s", line)
    others = other_files(rows, members, read)
    check_classes(args.corpus, rows, cfg["layout"], others)
    warning = label_warning(args.corpus, cfg["layout"], cfg["columns"], rows)
    sources = {"sources": args.sources, "limits": cfg["limits"]}
    write_index(args.output, rows, sources, warning, cfg.get("pairs", False))
    if args.output_shards:
        with new_file(args.output_shards) as file:
            file.write_text("".join(f"{shard}\n" for shard in sorted({row["shard"] for row in rows} - {""})))
    if warning:
        log.warning("%s", warning)
        print(f"WARNING: {warning}")
    line = summary(args.corpus, rows, others)
    log.info("%s", line)
    print(printable_lines(line))


def reader_of(source: Source, read: set[tuple[str, str]]) -> Callable[[str, str], bytes]:
    """Return `source.read`, which also adds each file to `read`: the label files are those that are read."""

    def read_file(archive: str, path: str) -> bytes:
        read.add((archive, path))
        return source.read(archive, path)

    return read_file


def write_index(folder: Path, rows: list[dict], sources: dict, warning: str, pairs: bool) -> None:
    """Write videos.csv with all rows, a table of the usable videos for each shard, and sources.json.

    A warning is in tables.WARNING_FILE, for the steps that go by the labels. SHA256SUMS lists all files.
    """
    with new_directory(folder) as part:
        text = json.dumps(sources, indent=2, ensure_ascii=False)
        (part / "sources.json").write_text(text, encoding="utf-8", errors="surrogateescape")
        tables.write_rows(part / "videos.csv", tables.INDEX, rows)
        if warning:
            (part / tables.WARNING_FILE).write_text(
                f"{warning}\n", encoding="utf-8", errors="surrogateescape"
            )
        for shard, videos in rows_of_shards(rows, pairs).items():
            tables.write_rows(part / f"{shard}.csv", tables.SHARD, videos)
        write_checksums(part)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", required=True, help="its name in the config")
    parser.add_argument("--config", required=True, type=json.loads, help="JSON: the settings of the index")
    parser.add_argument("--sources", required=True, nargs="+", help="zip archives, or one folder")
    parser.add_argument("--label-files", nargs="*", default=[], help="label files outside the corpus")
    parser.add_argument("--output", required=True, type=Path, help="folder for the tables")
    parser.add_argument("--output-shards", help="text file for the names of the shards")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
