"""What an earlier run of Snakemake has left behind on a Slurm cluster."""

import subprocess
from pathlib import Path


def left_over(folder: Path) -> list[str]:
    """Numbers of the user's jobs that Snakemake has submitted from `folder`, and that wait or are at work.

    At the start of a run there are some only where an earlier one was killed: by itself Snakemake cancels its
    jobs. Such a job would work on the same files as the new run's, and where it fails delete the new one's.
    Raises OSError or CalledProcessError where squeue can't tell.
    """
    command = ["squeue", "--me", "--noheader", "--format", "%i|%k|%Z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    jobs = [line.split("|", 2) for line in listed]
    return [
        number for number, comment, where in jobs if comment.startswith("rule_") and Path(where) == folder
    ]
