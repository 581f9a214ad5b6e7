"""Judge videos and stills by a trained model: is each of them fake?

    python scripts/detect.py clip.mp4 folder/ more.zip --model results/model/best.pt --output-page report.html

Prints a table, or with --json a line of JSON for each medium as soon as it is judged. Exit codes: 0 all were
judged; 1 nothing can be judged, and why; 2 wrong options; 3 some could not be judged, and the table says why;
130 interrupted.
"""

import argparse
import os
import signal
import sys

from deepfake.checkpoints.inference import open_model
from deepfake.console import log, progress_bar
from deepfake.detection import output
from deepfake.detection.detect import judge_media
from deepfake.detection.media import LIMITS, find_media, read_list
from deepfake.detection.options import json_object, number
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.detection.scores import WHOSE
from deepfake.detection.worker_pool import CantWork
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    verdicts = []
    try:
        model = open_model(args.model, args.threads)
        ready = preprocessing_of(model.facts, args.corpus, args.frames, args.crops, args.face_model)
        media = find_media([*args.media, *(read_list(args.list) if args.list else [])], LIMITS | args.limits)
        options = {"people": args.people, "bootstrap": args.bootstrap, "seed": args.seed}
        options |= {"workers": args.threads, "shown": output.SHOWN if args.output_page else 0}
        with progress_bar(len(media), "detect", "media") as advance:
            for verdict in judge_media(media, model, ready, **options):
                verdicts.append(verdict)
                if args.json:
                    output.print_json(verdict)
                advance(1)
        output.write(verdicts, model, args.output_page, args.output_table, args.output_json)
        if not args.json:
            output.print_table(verdicts)
    except (ValueError, OSError, CantWork) as error:
        log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        log.error("interrupted; no file was written")
        return 128 + signal.SIGINT
    return 0 if all(verdict.people for verdict in verdicts) else 3


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("media", nargs="*", help="videos, stills, folders and zips of them")
    add("--list", help="text file of more of them, a path a line, relative to its folder")
    add("--model", required=True, help="best.pt, or one of its other forms")
    add("--people", choices=list(WHOSE), default="worst", help="whose verdict is a video's")
    add("--corpus", help="make media ready as those of this corpus that the model learnt from")
    add("--frames", type=json_object, default={}, help="JSON: other settings of `frames`")
    add("--crops", action="store_true", help="stills are face crops already")
    add("--face-model", help="where YuNet's model file lies, if not where it was")
    add("--threads", type=number, default=os.cpu_count(), help="processes, and threads of the model")
    add("--bootstrap", type=number, default=1000, help="draws for the 95 %% intervals")
    add("--seed", type=int, default=0, help="of those draws")
    add("--limits", type=json_object, default={}, help="JSON: other `limits` of archives")
    add("--json", action="store_true", help="print a line of JSON for each medium")
    for name, file in (("page", "report.html"), ("table", "verdicts.csv"), ("json", "verdicts.json")):
        add(f"--output-{name}", help=f"write {file}")
    args = parser.parse_args()
    if not args.media and not args.list:
        parser.error("name videos, stills, folders or zips, or a --list of them")
    return args


if __name__ == "__main__":
    sys.exit(main())
