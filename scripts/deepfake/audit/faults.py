"""What a look at results/ gives: how much there is, and what of it is broken."""

from dataclasses import dataclass, field
from typing import NamedTuple

from deepfake.audit.read import shown


class Fault(NamedTuple):
    """One broken file: `output` is what the workflow has to make again (a shard's tar, a dataset's folder),
    `file` the file within it, "" for all of it."""

    output: str
    file: str
    reason: str

    @property
    def line(self) -> str:
        """The fault as a log or a terminal can show it, whatever the names."""
        return ": ".join(shown(part) for part in self if part)


@dataclass
class Found:
    """What lies in one shard, one corpus or one dataset; `what` names it: `faces/<corpus>`, `<dataset>`.

    `absent` counts the tars of frames that aren't there, as keep_frames: false leaves it.
    """

    what: str
    shards: int = 0
    files: int = 0
    bytes: int = 0
    absent: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def broken(self) -> int:
        """How many files have faults."""
        return len({(fault.output, fault.file) for fault in self.faults})

    def add(self, other: "Found") -> None:
        """Count another one's in."""
        for name in ("shards", "files", "bytes", "absent"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults += other.faults
