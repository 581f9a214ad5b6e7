"""One finished dataset, read anew: every file against SHA256SUMS and its row of metadata.csv.

The findings are those of the audit's checks of files and sums; whether the dataset is also free of leaks is
for the audit alone.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from deepfake.audit import checks as audit
from deepfake.audit.faults import Fault, Found
from deepfake.audit.read import BadDataset, File, list_files, read_files, read_metadata, read_sums


@dataclass
class Folder:
    """A dataset's folder: the files to read, and those among them that must be images; other things in it;
    and its table, None where that is no table, as `trouble` says."""

    path: Path
    names: list[str]
    images: set[str]
    odd: dict[str, str]
    rows: pd.DataFrame | None
    trouble: str


def datasets_of(results: Path) -> list[Path]:
    """The folders in `results` that are datasets: they have metadata, or checksums, or a plan."""
    found = [path for path in sorted(results.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    return [
        path
        for path in found
        if any((path / name).exists() for name in ("metadata.csv", "SHA256SUMS"))
        or (results / f"plans/{path.name}.json").exists()
    ]


def open_folder(path: Path) -> Folder:
    """List a dataset's files and read its table."""
    names, odd = list_files(path)
    try:
        rows = read_metadata(path)
    except BadDataset as error:
        return Folder(path, names, set(), odd, None, str(error).removeprefix(f"{path}/"))
    return Folder(path, names, set(rows["file_name"]), odd, rows, "")


def read_some(path: Path, names: list[str], images: set[str]) -> dict[str, File]:
    """Read some files of a dataset; those among `images` are decoded too."""
    return read_files(path, names, images.__contains__)


def check_folder(folder: Folder, files: dict[str, File]) -> Found:
    """Hold what was read of all of a dataset's files against what it says of them itself."""
    found = Found(folder.path.name, files=len(files), bytes=sum(file.bytes for file in files.values()))
    sums, wrong = read_sums(folder.path)
    if folder.rows is None:
        lines = [folder.trouble]
    else:
        evidence = audit.Evidence({}, folder.rows, files, folder.odd, sums, wrong, [])
        lines = [line for check in (audit.files, audit.sums) for line in check(evidence)]
    for line in lines:
        file, _, reason = line.removeprefix(f"{folder.path}/").partition(": ")
        found.faults.append(Fault(str(folder.path), file, reason))
    return found
