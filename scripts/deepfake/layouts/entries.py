"""What a layout reads, the files of a corpus, and what it returns, a row for each video."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter

from deepfake.layouts import media_types
from deepfake.layouts.media_types import FRAMES, IMAGE, SEQUENCE_TYPES, UNREAD, VIDEO
from deepfake.layouts.segments import Segments
from deepfake.layouts.service_files import service_part
from deepfake.text_files import decode_text

NAMES_COMPARED = 1000
REAL, FAKE = 0, 1


@dataclass(frozen=True)
class Entry:
    """A file of a corpus: its archive ("" in a folder) and its path inside, with `/` between folders.

    `content` is what the file was found to be, as in media_types; "" if that follows from its name. FRAMES
    stands for a folder of the frames of one video.
    """

    archive: str
    path: str
    content: str = field(default="", compare=False)

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
        return self.name if self.content == FRAMES else self.name.rpartition(".")[0] or self.name

    @property
    def suffix(self) -> str:
        """The suffix in lower case with its dot, "" if the name has none."""
        stem, dot, suffix = self.name.rpartition(".")
        return f".{suffix.lower()}" if stem and dot else ""

    @cached_property
    def kind(self) -> str:
        """What the file is, as in media_types; "" if neither its name nor its content is known to tell."""
        return self.content or media_types.kind_by_name(self.path)

    @property
    def is_video(self) -> bool:
        return self.kind == VIDEO

    @property
    def is_image(self) -> bool:
        return self.kind == IMAGE

    @property
    def is_unread(self) -> bool:
        """Whether the file is an image or a video in a format that isn't read."""
        return self.kind == UNREAD

    @property
    def is_frames(self) -> bool:
        """Whether the entry is a folder of the frames of one video."""
        return self.content == FRAMES

    @property
    def is_sequence(self) -> bool:
        """Whether the file is named like a tar; in some corpora a tar holds the frames of one video."""
        return not self.content and self.name.lower().endswith(SEQUENCE_TYPES)

    @cached_property
    def is_service(self) -> bool:
        """Whether the file is hidden, or belongs to a program or a system: never a video."""
        return bool(service_part(self.path))

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
    all files; `columns` the settings `corpora.<corpus>.columns`, for layouts csv and labels only.
    """

    media: list[Entry]
    entries: frozenset[Entry]
    read_bytes: Callable[[Entry], bytes]
    columns: dict | None = None

    def label_files(self, is_label_file: Callable[[Entry], bool]) -> list[Entry]:
        """Return the files for which `is_label_file` returns True, sorted; never hidden or service files."""
        return sorted((e for e in self.entries if is_label_file(e) and not e.is_service), key=BY_PATH)

    def text(self, entry: Entry) -> str:
        """Return the text of a small file. Raises UserError, naming the file, where it is no text.

        The names of the corpus's own files help to tell the encoding of a text that declares none.
        """
        return decode_text(self.read_bytes(entry), str(entry), self._names_outside_ascii)

    @cached_property
    def _names_outside_ascii(self) -> list[str]:
        """At most NAMES_COMPARED names of files and folders that have letters outside ASCII, sorted."""
        names = {part for e in self.entries if not e.path.isascii() for part in (*e.parts[:-1], e.stem)}
        return sorted(name for name in names if not name.isascii())[:NAMES_COMPARED]


@dataclass(frozen=True)
class Video:
    """What a corpus says of one video, or of one image in an image corpus.

    `label` is REAL, FAKE or None if the corpus gives none. `method` is the manipulation method ("" for
    reals and where unknown). `target` is the person who was filmed, `source` the person whose face was put
    in. `original` is the `name` of the video that a fake was made from (of a real its own name). Videos of
    one `group` are never divided between splits. `split` is the corpus's official split ("" for none).
    `attributes` is what else the corpus says, such as sex or age. `problem` says why the video can't be used
    ("" if it can). `mask` is the file of a video that shows the manipulated region of each frame. `segments`
    are where a partial fake is fake (see segments.py); () for the whole video. `family` is that of the names
    in target, source, original and group, where the layout's own isn't: a corpus may have been made from
    several others, whose names it keeps.
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
    mask: Entry | None = None
    segments: Segments = ()
    family: str = ""
