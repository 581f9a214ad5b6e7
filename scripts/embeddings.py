"""Turn some face crops of each video of a shard into numbers that say who they show.

    python scripts/embeddings.py --faces results/faces/demo/all.tar --face-table results/faces/demo/all.csv \
        --config '{"crops": 5}' --output people.npy --output-table people.csv
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deepfake import tables
from deepfake.console import log, progress_bar
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.tars import StoredImages
from deepfake.people.embeddings import EmbeddingSettings, embed_shard, write_embeddings
from deepfake.program import exit_on_sigterm, json_object, make_parser, positive_int, run

if TYPE_CHECKING:
    from deepfake.people import embedding_worker  # noqa: F401  a part of this step, which its processes load


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    exit_on_sigterm()
    faces = tables.read_rows(args.face_table)
    with StoredImages(args.faces) as stored:
        stored.check_names(faces)
    settings = EmbeddingSettings(args.faces, args.config, MEDIA_LIMITS | args.limits)
    with progress_bar(None, f"embeddings {args.output.stem}", "crops") as advance:
        rows, vectors = embed_shard(faces, settings, args.workers, advance)
    write_embeddings(args.output_table, args.output, rows, vectors)
    counts = Counter(row["status"] for row in rows)
    log.info("%d crops: %s", len(rows), ", ".join(f"{n} {status}" for status, n in sorted(counts.items())))


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--faces", required=True, help="tar of the crops")
    parser.add_argument("--face-table", required=True, help="table of the crops")
    parser.add_argument("--config", required=True, type=json_object, help="JSON: the people section")
    parser.add_argument("--limits", type=json_object, default={}, help="JSON: limits on a process")
    parser.add_argument("--workers", type=positive_int, default=1, help="processes that do the work")
    parser.add_argument("--output", required=True, type=Path, help="array of the vectors to write")
    parser.add_argument("--output-table", required=True, type=Path, help="table of the crops to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
