"""Which layout a folder or some archives have: names are listed, and every layout is tried on a sample."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deepfake.corpora.archives import MemberError
from deepfake.corpora.fit import Choice, Fit, fit_layout, fit_layouts, reader_of_sample
from deepfake.corpora.listing import Listing, list_archives, list_folder, sample_media, sample_texts
from deepfake.corpora.sources import only_folder
from deepfake.files import read_regular
from deepfake.layouts.entries import Entry

SAMPLE = 1500  # media on which every layout is tried
COUNTED = 100_000  # media that are all counted with the layout that fits; of more, as many as follow
OF_MORE = 40_000
TEXTS_PER_FOLDER, MAX_TEXTS = 300, 20_000
MAX_CACHED = 1 << 26  # bytes of label files that are kept between layouts


@contextmanager
def open_listing(paths: list[str], limits: dict) -> Iterator[Listing]:
    """List one folder, or any number of archives of one kind. Raises SourceError with what is wrong.

    `limits` has the limits of archives, see archives.ARCHIVE_LIMITS.
    """
    folder = only_folder(paths)
    with ExitStack() as stack:
        yield list_folder(folder) if folder else list_archives(paths, limits, stack)


def reader_of(listing: Listing, labels: dict[Entry, Path]) -> Callable[[Entry], bytes]:
    """Return a function that reads a label file, of the listing or of `labels`, and keeps small ones.

    Raises MemberError for a file that can't be read.
    """
    cache: dict[Entry, bytes] = {}
    kept = 0

    def read(entry: Entry) -> bytes:
        nonlocal kept
        if entry in cache:
            return cache[entry]
        try:
            data = read_regular(labels[entry]) if entry in labels else listing.read(entry)
        except (OSError, MemberError) as error:
            raise MemberError(f"{entry}: {error}") from error
        if kept + len(data) <= MAX_CACHED:
            cache[entry], kept = data, kept + len(data)
        return data

    return read


def recognise(listing: Listing, labels: dict[Entry, Path] | None = None, most: int = SAMPLE) -> Choice:
    """Return which layout fits a corpus. `labels` are label files outside of it, see index.label_entries."""
    labels = labels or {}
    media, _ = sample_media(listing, most)
    is_sample = len(media) < listing.top.count
    return fit_layouts(media, _texts(listing, labels), reader_of(listing, labels), is_sample)


def count(
    listing: Listing, fit: Fit, labels: dict[Entry, Path] | None = None
) -> tuple[Fit, dict, set[Entry]]:
    """Return how a layout fits all files of a corpus, or OF_MORE if there are more than COUNTED.

    The second value has by archive and folder how many media each of those taken stands for; the third are
    the label files that were read.
    """
    labels, read = labels or {}, set()
    is_sample = listing.top.count > COUNTED
    media, weights = sample_media(listing, OF_MORE if is_sample else COUNTED)
    reader = reader_of(listing, labels)
    if is_sample and fit.columns:
        reader = reader_of_sample(reader, fit.columns, media)

    def read_bytes(entry: Entry) -> bytes:
        read.add(entry)
        return reader(entry)

    whole = fit_layout(fit.layout, media, _texts(listing, labels), read_bytes, fit.columns, weights)
    return whole, weights, read


def _texts(listing: Listing, labels: dict[Entry, Path]) -> list[Entry]:
    found = sample_texts(listing, TEXTS_PER_FOLDER, MAX_TEXTS)
    return [*labels, *(entry for entry in found if entry not in labels)]
