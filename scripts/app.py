"""Serve a local page for detection: drop a video or a picture, see its people, faces, Grad-CAM and verdict.

    python scripts/app.py --model results/model/best.pt

Open the address that it prints. Only this machine can: the page has no login. Ctrl-C ends it, and deletes
what was uploaded. Needs Flask: pip install -r requirements/app.txt.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deepfake.app.guard import check_address
from deepfake.app.jobs import Jobs
from deepfake.checkpoints.open_model import open_model
from deepfake.detection.media import LIMITS
from deepfake.detection.options import add_options
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.packages import check_module
from deepfake.program import add_limits, exit_on_sigterm, make_parser, positive_int, run

SECONDS = 300  # for one file, instead of limits.seconds


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    exit_on_sigterm()
    host = check_address(args.host)
    check_module("flask", "the local page", "requirements/app.txt")
    from deepfake.app.judge import judge_with  # these load matplotlib and Flask
    from deepfake.app.server import make_app, make_local_server
    from deepfake.pages.model_description import describe_model

    limits = LIMITS | {"seconds": SECONDS} | args.limits
    model = open_model(args.model, args.threads, limits)
    preprocessing = preprocessing_of(
        model.metadata, args.corpus, args.frames, args.crops, args.face_model, args.faces
    )
    judge = judge_with(model, preprocessing, limits, people=args.people, workers=args.threads)
    with tempfile.TemporaryDirectory(prefix="deepfake-app-", ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = folder  # so that what a job leaves that is ended goes with it
        jobs = Jobs(judge, Path(folder), args.queue)
        app = make_app(jobs, args.max_mb, describe_model(model.metadata))
        with make_local_server(app, host, args.port) as server:
            shown = f"[{host}]" if ":" in host else host
            print(f"http://{shown}:{server.server_port}/  (Ctrl-C ends it)", flush=True)
            try:
                server.serve_forever()
            finally:
                jobs.close()
    return 0


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--model", required=True, help="best.pt, or the model in another format")
    add("--port", type=int, default=7860, help="0: any that is free")
    add("--host", default="127.0.0.1", help="an address of this machine alone: 127.0.0.1 or ::1")
    add("--max-mb", type=positive_int, default=500, help="the largest file, in millions of bytes")
    add("--queue", type=positive_int, default=5, help="files that may wait while another one is judged")
    add_options(parser)
    add("--threads", type=positive_int, default=os.cpu_count(), help="workers, and threads of the model")
    add_limits(parser)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
