"""What the worker processes of a shard are sent and what they send back, pickled over a pipe."""

from dataclasses import dataclass, field

FRAMES, FACES = "frames", "faces"


@dataclass(frozen=True)
class Settings:
    """What all tasks share.

    `step` is FRAMES or FACES, `cfg` the config section of that name, `sampling` the `frames` section for tars
    and folders of stills, `sources` the index's sources.json for stills ("" for videos), `limits` those on
    one video or still, `frames` the tar of the frames that FACES searches ("" for stills).
    """

    step: str
    cfg: dict
    sampling: dict
    sources: str
    limits: dict
    frames: str = ""


@dataclass(frozen=True)
class ExtractionTask:
    """Read one video, a few stills, or the stored frames of one video.

    `videos` are rows of tables.SHARD (of a video with stored frames, its name alone), `path` the unpacked
    video ("" for stills and stored frames). `number` and `seconds` are those of worker_pool.Task. `problem`
    says why a video can't be read ("" if none is known). `frames` are rows of tables.FRAMES. `mask` is the
    path of the video's unpacked mask ("" for none).
    """

    number: int
    videos: list[dict[str, str]]
    path: str
    seconds: float
    problem: str = ""
    frames: list[dict[str, str]] = field(default_factory=list)
    mask: str = ""


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
