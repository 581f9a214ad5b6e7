"""Audit a dataset that was made elsewhere: who and what stands in two splits, seen in its images alone.

    python scripts/audit_folder.py --folder /data/theirs --output-page audit.html

The folder has splits, {train,val,test}/{real,fake}/<image>. Prints what was found; ends with exit code 0 also
where leaks were found, and with 1 under --strict.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.audit import image_worker  # noqa: F401  a part of this step, which only its processes load
from deepfake.audit.checks import audit
from deepfake.audit.conclusion import describe
from deepfake.audit.folder import read_folder
from deepfake.audit.folder_checks import FOLDER_CHECKS, folder_config
from deepfake.audit.gather import gather_folder, read_thumbnails
from deepfake.audit.image_tasks import DETECTOR, ReaderSettings
from deepfake.audit.report import report
from deepfake.console import log
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.files import new_file
from deepfake.pages.audit import page
from deepfake.people.settings import DLIB_DISTANCES
from deepfake.program import FAILED, add_limits, json_object, make_parser, positive_int, run

FINDINGS = 8  # of each check, on a terminal; a log has all


def main(argv: Sequence[str] | None = None) -> int | None:
    args = parse_args(argv)
    name = args.name or args.folder.resolve().name
    rows, others = read_folder(args.folder, name)
    people = {key: DLIB_DISTANCES[key] for key in ("link", "fail")} | args.distances
    cfg = folder_config(name, args.duplicates if args.duplicates >= 0 else None, people)
    limits = {**MEDIA_LIMITS, **args.limits}
    settings = ReaderSettings(str(args.folder), limits, args.people, None if args.crops else DETECTOR)
    evidence = gather_folder(args.folder, rows, cfg, settings, args.threads)
    results = audit(evidence, FOLDER_CHECKS)
    summary = report(name, evidence, results) | {"left_out": dict(sorted(others.items()))}
    for result in results:
        for finding in result.findings[: FINDINGS if sys.stderr.isatty() else None]:
            log.info("%s: %s", result.name, finding)
    if args.output:
        with new_file(args.output) as file:
            file.write_text(json.dumps(summary, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if args.output_page:
        thumbnails = read_thumbnails(evidence, settings, args.threads)
        shown = {"folder": str(args.folder), "crops": args.crops, "duplicates": cfg["duplicates"], **people}
        with new_file(args.output_page) as file:
            file.write_text(page(summary, shown, thumbnails), encoding="utf-8")
    print(describe(name, results, summary))
    return FAILED if args.strict and not summary["passed"] else None


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--folder", required=True, type=Path, help="folder with {train,val,test}/{real,fake}/<image>")
    add("--name", help="what the audit calls it (default: the folder's name)")
    add("--crops", action="store_true", help="the images are crops with a face in the middle")
    add("--duplicates", type=int, default=3, help="bits in which hashes of similar images differ; -1: bytes")
    add("--people", type=json_object, default={}, help="JSON: a network, as in the config section `people`")
    add("--distances", type=json_object, default={}, help='JSON, such as {"link": 0.30, "fail": 0.3}')
    add("--threads", type=positive_int, default=os.cpu_count(), help="images that are read at a time")
    add("--output", help="JSON of the checks and numbers")
    add("--output-page", help="the same as an HTML page, with the nearest pairs of faces")
    add("--strict", action="store_true", help="end with exit code 1 where a check failed")
    add_limits(parser)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
