"""What a file that was given as a zip archive is instead, and what to do with it."""

import io
import os
import re
import shlex
import struct
import zipfile
from pathlib import PurePath

END, END_SIZE, MAX_COMMENT = b"PK\5\6", 22, 0xFFFF  # the record at the end of each zip; sizes in bytes
ZIP64_LOCATOR, LOCATOR_SIZE = b"PK\6\7", 20
SPLIT_MARKER = b"PK\7\x08"  # begins the first part of a split zip
SEGMENT = re.compile(r"(.+)\.z[0-9]{2,}", re.IGNORECASE)  # x.z01, beside x.zip
VOLUME = re.compile(r"(.+\.(?:zip|7z|rar|tar(?:\.[a-z0-9]+)?))\.[0-9]{2,}", re.IGNORECASE)  # x.zip.001
RAR = re.compile(r".+\.(?:rar|r[0-9]{2,})", re.IGNORECASE)
TAR = re.compile(r".+\.(?:tar(?:\.[a-z0-9]+)?|tgz|tbz2?|txz|tzst)", re.IGNORECASE)
FILE = re.compile(r".+\.(?:zip|7z|gz|bz2|xz|zst)", re.IGNORECASE)
COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ": "xz", b"BZh": "bzip2"}
HTML = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body)", re.IGNORECASE)


def is_archive_name(name: str) -> bool:
    """Whether a file is named like an archive of any kind, or like one part of it."""
    return any(pattern.fullmatch(name) for pattern in (FILE, TAR, RAR, SEGMENT, VOLUME))


def advice(name: str, file: io.BufferedIOBase) -> str:
    """Return what `file` is, that is no whole zip, and what to do; `name` is its path."""
    start, quoted, base = _read(file, 0, 512), shlex.quote(name), PurePath(name).name
    parts = SEGMENT.fullmatch(name) or VOLUME.fullmatch(name) or start.startswith(SPLIT_MARKER)
    if parts or _says_several_disks(file):
        return split_advice(name)
    if start.startswith(b"7z\xbc\xaf\x27\x1c") or base.lower().endswith(".7z"):
        return f"a 7-Zip archive: unpack it, `7z x {quoted} -ocorpus`, and give that `folder`"
    if start.startswith(b"Rar!\x1a\x07") or RAR.fullmatch(base):
        return (
            f"a RAR archive: unpack it with all its parts, `unrar x {quoted} corpus/`, and give that `folder`"
        )
    if start[257:262] == b"ustar" or TAR.fullmatch(base):
        return f"a tar archive: unpack it, `tar -xf {quoted} -C corpus`, and give that `folder`"
    for magic, program in COMPRESSED.items():
        if start.startswith(magic):
            return f"compressed with {program}: unpack it with `{program} -d`, and give the `folder`"
    if HTML.match(start):
        return "a web page, as sites send that want a login or a confirmation: download it again"
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS, not the file itself: run `git lfs pull`"
    if not start:
        return "an empty file: download it again"
    if start.startswith(b"PK\3\4") or base.lower().endswith(".zip"):
        return "cut off or damaged: download it again"
    return "only zip archives are read: unpack others yourself, and give the `folder`"


def split_advice(name: str) -> str:
    """Return how to join the parts of an archive of which the file `name` is one."""
    if match := VOLUME.fullmatch(name):
        whole = shlex.quote(match[1])
        return f"one volume of an archive in several: join them, `cat {whole}.* > {whole}`, and give that"
    segment = SEGMENT.fullmatch(name)
    base = segment[1] if segment else re.sub(r"\.zip$", "", name, flags=re.IGNORECASE)
    last, whole = shlex.quote(f"{base}.zip"), shlex.quote(f"{base}_whole.zip")
    return (
        f"one part of a split zip: put all parts in one folder, join them, `zip -s 0 {last} --out {whole}`, "
        "and give the whole one"
    )


def is_split(file: io.BufferedIOBase, zipped: zipfile.ZipFile) -> bool:
    """Whether a zip has other parts before this one, by what it says or by members that would lie there."""
    return _says_several_disks(file) or any(info.header_offset < 0 for info in zipped.infolist())


def _says_several_disks(file: io.BufferedIOBase) -> bool:
    """Return what the record at the end of a zip says; False where there is none."""
    size = file.seek(0, os.SEEK_END)
    tail = _read(file, max(0, size - END_SIZE - MAX_COMMENT - LOCATOR_SIZE))
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + END_SIZE:
        return False
    disk, first = struct.unpack_from("<HH", tail, at + 4)
    locator = tail[max(0, at - LOCATOR_SIZE) : at]
    if locator.startswith(ZIP64_LOCATOR):
        disk, _, total = struct.unpack_from("<IQI", locator, 4)
        return disk > 0 or total > 1
    return disk != 0xFFFF and max(disk, first) > 0


def _read(file: io.BufferedIOBase, at: int, size: int = -1) -> bytes:
    try:
        file.seek(at)
        return file.read(size)
    except OSError:
        return b""
