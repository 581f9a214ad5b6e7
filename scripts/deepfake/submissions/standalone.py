"""Detect manipulated faces in videos and images.

    python predict.py clips/ more.zip one.mp4 --csv submission.csv
    python predict.py test/ --list test_list.txt --crops --output prediction.txt

The model is model.onnx beside this program, which also records the preprocessing; see README.md. Exit
codes: 0 all files were judged, 1 nothing could be done, for the reason logged, 2 wrong options, 3 some
files could not be judged: they are logged, and have the fallback.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.checkpoints.onnx_inference import open_onnx
from deepfake.console import print_safely
from deepfake.detection.media import LIMITS, MediaFile, find_media
from deepfake.detection.output import as_json
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.program import add_limits, make_parser, run
from deepfake.submissions.answers import Answer, answer, log_summary, write_prediction, write_submission
from deepfake.submissions.names import Names, read_names, read_sample
from deepfake.submissions.paths import files_anywhere, files_in_folder

HERE = Path(__file__).resolve().parent
FACE_MODEL = HERE / "face_detector.onnx"


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    limits = LIMITS | args.limits
    listed, files = requested(args, limits)
    model = open_onnx(args.model, args.threads, limits)
    face_model = FACE_MODEL if FACE_MODEL.exists() else None
    preprocessing = preprocessing_of(model.metadata, args.corpus, crops=args.crops, face_model=face_model)
    answers = answer(listed.names, files, model, preprocessing, args.people, args.threads)
    if args.output:
        write_prediction(args.output, answers, args.fallback_label)
    if args.csv:
        write_submission(args.csv, answers, args.fallback, args.clip)
    if args.json:
        write_json(args.json, answers)
    if not (args.output or args.csv or args.json):
        for one in answers:
            said = f"{one.verdict.verdict} {one.verdict.score:.6f}" if one.verdict else one.reason
            print_safely(f"{one.name} {said}")
    fallback = args.fallback if args.csv else args.fallback_label
    print(log_summary(answers, listed.duplicates, fallback), file=sys.stderr)
    return 3 if any(one.verdict is None for one in answers) else 0


def requested(args: argparse.Namespace, limits: dict) -> tuple[Names, list[MediaFile | str]]:
    """Return the names to answer and, for each, its media file or the reason why there is none."""
    if args.list:
        if len(args.paths) != 1:
            raise UserError(f"--list names files of one folder, and {len(args.paths)} paths are given")
        listed = read_names(args.list)
        return listed, files_in_folder(listed.names, args.paths[0], limits)
    if args.sample:
        listed = read_sample(args.sample)
        return listed, files_anywhere(listed.names, args.paths, limits)
    media = find_media(args.paths, limits)
    return Names([file.name for file in media], {}), media


def write_json(path: str, answers: Sequence[Answer]) -> None:
    """Write a list with all that is known of each file: its verdict as JSON, and the reason for none."""
    verdicts = [as_json(one.verdict) if one.verdict else {"name": one.name} for one in answers]
    rows = [{**verdict, "reason": one.reason} for verdict, one in zip(verdicts, answers, strict=True)]
    with new_file(path) as part:
        part.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("paths", nargs="+", help="videos, images, folders, zips")
    names = parser.add_mutually_exclusive_group()
    names.add_argument("--list", help="lines `name` or `name label`: only these files, in this order")
    names.add_argument("--sample", help="csv with a column `filename`: only these files, in this order")
    add("--output", help="write prediction.txt, lines `name label` with 1 for fake")
    add("--csv", help="write submission.csv, filename,label with the probability of fake")
    add("--json", help="write all that is known of each file")
    add("--crops", action="store_true", help="images are face crops already")
    add(
        "--people",
        choices=["worst", "largest"],
        default="worst",
        help="which person decides a video's verdict",
    )
    add("--corpus", help="preprocess as for this corpus of those that README.md lists")
    add("--fallback-label", type=int, choices=[0, 1], default=1, help="in --output")
    add("--fallback", type=float, default=0.5, help="in --csv")
    add("--clip", type=float, nargs=2, default=[0.01, 0.99], help="lowest and highest probability in --csv")
    add("--model", default=HERE / "model.onnx", help="another model in this format")
    add("--threads", type=int, default=os.cpu_count(), help="worker processes, and threads of the model")
    add_limits(parser)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
