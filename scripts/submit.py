"""Judge what a competition lists, and write the file that it asks for: prediction.txt or submission.csv.

    python scripts/submit.py --file prediction.txt --checkpoint results/models/small/meso4/best.pt \
        --names test_label.txt --media test/ --config '{"crops": true, "fallback": 1, "people": "worst",
        "limits": {"members": 2000000, "member_gb": 20, "total_gb": 2000, "ratio": 200, "seconds": 7200}}' \
        --output results/submissions/small/meso4/prediction.txt
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence

from deepfake.checkpoints.open_model import open_model
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.program import make_parser, run
from deepfake.submissions.answers import answer, log_summary, write_prediction, write_submission
from deepfake.submissions.names import read_names, read_sample
from deepfake.submissions.paths import files_anywhere, files_in_folder


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    cfg = json.loads(args.config)
    if args.file == "prediction.txt":
        listed = read_names(args.names)
        files = files_in_folder(listed.names, args.media[0], cfg["limits"])
    else:
        listed = read_sample(args.names)
        files = files_anywhere(listed.names, args.media, cfg["limits"])
    model = open_model(args.checkpoint, args.threads, cfg["limits"])
    preprocessing = preprocessing_of(model.metadata, crops=cfg.get("crops", False))
    answers = answer(listed.names, files, model, preprocessing, cfg["people"], args.threads)
    if args.file == "prediction.txt":
        write_prediction(args.output, answers, cfg["fallback"])
    else:
        write_submission(args.output, answers, cfg["fallback"], cfg["clip"])
    print(f"{args.output}: {log_summary(answers, listed.duplicates, cfg['fallback'])}")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--file", required=True, choices=["prediction.txt", "submission.csv"], help="what to write")
    add("--checkpoint", required=True, help="best.pt, or the model in another format")
    add("--names", required=True, help="the test set's list, or sample_submission.csv")
    add("--media", required=True, nargs="+", help="folder, or zips, of the listed files")
    add("--config", required=True, help="JSON: crops or clip, fallback, people, limits")
    add("--threads", type=int, default=os.cpu_count(), help="worker processes, and threads of the model")
    add("--output", required=True, help="path of the file to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
