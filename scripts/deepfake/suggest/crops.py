"""Whether the stills of a corpus are face crops already, by the headers of a few."""

from collections import Counter
from collections.abc import Iterable

from deepfake.corpora.archives import MemberError
from deepfake.corpora.listing import Listing, evenly
from deepfake.extraction.image_header import UnreadableImage, read_header
from deepfake.layouts.entries import Entry

LOOKED_AT = 24
SQUARE = 0.9  # share of them that has to be square and small
SMALLEST, LARGEST = 16, 512  # pixels; larger squares may be portraits


def size_of_crops(listing: Listing, entries: Iterable[Entry], most: int = LOOKED_AT) -> int:
    """Return the usual side in pixels of stills that are face crops, by `most` of them; 0 if they aren't."""
    sides = []
    for entry in evenly([entry for entry in entries if entry.is_image], most):
        try:
            header = read_header(listing.read(entry))
        except (MemberError, UnreadableImage, OSError):
            continue
        is_small = header.width == header.height and SMALLEST <= header.width <= LARGEST
        sides.append(header.width if is_small else 0)
    counts = Counter(side for side in sides if side)
    if not counts or counts.total() < SQUARE * len(sides):
        return 0
    return max(sorted(counts), key=counts.get)
