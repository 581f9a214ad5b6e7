"""What worker processes are sent and what they send back, pickled over a pipe."""

from dataclasses import dataclass
from pathlib import Path

from deepfake.detection.faces import FrameFaces
from deepfake.detection.media import MediaFile
from deepfake.inputs.geometry import Geometry


@dataclass(frozen=True)
class Settings:
    """What all tasks share: the arguments of faces.load_extractor."""

    preprocessing: dict
    geometries: list[Geometry]
    shown: int


@dataclass(frozen=True)
class ImagesTask:
    """Extract the faces of a few images, each given with its position in the list of all media files.

    The result is one list with a FrameFaces for each image. `number` and `file` are those of the first.
    """

    files: list[tuple[int, MediaFile]]

    @property
    def number(self) -> int:
        return self.files[0][0]

    @property
    def file(self) -> MediaFile:
        return self.files[0][1]


@dataclass(frozen=True)
class VideoTask:
    """Open a video, divide its sampled frames into parts, and extract its faces if there is only one part.

    `number` is the file's position in the list of all media files. A part has at least `part_size` frames,
    and there are at most `max_parts`. A video in a zip is unpacked to `unpacked`, which the parent process
    removes.
    """

    number: int
    file: MediaFile
    unpacked: Path
    part_size: int
    max_parts: int


@dataclass(frozen=True)
class PartTask:
    """Extract the faces of the frames `sampled[position]` of a video, for each of `positions`."""

    number: int
    file: MediaFile
    unpacked: Path
    sampled: list[int]
    positions: range


Task = ImagesTask | VideoTask | PartTask


@dataclass(frozen=True)
class Started:
    """A worker has loaded its face detectors, or has failed to: `problem` says why."""

    problem: str = ""


@dataclass(frozen=True)
class VideoOpened:
    """A video's sampled frames, its damage ("" for none), and the parts left to do (none: it is one part)."""

    sampled: list[int]
    damage: str
    parts: list[range]


@dataclass(frozen=True)
class TaskDone:
    """A task has ended; `problem` says why the rest of its frames can't be judged ("": all are done)."""

    problem: str = ""


Result = VideoOpened | list[FrameFaces] | TaskDone
"""Each task sends VideoOpened (VideoTask alone), any number of lists of frames, and TaskDone."""
