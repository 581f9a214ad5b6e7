"""The compression methods of zip archives: which can be read, and reading them in bounded memory.

zipfile itself reads what is stored or deflated. Deflate64, which Windows Explorer writes for files over 2 GB,
is read by inflate64; bzip2 and LZMA by Python, here and not by zipfile, because that unpacks a whole chunk at
once, however large it becomes.
"""

import bz2
import copy
import lzma
import struct
import zipfile
from collections.abc import Callable, Iterator

CHUNK = 1 << 20  # bytes
SMALL_CHUNK = 1 << 9  # bytes; Deflate64 may become 29,000 times as large, and has no limit of its own
MAX_DICTIONARY = (
    1 << 28
)  # bytes that LZMA may ask for before it unpacks anything; 7-Zip asks for 64 MB at most

STORED, DEFLATED, DEFLATE64, BZIP2, LZMA = 0, 8, 9, 12, 14
READABLE = {STORED, DEFLATED, DEFLATE64, BZIP2, LZMA}
NAMES = {
    1: "Shrink", 2: "Reduce", 3: "Reduce", 4: "Reduce", 5: "Reduce", 6: "Implode",
    20: "Zstandard", 93: "Zstandard", 94: "MP3", 95: "XZ", 96: "JPEG", 97: "WavPack", 98: "PPMd", 99: "AES",
}  # fmt: skip
"""Methods that can't be read, by their numbers in the zip specification (APPNOTE.TXT, section 4.4.5)."""


def why_unreadable(info: zipfile.ZipInfo) -> str:
    """Return why a member's compression or encryption can't be read, and what to do; "" if it can."""
    if info.flag_bits & 0x1:
        return "encrypted; unpack the archive with its password, and give the `folder`"
    if info.compress_type not in READABLE:
        name = NAMES.get(info.compress_type, "unknown")
        return (
            f"compression method {info.compress_type} ({name}); unpack the archive yourself, and give the "
            "`folder`, or pack it again with Deflate"
        )
    return ""


def unpacked_chunks(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of a member, unpacked.

    Raises NotImplementedError for an unreadable method, and for damaged data the errors of zipfile, OSError,
    EOFError, ValueError and lzma.LZMAError. zipfile checks the CRC-32 of stored and deflated members only.
    """
    if info.compress_type in (STORED, DEFLATED):
        with file.open(info) as data:
            while chunk := data.read(CHUNK):
                yield chunk
        return
    if reason := why_unreadable(info):
        raise NotImplementedError(reason)
    raw = copy.copy(info)
    raw.compress_type, raw.file_size, raw.CRC = STORED, info.compress_size, None  # None: not compared
    with file.open(raw) as data:
        yield from DECOMPRESSORS[info.compress_type](data.read)


def _deflate64(read: Callable[[int], bytes]) -> Iterator[bytes]:
    # Imported here because the Snakefile imports this module in environments without it.
    from inflate64 import Inflater

    inflater = Inflater()
    while not inflater.eof and (packed := read(SMALL_CHUNK)):
        yield inflater.inflate(packed)


def _bzip2(read: Callable[[int], bytes]) -> Iterator[bytes]:
    yield from _bounded(bz2.BZ2Decompressor(), read)


def _lzma(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Unpack LZMA as in APPNOTE.TXT, section 5.8: a version, the size of the properties, and they."""
    _, size = struct.unpack("<HH", read(4))
    properties = read(size)
    if len(properties) != 5:
        raise EOFError("the properties of LZMA are cut off")
    first, dictionary = struct.unpack("<BI", properties)
    if dictionary > MAX_DICTIONARY:
        raise ValueError(f"LZMA asks for {dictionary} bytes of memory, more than {MAX_DICTIONARY}")
    rest, lc = divmod(first, 9)
    pb, lp = divmod(rest, 5)
    settings = {"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": lc, "lp": lp, "pb": pb}
    yield from _bounded(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings]), read)


def _bounded(
    decompressor: bz2.BZ2Decompressor | lzma.LZMADecompressor, read: Callable[[int], bytes]
) -> Iterator[bytes]:
    """Yield what a decompressor of Python's makes of the packed bytes, CHUNK bytes at most at a time."""
    while not decompressor.eof:
        packed = read(CHUNK) if decompressor.needs_input else b""
        if decompressor.needs_input and not packed:
            return
        yield decompressor.decompress(packed, CHUNK)


DECOMPRESSORS = {DEFLATE64: _deflate64, BZIP2: _bzip2, LZMA: _lzma}
