"""Jobs that an earlier run of Snakemake left behind on a Slurm cluster."""

import subprocess
from pathlib import Path


def unfinished_jobs(folder: Path) -> list[str]:
    """Return the numbers of the user's waiting or running jobs that Snakemake submitted from `folder`.

    Snakemake cancels its jobs when it ends, so at the start of a run there are some only where an earlier run
    was killed. Such a job would write the same files as the new run, and delete them if it fails.
    Raises OSError or CalledProcessError if squeue can't be run.
    """
    command = ["squeue", "--me", "--noheader", "--format", "%i|%k|%Z"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    jobs = [line.split("|", 2) for line in output.splitlines()]
    return [
        number for number, comment, workdir in jobs if comment.startswith("rule_") and Path(workdir) == folder
    ]
