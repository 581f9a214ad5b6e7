"""What a layout reads and what it gives: the files of a corpus, and one row for each video or still."""

from collections.abc import Callable
from dataclasses import dataclass, field

REAL, FAKE = 0, 1
VIDEO_TYPES = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"}
IMAGE_TYPES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
SEQUENCE_TYPES = (".tar", ".tar.gz", ".tgz")


@dataclass(frozen=True)
class Entry:
    """One file of a corpus: its archive ("" in a folder corpus) and its path inside, `/` between folders."""

    archive: str
    path: str

    # Strings, not PurePosixPath: a large corpus asks these things a million times.

    @property
    def folder(self) -> "Entry":
        """The folder that holds it, in the same archive; "" is the top."""
        return Entry(self.archive, self.path.rpartition("/")[0])

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.split("/"))

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0] or self.name

    @property
    def suffix(self) -> str:
        """The ending in lower case with its dot, "" where the name has none."""
        stem, dot, ending = self.name.rpartition(".")
        return f".{ending.lower()}" if stem and dot else ""

    @property
    def is_video(self) -> bool:
        return self.suffix in VIDEO_TYPES

    @property
    def is_image(self) -> bool:
        return self.suffix in IMAGE_TYPES

    @property
    def is_sequence(self) -> bool:
        """Whether its name is that of a tar, which in some corpora holds the stills of one video."""
        return self.name.lower().endswith(SEQUENCE_TYPES)

    @property
    def is_fork(self) -> bool:
        """Whether it is a shadow that macOS zips with each file: no media, whatever its ending says."""
        return self.name.startswith("._") or "__MACOSX" in self.parts[:-1]

    def beside(self, name: str) -> "Entry":
        """The entry called `name` in the same folder."""
        return Entry(self.archive, f"{self.folder.path}/{name}" if self.folder.path else name)


@dataclass(frozen=True)
class Video:
    """What a corpus says of one video, or of one still in an image corpus.

    `label` is REAL, FAKE or None where the corpus gives none. `method` is the manipulation method ("" for
    reals and where unknown). `target` is the person whose video it is, `source` the person whose face was put
    in. `original` is the `name` of the video that a fake was made from (its own name for a real). Videos of
    one `group` must never part between splits. `split` is the corpus's own split ("" where it has none).
    `attributes` is what else the corpus says of it, such as sex or age. `problem` says why the video can't be
    used ("" where it can).
    """

    entry: Entry
    name: str
    label: int | None
    method: str = ""
    target: str = ""
    source: str = ""
    original: str = ""
    group: str = ""
    split: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    problem: str = ""


Layout = Callable[[list[Entry], Callable[[Entry], bytes]], list[Video]]
"""From the files of a corpus, and a function that gives the bytes of a small one, to its videos."""
