"""What a layout reads, the files of a corpus, and what it returns, a row for each video."""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter

from deepfake.errors import UserError

REAL, FAKE = 0, 1
VIDEO_TYPES = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"}
IMAGE_TYPES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
SEQUENCE_TYPES = (".tar", ".tar.gz", ".tgz")


@dataclass(frozen=True)
class Entry:
    """A file of a corpus: its archive ("" in a folder) and its path inside, with `/` between folders."""

    archive: str
    path: str

    # Strings rather than PurePosixPath, for speed: a large corpus calls these a million times.

    @property
    def folder(self) -> "Entry":
        """The folder of the file, in the same archive; its path is "" at the top."""
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
        """The suffix in lower case with its dot, "" if the name has none."""
        stem, dot, suffix = self.name.rpartition(".")
        return f".{suffix.lower()}" if stem and dot else ""

    @property
    def is_video(self) -> bool:
        return self.suffix in VIDEO_TYPES

    @property
    def is_image(self) -> bool:
        return self.suffix in IMAGE_TYPES

    @property
    def is_sequence(self) -> bool:
        """Whether the file is named like a tar; in some corpora a tar holds the frames of one video."""
        return self.name.lower().endswith(SEQUENCE_TYPES)

    @property
    def is_fork(self) -> bool:
        """Whether the file is a resource fork, which macOS adds to a zip for each file: never a video."""
        return self.name.startswith("._") or "__MACOSX" in self.parts[:-1]

    def sibling(self, name: str) -> "Entry":
        """Return the entry called `name` in the same folder."""
        return Entry(self.archive, f"{self.folder.path}/{name}" if self.folder.path else name)

    def __str__(self) -> str:
        """The archive and the path, for messages."""
        return f"{self.archive}: {self.path}" if self.archive else self.path


BY_PATH = attrgetter("archive", "path")
"""The key by which entries are sorted."""


@dataclass(frozen=True)
class Corpus:
    """The files of a corpus, for a layout to read.

    `media` are the videos, images and sequences that the layout has to return a row for, sorted; `entries`
    all files; `columns` the settings `corpora.<corpus>.columns`, for layout csv only.
    """

    media: list[Entry]
    entries: frozenset[Entry]
    read_bytes: Callable[[Entry], bytes]
    columns: dict | None = None

    def label_files(self, is_label_file: Callable[[Entry], bool]) -> list[Entry]:
        """Return the files for which `is_label_file` returns True, sorted; never resource forks."""
        return sorted((e for e in self.entries if is_label_file(e) and not e.is_fork), key=BY_PATH)

    def text(self, entry: Entry) -> str:
        """Return the text of a small file. Raises UserError, naming the file, where it isn't UTF-8."""
        try:
            return self.read_bytes(entry).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(f"{entry} is not UTF-8 text ({error}); fetch that file again.") from None


@dataclass(frozen=True)
class Video:
    """What a corpus says of one video, or of one image in an image corpus.

    `label` is REAL, FAKE or None if the corpus gives none. `method` is the manipulation method ("" for
    reals and where unknown). `target` is the person who was filmed, `source` the person whose face was put
    in. `original` is the `name` of the video that a fake was made from (of a real its own name). Videos of
    one `group` are never divided between splits. `split` is the corpus's official split ("" for none).
    `attributes` is what else the corpus says, such as sex or age. `problem` says why the video can't be used
    ("" if it can).
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
