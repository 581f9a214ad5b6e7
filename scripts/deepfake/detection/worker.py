"""A process that makes media ready for a model: it decodes, searches faces and cuts, and needs no torch.

The parent, crew.py, starts it with the number of its end of a multiprocessing.Pipe. It gets a Start, then a
task at a time, and ends with its parent.
"""

import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

import cv2

from deepfake.corpora.archives import MemberError, SourceError
from deepfake.corpora.sources import Folder, Zips, open_source
from deepfake.detection.faces import Seen, Way, damage, load_way, look_at_clip, look_at_still, wanted_of
from deepfake.detection.media import MediaFile
from deepfake.extraction.video import Clip, UnreadableVideo
from deepfake.inputs.geometry import Geometry

TOGETHER = 8  # frames told at a time


@dataclass(frozen=True)
class Start:
    """What all tasks share: see looks.load_way."""

    preprocessing: dict
    geometries: list[Geometry]
    shown: int


@dataclass(frozen=True)
class Stills:
    """The task of judging stills, each with its number."""

    media: list[tuple[int, MediaFile]]


@dataclass(frozen=True)
class Whole:
    """The task of opening a video, and of judging it too unless it falls in more than one part.

    A part has at least `part` frames, and there are at most `parts` of them. A video in a zip is unpacked to
    `place`, which the parent removes.
    """

    number: int
    medium: MediaFile
    place: Path
    part: int
    parts: int


@dataclass(frozen=True)
class Part:
    """The task of judging those frames of a video, wanted by `wanted`, that `positions` picks."""

    number: int
    medium: MediaFile
    place: Path
    wanted: list[int]
    positions: range


@dataclass(frozen=True)
class Ready:
    """The process has loaded its detectors, or can't: `problem` says why."""

    problem: str = ""


@dataclass(frozen=True)
class Found:
    """What is told of a video first: the frames asked for, what is wrong with it, the parts left to do."""

    number: int
    wanted: list[int]
    damage: str
    parts: list[range]


@dataclass(frozen=True)
class Told:
    """What some frames of a medium show."""

    number: int
    seen: list[Seen]


@dataclass(frozen=True)
class Lost:
    """A medium, or what is left of it, can't be read."""

    number: int
    reason: str


@dataclass(frozen=True)
class Done:
    """The task is done; the next one, please."""


class Sources:
    """What was read last, kept open: a zip, and a clip."""

    def __init__(self) -> None:
        self._stack, self._zip, self._source = ExitStack(), "", None
        self._path, self._clip = "", None

    def still(self, medium: MediaFile) -> bytes:
        """A still's bytes. Raises those of UNREADABLE."""
        return self._of(medium).read(medium.archive, medium.member or Path(medium.path).name)

    def clip(self, medium: MediaFile, place: Path) -> Clip:
        """A video; from a zip it is unpacked to `place`. Raises those of UNREADABLE."""
        if medium.member and not place.exists():
            self._of(medium).extract(medium.archive, medium.member, place)
        path = str(place if medium.member else Path(medium.path).absolute())  # no protocol of FFmpeg's
        if self._path != path:
            self._clip = Clip(path)
            self._path = path
        return self._clip

    def _of(self, medium: MediaFile) -> Folder | Zips:
        if not medium.member:
            return Folder(Path(medium.path).absolute().parent, medium.limits)
        if self._zip != medium.path:
            self._stack.close()
            self._zip = ""
            self._source = self._stack.enter_context(open_source([medium.path], medium.limits))
            self._zip = medium.path
        return self._source


def answers(task: Stills | Whole | Part, way: Way, sources: Sources) -> Iterator[Found | Told | Lost]:
    """What is to be told of a task, while it is done."""
    if isinstance(task, Stills):
        for number, medium in task.media:
            try:
                yield Told(number, [look_at_still(sources.still(medium), medium, way)])
            except UNREADABLE as error:
                yield Lost(number, reason_of(error))
        return
    try:
        clip = sources.clip(task.medium, task.place)
        if isinstance(task, Part):
            wanted, positions = task.wanted, task.positions
        else:
            wanted = wanted_of(clip, task.medium, way.preprocessing["frames"])
            tracks = way.search and way.preprocessing["faces"]["search"] == "track"
            parts = split(len(wanted), task.part, 1 if tracks else task.parts)
            left, positions = (parts, range(0)) if len(parts) > 1 else ([], range(len(wanted)))
            yield Found(task.number, wanted, damage(clip), left)
        for some in several(look_at_clip(clip, task.medium, wanted, positions, way)):
            yield Told(task.number, some)
    except UNREADABLE as error:
        yield Lost(task.number, reason_of(error))


UNREADABLE = (UnreadableVideo, MemberError, SourceError, OSError)


def reason_of(error: Exception) -> str:
    """What to say of what can't be read, without the path: the medium's name stands beside it."""
    if isinstance(error, OSError) and error.strerror:
        return f"can't be read: {error.strerror}"
    return str(error)


def several(seen: Iterable[Seen]) -> Iterator[list[Seen]]:
    """TOGETHER frames at a time: a message for each would cost, and for all would not be flat in memory."""
    seen = iter(seen)
    while some := list(islice(seen, TOGETHER)):
        yield some


def split(count: int, part: int, parts: int) -> list[range]:
    """`count` positions in at most `parts` ranges of `part` or more, the last one of less."""
    size = max(part, -(-count // parts))
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def work(connection: Connection) -> None:
    """Do tasks until the parent is gone. Any error that isn't a medium's ends the process, and is printed."""
    start = connection.recv()
    try:
        way = load_way(start.preprocessing, start.geometries, start.shown)
    except FileNotFoundError as error:
        connection.send(Ready(f"{error}; where it lies can be said by --face-model"))
        return
    except (ValueError, OSError, ImportError) as error:
        connection.send(Ready(f"faces can't be searched: {error}"))
        return
    connection.send(Ready())
    sources = Sources()
    while True:
        for answer in answers(connection.recv(), way, sources):
            connection.send(answer)
        connection.send(Done())


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when it ends
    cv2.setNumThreads(1)  # there is a process for each core
    with suppress(EOFError, ConnectionError):  # the parent has gone
        work(Connection(int(sys.argv[1])))
