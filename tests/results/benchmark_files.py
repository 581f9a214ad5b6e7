"""What Snakemake has measured of its jobs: the files that it writes for the key `benchmark` of rules."""

import csv
from pathlib import Path


def read_benchmark(path: Path) -> tuple[float | None, float | None]:
    """Return a job's seconds of wall clock and of CPU; None for what the file lacks, or if there is none.

    They are of the job's last start: a job that was interrupted and went on took longer.
    """
    if not path.exists():
        return None, None
    with open(path, encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file, delimiter="\t"))
    return _number(row["s"]), _number(row["cpu_time"])


def sum_benchmarks(folder: Path) -> dict[str, float]:
    """Return the number of `jobs` with a file below a folder, their seconds of `cpu`, and the `unknown`.

    These are the jobs whose CPU time wasn't measured.
    """
    seconds = [read_benchmark(path)[1] for path in sorted(folder.rglob("*.tsv"))]
    known = [each for each in seconds if each is not None]
    return {"jobs": len(seconds), "cpu": sum(known), "unknown": len(seconds) - len(known)}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:  # "-" or "NA", for a job that was over before it was measured
        return None
