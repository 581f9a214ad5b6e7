"""Detect manipulated faces in videos and images with a trained model: a verdict for each file.

    python scripts/detect.py clip.mp4 folder/ more.zip --model results/model/best.pt --output-page report.html

Prints a table, or with --json one line of JSON for each file as soon as it is judged. Exit codes: 0 all files
were judged; 1 nothing can be judged, and the reason is logged; 2 wrong options; 3 some files could not be
judged, and the table says why; 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from deepfake.checkpoints.open_model import open_model
from deepfake.console import log, printable, progress_bar
from deepfake.detection import output
from deepfake.detection.detect import detect_media
from deepfake.detection.media import LIMITS, find_media, read_list
from deepfake.detection.options import add_options
from deepfake.detection.preprocessing import preprocessing_of, unsearched
from deepfake.files import new_file
from deepfake.program import add_limits, exit_on_sigterm, make_parser, positive_int, run

CROPS_SHOWN = 8  # frames of each video of which the page shows faces


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    exit_on_sigterm()
    limits = LIMITS | args.limits
    model = open_model(args.model, args.threads, limits)
    preprocessing = preprocessing_of(
        model.metadata, args.corpus, args.frames, args.crops, args.face_model, args.faces
    )
    paths, notes = [*args.media, *(read_list(args.list) if args.list else [])], []
    media = find_media(paths, limits, notes)
    options = {"people": args.people, "bootstrap": args.bootstrap, "seed": args.seed}
    options |= {"workers": args.threads, "shown": CROPS_SHOWN if args.output_page else 0}
    verdicts = []
    with progress_bar(len(media), "detect", "files") as advance:
        for verdict in detect_media(media, model, preprocessing, **options):
            verdicts.append(verdict)
            if args.json:
                output.print_json(verdict)
            advance(1)
    warning = unsearched(preprocessing, [verdict.kind for verdict in verdicts])
    if args.output_table:
        output.write_table(args.output_table, verdicts)
    if args.output_json:
        output.write_json(args.output_json, verdicts)
    if args.output_page:
        from deepfake.pages.verdicts import page  # loads matplotlib

        with new_file(args.output_page) as part:
            part.write_text(
                page(verdicts, model, "Verdicts", warning=warning), encoding="utf-8", newline="\n"
            )
    if not args.json:
        output.print_table(verdicts)
    for note in [*notes, *([warning] if warning else [])]:
        log.warning("%s", printable(note))
    return 0 if all(verdict.people for verdict in verdicts) else 3


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("media", nargs="*", help="videos, images, folders and zips of them")
    add("--list", help="text file of more paths, one a line, relative to the file's folder")
    add("--model", required=True, help="best.pt, or the model in another format")
    add_options(parser)
    add("--threads", type=positive_int, default=os.cpu_count(), help="workers, and threads of the model")
    add("--bootstrap", type=positive_int, default=1000, help="resamples for the 95 %% intervals")
    add("--seed", type=int, default=0, help="seed of the resampling")
    add_limits(parser)
    add("--json", action="store_true", help="print a line of JSON for each file")
    add("--output-page", help="write report.html")
    add("--output-table", help="write verdicts.csv")
    add("--output-json", help="write verdicts.json")
    args = parser.parse_args(argv)
    if not args.media and not args.list:
        parser.error("name videos, images, folders or zips, or a --list of them")
    return args


if __name__ == "__main__":
    sys.exit(run(main))
