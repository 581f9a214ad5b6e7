"""The command that makes a run's results again, for the one-page report."""

import os
import sys
from contextlib import suppress

from snakemake.cli import get_argument_parser

from deepfake.config.command import snakemake_command

RUN_COMMAND = "DEEPFAKE_RUN_COMMAND"

if workflow.is_main_process:  # a job's process is started with other options, and inherits this
    with suppress(SystemExit):  # another program that uses Snakemake has options of its own
        options, _ = get_argument_parser().parse_known_args(sys.argv[1:])
        os.environ[RUN_COMMAND] = snakemake_command(vars(options), os.environ.get("SNAKEMAKE_PROFILE", ""))


def run_command(w, threads):
    """The command of this run, as a param that makes no step stale: another call of the same makes no new page."""
    return os.environ.get(RUN_COMMAND, "snakemake --cores all")
