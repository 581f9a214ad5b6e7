"""What a corpus holds, by names alone: for questions that a million files must answer in seconds.

No file is opened and none is asked for its size; names are kept per folder. The index (see sources.py) reads
sizes and checksums too.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from deepfake.corpora.archives import MemberError, SourceError
from deepfake.corpora.contents import content_of, head_of_file
from deepfake.corpora.corpus_source import open_corpus
from deepfake.corpora.sources import FolderSource, Source
from deepfake.layouts.entries import Entry
from deepfake.layouts.media_types import OTHER, SEQUENCE_TYPES, ending_of, kind_by_name
from deepfake.layouts.service_files import service_part

MAX_DEPTH = 100  # folders one in another
MAX_FILES = 20_000_000
LABEL_TYPES = {".json", ".csv", ".tsv", ".txt"}
ARCHIVE_TYPES = {".zip", ".parquet"}
MEDIA, TEXT, ARCHIVE, FOREIGN = "media", "texts", "archives", "foreign"
FOREIGN_TYPES = (".7z", ".rar", ".gz", ".bz2", ".xz", ".zst", ".z01", ".001", ".tbz2", ".txz", ".tar")


@dataclass(slots=True)
class Folder:
    """A folder of a source: its archive ("" in a folder corpus) and path, and the names of what is in it.

    `media` are the names of videos, stills, tars and files that only their content tells; `texts` those that
    may be label files; `archives` zips and Parquet files; `foreign` archives that aren't read. `count` is the
    number of media here and below.
    """

    archive: str
    path: str
    media: Sequence[str] = ()
    texts: Sequence[str] = ()
    archives: Sequence[str] = ()
    foreign: Sequence[str] = ()
    folders: Sequence["Folder"] = ()
    count: int = 0

    @property
    def name(self) -> str:
        return (self.path or self.archive).rpartition("/")[2]

    def join(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name

    def walk(self) -> Iterator["Folder"]:
        """Yield this folder and all below it."""
        todo = [self]
        while todo:
            folder = todo.pop()
            yield folder
            todo.extend(reversed(folder.folders))

    def add(self, name: str) -> None:
        """Sort a file's name in; those of other files are not kept."""
        if kind := _kind(ending_of(name), name):
            setattr(self, kind, _with(getattr(self, kind), name))

    def add_folder(self, path: str) -> "Folder":
        """Return a new folder in this one, with its path in the source."""
        inner = Folder(self.archive, path)
        self.folders = _with(self.folders, inner)
        return inner

    def finish(self) -> None:
        """Sort all names below, and count media."""
        for folder in reversed(list(self.walk())):
            for kind in (MEDIA, TEXT, ARCHIVE, FOREIGN):
                if names := getattr(folder, kind):
                    names.sort()
            if folder.folders:
                folder.folders.sort(key=lambda child: (child.archive, child.path))
            folder.count = len(folder.media) + sum(child.count for child in folder.folders)


def _with(items: Sequence, item: object) -> list:
    """Return a list with one item more; of a million folders most lack most kinds of files."""
    if not items:
        return [item]
    items.append(item)
    return items


_KINDS: dict[str, str] = {}  # by ending; a corpus has few of them


def _kind(ending: str, name: str) -> str:
    if name.lower().endswith(SEQUENCE_TYPES):
        return MEDIA
    if ending not in _KINDS:
        if ending in LABEL_TYPES:
            kind = TEXT
        elif ending in ARCHIVE_TYPES:
            kind = ARCHIVE
        elif ending in FOREIGN_TYPES or (ending[:2] == ".z" and ending[2:].isdigit()):
            kind = FOREIGN
        else:
            kind = "" if kind_by_name(f"x{ending}") == OTHER else MEDIA
        if len(_KINDS) > 10_000:
            return kind
        _KINDS[ending] = kind
    return _KINDS[ending]


@dataclass
class Listing:
    """The names in a source, and how to read its small files.

    `top` is the folder that holds everything; entries have paths relative to it. `unread` says of what
    couldn't be listed why, and `service` counts hidden and service files.
    """

    top: Folder
    source: Source
    unread: list[str] = field(default_factory=list)
    service: int = 0
    contents: dict[tuple[str, str], str] = field(default_factory=dict)
    head: Callable[[str, str, int], bytes] | None = None

    def below(self, folder: Folder) -> "Listing":
        """Return a folder of this source as if it were one by itself."""
        return Listing(folder, self.source, [], 0, self.contents, self.head)

    def entry(self, folder: Folder, name: str) -> Entry:
        """Return a file as a layout sees it; a file whose name doesn't tell what it is is looked into."""
        path = folder.join(name)
        content = self.contents.get((folder.archive, path))
        if content is None:
            content = ""
            if self.head and not kind_by_name(path):
                try:
                    content = content_of(path, partial(self.head, folder.archive, path))
                except (OSError, MemberError):
                    content = OTHER
                self.contents[folder.archive, path] = content
        return Entry(folder.archive, path[self._prefix(folder) :], content)

    def _prefix(self, folder: Folder) -> int:
        return len(self.top.path) + 1 if self.top.path and folder.archive == self.top.archive else 0

    def read(self, entry: Entry) -> bytes:
        """Return the bytes of a file. Raises MemberError."""
        inside = not self.top.archive or entry.archive == self.top.archive
        path = f"{self.top.path}/{entry.path}" if self.top.path and inside else entry.path
        return self.source.read(entry.archive, path)


