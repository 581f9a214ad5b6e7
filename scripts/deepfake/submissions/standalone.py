"""Judge videos and stills: which of them show a manipulated face.

    python predict.py clips/ more.zip one.mp4 --csv submission.csv
    python predict.py test/ --list test_list.txt --crops --output prediction.txt

model.onnx beside this program judges them, made ready as it says itself; README.md has more. Exit codes:
0 all were judged, 1 nothing could be done (with the reason), 2 wrong options, 3 some could not be judged:
they are named, and have the fallback.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from deepfake.checkpoints.onnx import open_onnx
from deepfake.console import log
from deepfake.detection.media import LIMITS, MediaFile, find_media
from deepfake.detection.output import as_json
from deepfake.files import new_file
from deepfake.program import start_logging
from deepfake.submissions.answers import answers, tell, write_prediction, write_submission
from deepfake.submissions.inference import judge_with
from deepfake.submissions.names import Names, read_list, read_sample
from deepfake.submissions.paths import among, in_folder

HERE = Path(__file__).resolve().parent
FACE_MODEL = HERE / "face_detector.onnx"


def main() -> int:
    args = parse_args()
    start_logging()
    try:
        wanted, places = asked(args)
        judge = judge_with(
            open_onnx(args.model, args.threads),
            args.threads,
            args.crops,
            args.people,
            args.corpus,
            FACE_MODEL if FACE_MODEL.exists() else None,
        )
        found = list(answers(wanted.names, places, judge))
        if args.output:
            write_prediction(args.output, found, args.fallback_label)
    except (ValueError, OSError) as error:
        log.error("%s", error)
        return 1
    if args.csv:
        write_submission(args.csv, found, args.fallback, args.clip)
    if args.json:
        judged = [as_json(one.verdict) if one.verdict else {"name": one.name} for one in found]
        told = [{**said, "reason": one.reason} for said, one in zip(judged, found, strict=True)]
        with new_file(args.json) as part:
            part.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if not (args.output or args.csv or args.json):
        for one in found:
            print(one.name, f"{one.verdict.verdict} {one.verdict.score:.6f}" if one.verdict else one.reason)
    print(tell(found, wanted.again, args.fallback if args.csv else args.fallback_label), file=sys.stderr)
    return 3 if any(one.verdict is None for one in found) else 0


def asked(args: argparse.Namespace) -> tuple[Names, list[MediaFile | str]]:
    """The names to answer, and for each what lies there, or why nothing does."""
    if args.list:
        if len(args.paths) != 1:
            raise ValueError(f"--list names files of one folder, and {len(args.paths)} paths are given")
        wanted = read_list(args.list)
        return wanted, in_folder(wanted.names, args.paths[0], LIMITS)
    if args.sample:
        wanted = read_sample(args.sample)
        return wanted, among(wanted.names, args.paths, LIMITS)
    media = find_media(args.paths, LIMITS)
    return Names([medium.name for medium in media], {}), media


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", help="videos, stills, folders, zips")
    names = parser.add_mutually_exclusive_group()
    names.add_argument("--list", help="lines `name` or `name label`: only these, in this order")
    names.add_argument("--sample", help="csv with a column `filename`: only these, in this order")
    parser.add_argument("--output", help="prediction.txt to write, lines `name label` with 1 for fake")
    parser.add_argument("--csv", help="submission.csv to write, filename,label with the probability of fake")
    parser.add_argument("--json", help="all that is known of each file, to write")
    parser.add_argument("--crops", action="store_true", help="stills are face crops already")
    parser.add_argument("--people", choices=["worst", "largest"], default="worst", help="who decides")
    parser.add_argument("--corpus", help="make images ready as this corpus's were, of those in README.md")
    parser.add_argument("--fallback-label", type=int, choices=[0, 1], default=1, help="of --output")
    parser.add_argument("--fallback", type=float, default=0.5, help="of --csv")
    parser.add_argument("--clip", type=float, nargs=2, default=[0.01, 0.99], help="bounds of --csv")
    parser.add_argument("--model", default=HERE / "model.onnx", help="another model in that form")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the CPU")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
