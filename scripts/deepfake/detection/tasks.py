"""What worker processes are sent and what they send back, pickled over a pipe."""

from dataclasses import dataclass
from pathlib import Path

from deepfake.detection.faces import FrameFaces
from deepfake.detection.media import MediaFile
from deepfake.inputs.geometry import Geometry
from deepfake.worker_process import TaskDone


@dataclass(frozen=True)
class Settings:
    """What all tasks share: the arguments of faces.load_extractor."""

    preprocessing: dict
    geometries: list[Geometry]
    shown: int


class _TaskOfFile:
    file: MediaFile

    @property
    def seconds(self) -> float:
        """The most seconds that the results of all tasks of the file are waited for."""
        return self.file.limits["seconds"]


@dataclass(frozen=True)
class ImagesTask(_TaskOfFile):
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
class VideoTask(_TaskOfFile):
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
class PartTask(_TaskOfFile):
    """Extract the faces of the frames `sampled[position]` of a video, for each of `positions`."""

    number: int
    file: MediaFile
    unpacked: Path
    sampled: list[int]
    positions: range


Task = ImagesTask | VideoTask | PartTask


@dataclass(frozen=True)
class VideoOpened:
    """A video's frames: their number, the sampled ones, and the parts left to do (none: it is one part).

    `damage` is "" for a whole video.
    """

    frame_count: int
    sampled: list[int]
    damage: str
    parts: list[range]


Result = VideoOpened | list[FrameFaces] | TaskDone
"""Each task sends VideoOpened (VideoTask alone), any number of lists of frames, and TaskDone."""