def list_folder(root: str) -> Listing:
    """Return the names below a folder. Raises SourceError if it is none or can't be read.

    Each folder is read once, even if links lead to it, as by `sources.list_files`.
    """
    top, listing_unread, service, seen, files = Folder("", ""), [], 0, set(), 0
    todo, links = [(top, 0)], []
    while todo or links:
        folder, depth = todo.pop() if todo else links.pop(0)
        whole = os.path.join(root, folder.path)
        try:
            status = os.stat(whole)
            if (identity := (status.st_dev, status.st_ino)) in seen:
                continue
            seen.add(identity)
            with os.scandir(whole) as found:
                children = list(found)
        except OSError as error:
            if folder is top:
                raise SourceError(f"{whole}: the folder can't be read: {error.strerror}") from error
            listing_unread.append(f"{folder.path}: the folder can't be read: {error.strerror}")
            continue
        files += len(children)
        if files > MAX_FILES:
            raise SourceError(f"{root}: more than {MAX_FILES:,} files; give a folder below it")
        for child in children:
            if service_part(child.name):
                service += 1
            elif not _is_folder(child):
                folder.add(child.name)
            elif depth >= MAX_DEPTH:
                listing_unread.append(f"{folder.path}: more than {MAX_DEPTH} folders, one in another")
            else:
                inner = folder.add_folder(folder.join(child.name))
                (links if child.is_symlink() else todo).append((inner, depth + 1))
    top.finish()

    def head(archive: str, path: str, size: int) -> bytes:
        return head_of_file(os.path.join(root, path), size)

    return Listing(top, FolderSource(root, {}), listing_unread, service, head=head)


def _is_folder(child: os.DirEntry) -> bool:
    try:
        return child.is_dir()
    except OSError:
        return False


def list_archives(paths: list[str], limits: dict, stack: ExitStack) -> Listing:
    """Return the names in archives, which stay open in `stack`; each archive is a folder of the top.

    Raises SourceError as `open_corpus` does.
    """
    source = stack.enter_context(open_corpus(paths, limits))
    top, unread, service, folders = Folder("", ""), [], 0, {}
    contents: dict[tuple[str, str], str] = {}
    for member in source.members(lambda entry: False):
        if member.reason or member.path.count("/") > MAX_DEPTH:
            unread.append(f"{member.archive}/{member.path}: {member.reason or 'too many folders'}")
        elif service_part(member.path):
            service += 1
        else:
            path, _, name = member.path.rpartition("/")
            _folder(top, folders, member.archive, path).add(name)
            if member.content:
                contents[member.archive, member.path] = member.content
    top.finish()
    return Listing(top, source, unread, service, contents)


def _folder(top: Folder, folders: dict, archive: str, path: str) -> Folder:
    if (archive, path) not in folders:
        above = _folder(top, folders, archive, path.rpartition("/")[0]) if path else top
        folders[archive, path] = inner = above.add_folder(path)
        inner.archive = archive
    return folders[archive, path]


def sample_media(listing: Listing, most: int) -> tuple[list[Entry], dict[tuple[str, str], float]]:
    """Return at most about `most` media, of every branch of the tree alike, and what each stands for.

    All are taken where there are no more. The second value has by archive and folder the number of media
    that one taken there stands for.
    """
    taken = list(_take(listing.top, most))
    entries, weights = [], {}
    total = sum(len(folder.media) for folder, _ in taken)
    scale = listing.top.count / total if total else 1.0
    for folder, names in taken:
        found = [listing.entry(folder, name) for name in names]
        entries += found
        weights[found[0].archive, found[0].folder.path] = scale * len(folder.media) / len(names)
    return entries, weights


def _take(folder: Folder, most: int) -> Iterator[tuple[Folder, Sequence[str]]]:
    if most <= 0 or not folder.count:
        return
    if folder.count <= most:
        yield from ((inner, inner.media) for inner in folder.walk() if inner.media)
        return
    parts = [(child.count, child) for child in folder.folders if child.count]
    parts += [(len(folder.media), None)] if folder.media else []
    parts = evenly(parts, most)
    parts.sort(key=lambda part: part[0])
    left = most
    for number, (count, child) in enumerate(parts):
        share = min(count, max(1, left // (len(parts) - number)))
        left -= share
        if child is None:
            yield folder, evenly(folder.media, share)
        else:
            yield from _take(child, share)


def evenly(items: Sequence, most: int) -> list:
    """Return at most `most` of the items, spread over the list."""
    return list(items) if len(items) <= most else [items[i * len(items) // most] for i in range(most)]


def sample_texts(listing: Listing, each: int, most: int) -> list[Entry]:
    """Return the files that may be label files: at most `each` of a folder, and `most` in all."""
    found = [
        listing.entry(folder, name) for folder in listing.top.walk() for name in evenly(folder.texts, each)
    ]
    return sorted(found, key=lambda entry: entry.path.count("/"))[:most]


def foreign_archives(listing: Listing) -> Iterable[str]:
    """Yield the paths of archives that aren't read, and of zips inside a folder."""
    for folder in listing.top.walk():
        yield from (folder.join(name) for name in (*folder.foreign, *folder.archives))
