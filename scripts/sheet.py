"""Draw a sheet of a corpus's faces: some frames with box and landmarks, their square and their aligned crop.

    python scripts/sheet.py --title demo --videos results/index/demo/videos.csv \
        --faces results/faces/demo/all.csv \
        --frames results/frames/demo/all.tar --frame-tables results/frames/demo/all.csv \
        --config '{"detector": "dlib", "align": "none", "margin": 1.3, "size": 224, "format": "jpg",
                   "quality": 95}' \
        --output results/sheets/demo.jpg

Stills have no tar of frames: they are read from `--sources`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deepfake import tables
from deepfake.console import log
from deepfake.dataset.face_sheet import choose_examples, draw_face_sheet
from deepfake.dataset.face_sheet_frames import read_stills, read_stored
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.files import new_file
from deepfake.program import exit_on_sigterm, json_object, make_parser, run

if TYPE_CHECKING:
    from deepfake.extraction import worker  # noqa: F401  a part of this step, which only its process loads


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    exit_on_sigterm()
    videos = tables.read_rows(args.videos)
    faces = [row for table in args.faces for row in tables.read_rows(table)]
    cropped, without = choose_examples(videos, faces)
    wanted = {(row["video"], row["frame"]) for row in cropped + without}
    limits = MEDIA_LIMITS | args.limits
    frames = read_stored(wanted, zip(args.frames, args.frame_tables, strict=True))
    frames |= read_stills(wanted, videos, args.sources or "", args.sampling, limits)
    title = f"{args.title}: {len(cropped)} of {len({row['video'] for row in videos}):,} videos"
    examples = [
        [(row, frames.get((row["video"], row["frame"]), b"")) for row in rows] for rows in (cropped, without)
    ]
    with new_file(args.output) as path:
        path.write_bytes(draw_face_sheet(title, *examples, args.config))
    log.info("%d frames with a crop, %d without", len(cropped), len(without))


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--title", required=True, help="name of the corpus, for the title")
    parser.add_argument("--videos", required=True, help="the index's table of the corpus")
    parser.add_argument("--faces", required=True, nargs="+", help="tables of the crops, of some shards")
    parser.add_argument("--frames", nargs="*", default=[], type=Path, help="tars of these shards' frames")
    parser.add_argument("--frame-tables", nargs="*", default=[], type=Path, help="their tables")
    parser.add_argument("--sources", help="the index's sources.json: where stills are read from")
    parser.add_argument("--sampling", type=json_object, default={}, help="JSON: the frames section")
    parser.add_argument("--config", required=True, type=json_object, help="JSON: the faces section")
    parser.add_argument("--limits", type=json_object, default={}, help="JSON: limits on a still")
    parser.add_argument("--output", required=True, help="JPEG to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
