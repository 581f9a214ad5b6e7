"""What the worker process of a shard is sent and what it sends back, pickled over a pipe."""

from dataclasses import dataclass

FRAMES, FACES = "frames", "faces"


@dataclass(frozen=True)
class Settings:
    """What all tasks share.

    `step` is FRAMES or FACES, `cfg` the config section of that name, `sampling` the `frames` section for tars
    and folders of stills, `sources` the index's sources.json for stills ("" for videos), `limits` those on
    one video or still.
    """

    step: str
    cfg: dict
    sampling: dict
    sources: str
    limits: dict


@dataclass(frozen=True)
class ExtractionTask:
    """Read one video, or a few stills.

    `videos` are rows of tables.SHARD, `path` the unpacked video ("" for stills). `number` and `seconds` are
    those of worker_pool.Task. `problem` says why a video can't be read ("" if none is known).
    """

    number: int
    videos: list[dict[str, str]]
    path: str
    seconds: float
    problem: str = ""


@dataclass(frozen=True)
class VideoOpened:
    """A video has so many frames, and may take so much longer."""

    frame_count: int


@dataclass(frozen=True)
class JobFailed:
    """The machine failed rather than a video: the job has to fail, and be tried again."""

    problem: str


Result = VideoOpened | list[tuple[dict, bytes]] | JobFailed
"""What a task sends before TaskDone: VideoOpened (videos alone), and lists of rows with their images."""
