"""A folder of stills as one video of the index: its size and its checksum, which its stills make up."""

import zlib
from collections import defaultdict
from collections.abc import Iterable

from deepfake.corpora.archives import Member
from deepfake.layouts.entries import Entry
from deepfake.names import natural_sort_key


def stills_by_folder(members: Iterable[Member]) -> dict[Entry, list[Member]]:
    """Return the usable stills of each folder in natural order: frame_2.png before frame_10.png."""
    folders = defaultdict(list)
    for member in members:
        entry = member.entry
        if entry.is_image and not member.reason and not entry.is_service:
            folders[entry.folder].append(member)
    return {
        folder: sorted(found, key=lambda m: natural_sort_key(m.path)) for folder, found in folders.items()
    }


def folder_member(folder: Entry, stills: list[Member]) -> Member:
    """Return a folder as a member: the bytes of its stills, and a CRC-32 of their names and CRC-32s."""
    crc = 0
    for still in stills:
        line = f"{still.entry.name}\0{still.bytes}\0{still.crc32:08x}\n"
        crc = zlib.crc32(line.encode("utf-8", "surrogateescape"), crc)
    return Member(folder.archive, f"{folder.path}/", sum(still.bytes for still in stills), crc)
