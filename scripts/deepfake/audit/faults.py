"""Damaged files in results/: how they are reported, removed, and made again."""

import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from deepfake.console import printable


class Fault(NamedTuple):
    """A damaged file. `output` is the workflow's output to make again, a shard's tar or a dataset's folder.
    `file` is the damaged file in it, "" for all of it."""

    output: str
    file: str
    reason: str

    @property
    def line(self) -> str:
        """The fault as text for a log or a terminal."""
        return ": ".join(printable(part) for part in self if part)


@dataclass
class Checked:
    """The numbers and faults of one shard, of all shards of a corpus, or of one dataset.

    `what` names it: `faces/<corpus>`, `frames/<corpus>` or `<dataset>`. `absent` is the number of tars of
    frames that have been deleted, as `keep_frames: false` does.
    """

    what: str
    shards: int = 0
    files: int = 0
    bytes: int = 0
    absent: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def broken(self) -> int:
        """The number of files with faults."""
        return len({(fault.output, fault.file) for fault in self.faults})

    def add(self, other: "Checked") -> None:
        """Add the numbers and faults of `other`."""
        for name in ("shards", "files", "bytes", "absent"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults += other.faults


def remove(faults: list[Fault]) -> list[str]:
    """Delete the damaged outputs and return their paths.

    Of a shard these are the tar and its table, of that step only; of a dataset its folder.
    """
    removed = []
    for output in sorted({Path(fault.output) for fault in faults}):
        # The table goes first: if the process is killed now, the tar without a table is a fault again.
        paths = [output.with_suffix(".csv"), output] if output.suffix == ".tar" else [output]
        for path in paths:
            if path.is_symlink() or path.exists():
                removed.append(str(path))
                _delete(path)
    return removed


def _delete(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    renamed = path.with_name(f".{path.name}.removed")  # a killed process leaves no half of a dataset behind
    shutil.rmtree(renamed, ignore_errors=True)
    path.rename(renamed)
    shutil.rmtree(renamed)


def commands(results: Path, faults: list[Fault]) -> list[str]:
    """Return the commands that make the damaged outputs again, and nothing else, in the order to run them.

    Shards come before datasets: in a single run Snakemake would also repeat everything that depends on them.
    The outputs that are made directly from a dataset's folder are named with it: their equal bytes then show
    that no model needs training again.
    """
    outputs = sorted({Path(fault.output) for fault in faults})
    shards = [path for path in outputs if path.suffix == ".tar" and _is_in_index(results, path)]
    tables = [path.with_suffix(".csv") for path in shards]
    targets = []
    for folder in outputs:
        if folder.suffix != ".tar":
            decoded = sorted(results.glob(f"decoded/{folder.name}/*.csv"))
            audit = results / f"reports/{folder.name}/audit.json"
            targets += [folder, *([audit] if audit.exists() else []), *decoded]
    return [f"snakemake --cores all {shlex.join(map(str, paths))}" for paths in (tables, targets) if paths]


def _is_in_index(results: Path, tar: Path) -> bool:
    """Return whether the corpus's index still has this shard; one from an earlier index is only deleted."""
    names = results / f"index/{tar.parent.name}.txt"
    return names.exists() and tar.stem in names.read_text(encoding="utf-8").split()


def as_text(checked: list[Checked], report: dict) -> str:
    """Return a report for the terminal: numbers as a table, then the faults, then what to do.

    `report` has the `removed` paths, the `commands` to run, and what is `stale`, all lists of text.
    """
    rows = [("", "shards", "files", "MB", "tars deleted", "broken")]
    for part in checked:
        megabytes = f"{part.bytes / 1e6:.1f}"
        numbers = (part.shards or "", part.files, megabytes, part.absent or "", part.broken or "")
        rows.append((part.what, *map(str, numbers)))
    width = max(len(row[0]) for row in rows)
    lines = [row[0].ljust(width) + "".join(f"{cell:>16}" for cell in row[1:]) for row in rows]
    faults = [fault.line for part in checked for fault in part.faults]
    lines += [*faults, *map(printable, report["stale"]), *(f"removed {path}" for path in report["removed"])]
    if report["removed"]:
        lines += ["To make it again, with your own --configfile at the end:", *report["commands"]]
    elif faults:
        lines.append("python scripts/verify.py --repair removes what is broken, and says what to run then")
    else:
        lines.append("nothing is broken")
    if report["stale"]:
        lines.append(
            f"not current: {len(report['stale'])}; snakemake makes what its targets need of them again"
        )
    return "\n".join(lines)
