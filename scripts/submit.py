"""Judge what a competition lists, and write its answer: prediction.txt or submission.csv.

    python scripts/submit.py --file prediction.txt --checkpoint results/models/small/meso4/best.pt \
        --names test_label.txt --media test/ --config '{"crops": true, "fallback": 1, "people": "worst",
        "limits": {"members": 2000000, "member_gb": 20, "total_gb": 2000, "ratio": 200}}' \
        --output results/submissions/small/meso4/prediction.txt
"""

import argparse
import json
import os
import sys

from deepfake.checkpoints.inference import open_model
from deepfake.console import log
from deepfake.program import start_logging
from deepfake.submissions.answers import answers, tell, write_prediction, write_submission
from deepfake.submissions.inference import judge_with
from deepfake.submissions.names import read_list, read_sample
from deepfake.submissions.paths import among, in_folder


def main() -> int:
    args = parse_args()
    start_logging()
    cfg = json.loads(args.config)
    is_list = args.file == "prediction.txt"
    try:
        wanted = read_list(args.names) if is_list else read_sample(args.names)
        if is_list:
            places = in_folder(wanted.names, args.media[0], cfg["limits"])
        else:
            places = among(wanted.names, args.media, cfg["limits"])
        model = open_model(args.checkpoint, args.threads)
        judge = judge_with(model, args.threads, cfg.get("crops", False), cfg["people"])
        found = list(answers(wanted.names, places, judge))
    except (ValueError, OSError) as error:
        log.error("%s", error)
        return 1
    if is_list:
        write_prediction(args.output, found, cfg["fallback"])
    else:
        write_submission(args.output, found, cfg["fallback"], cfg["clip"])
    print(f"{args.output}: {tell(found, wanted.again, cfg['fallback'])}")
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--file", required=True, choices=["prediction.txt", "submission.csv"])
    parser.add_argument("--checkpoint", required=True, help="best.pt, or one of its other forms")
    parser.add_argument("--names", required=True, help="the test set's list, or sample_submission.csv")
    parser.add_argument("--media", required=True, nargs="+", help="folder, or zips, of what is listed")
    parser.add_argument("--config", required=True, help="JSON: crops or clip, fallback, people, limits")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the CPU")
    parser.add_argument("--output", required=True, help="the answer")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
