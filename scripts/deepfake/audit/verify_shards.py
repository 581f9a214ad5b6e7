"""One shard of frames or crops, read anew: every image of its tar against its row in the table beside it.

An image is right when its name, place, bytes, SHA-256, size in pixels and perceptual hash are the row's. The
tar itself must have the very bytes that `new_tar` writes for those images, so that no flipped bit of it goes
unseen. The numbers of a row that no image can show, such as the box of a face, are taken as they stand.
"""

import csv
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import cv2

from deepfake import tables
from deepfake.audit.faults import Fault, Found
from deepfake.audit.read import LARGEST
from deepfake.extraction import images
from deepfake.extraction.frames import DAMAGED
from deepfake.extraction.stills import OK

COLUMNS = {"frames": tables.FRAMES, "faces": tables.FACES}
FRAME = re.compile("[0-9]{1,12}")
WITH_IMAGE = {"frames": {OK, DAMAGED}, "faces": {OK}}
"""The states in which a row has an image."""


class BadTable(ValueError):
    """The table can't be read as what its step writes."""


def check_shard(tar: Path, step: str) -> Found:
    """Read a shard's tar and the table beside it; `step` is "frames" or "faces"."""
    found = Found(f"{step}/{tar.parent.name}", shards=1)

    def fault(file: str, reason: str) -> None:
        found.faults.append(Fault(str(tar), file, reason))

    try:
        rows = _read_table(tar.with_suffix(".csv"), step)
    except BadTable as error:
        fault(tar.with_suffix(".csv").name, str(error))
        return found
    for image, reason in _bad_rows(rows, step):
        fault(image, reason)
    wanted = {row["image"]: row for row in rows if row["image"]}
    if step == "frames" and not tar.exists():
        found.absent = 1
    elif wanted or tar.exists():
        for image, size, reason in _compare(tar, wanted, step):
            found.files += bool(size)
            found.bytes += size
            if reason:
                fault(image, reason)
    return found


def _read_table(path: Path, step: str) -> list[dict[str, str]]:
    try:
        rows = tables.read_rows(path)
    except FileNotFoundError:
        raise BadTable("not there, but its tar is") from None
    except (csv.Error, OSError) as error:
        raise BadTable(f"can't be read: {error}") from None
    columns = COLUMNS[step]
    for number, row in enumerate(rows, start=1):
        if list(row) != columns or None in row.values():
            raise BadTable(f"row {number} has not the columns of {step}: {', '.join(columns)}")
    return rows


def _bad_rows(rows: list[dict[str, str]], step: str) -> Iterator[tuple[str, str]]:
    """What rows say that can't be, as (image, reason)."""
    known = set()
    for row in rows:
        name, status, frame = row["image"], row["status"], row["frame"]
        if name in known:
            yield name, "two rows in the table"
        known |= {name} - {""}
        if bool(name) != (status in WITH_IMAGE[step]):
            what = "an" if name else "no"
            yield name or row["video"], f"its row has {what} image, and says {status or 'nothing'}"
        elif name and not (FRAME.fullmatch(frame) and name.startswith(f"{row['video']}/{int(frame):06d}.")):
            yield name, f"its row is of frame {frame} of {row['video']}"


def _compare(tar: Path, wanted: dict[str, dict[str, str]], step: str) -> Iterator[tuple[str, int, str]]:
    """Each image of the tar, and each that it lacks, as (name, bytes, what is wrong); bytes 0 of none."""
    places = {name: place for place, name in enumerate(wanted)}
    missing, last, fine = set(wanted), -1, True
    try:
        with open(tar, "rb") as file, open(tar, "rb") as again:
            twin = _Twin(again)
            with tarfile.open(fileobj=twin, mode="w", format=tarfile.PAX_FORMAT) as copy:
                for name, data in _members(file):
                    if name not in missing:
                        twice = name in wanted
                        reason = "in the tar twice" if twice else "in the tar, but not in the table"
                    elif places[name] < last:
                        reason = "not in the table's order"
                    else:
                        last, reason = places[name], _trouble(data, wanted[name], step)
                    missing.discard(name)
                    fine = fine and not reason
                    yield name, len(data), reason
                    _add(copy, name, data)
            if fine and not missing and (twin.differs or again.read(1)):
                yield "", 0, "bytes beside its images have changed"
    except (tarfile.TarError, OSError) as error:
        why = getattr(error, "strerror", None) or error
        yield "", 0, f"can't be read as a tar: {why}; {len(missing)} of {len(wanted)} images weren't found"
        return
    for name in sorted(missing, key=places.get):
        yield name, 0, "in the table, but not in the tar"


def _members(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """The members' names and bytes, in the tar's order; TarError where one can't be an image."""
    try:
        with tarfile.open(fileobj=file, mode="r|") as tar:
            for member in tar:
                if not member.isreg() or member.issparse() or member.size > LARGEST:
                    raise tarfile.ReadError(f"{member.name} is no plain file of an image's size")
                yield member.name, tar.extractfile(member).read()
                tar.members.clear()  # else every header would be kept
    except ValueError as error:  # what tarfile makes of some headers
        raise tarfile.ReadError(f"a damaged header: {error}") from error


def _trouble(data: bytes, row: dict[str, str], step: str) -> str:
    """What is wrong with an image, or ""."""
    if str(len(data)) != row["bytes"]:
        return f"{len(data)} bytes, {row['bytes'] or 'nothing'} in the table"
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        return "its SHA-256 is not the table's"
    try:
        height, width = images.decode(data, cv2.IMREAD_GRAYSCALE).shape
        phash = images.perceptual_hash(data)
    except images.UnreadableImage as error:
        return str(error)
    if step == "frames" and (str(width), str(height)) != (row["width"], row["height"]):
        return f"{width}x{height} pixels, {row['width']}x{row['height']} in the table"
    if step == "faces" and width != height:
        return f"{width}x{height} pixels, and crops are square"
    return "" if phash == row["phash"] else f"its perceptual hash is {phash}, in the table {row['phash']}"


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add an image as media.tars.new_tar does."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
    tar.members.clear()


class _Twin:
    """Takes the bytes that should be written to a file, and compares them with those that stand there."""

    def __init__(self, file: BinaryIO):
        self._file, self.tell, self.differs = file, file.tell, False

    def write(self, data: bytes) -> int:
        self.differs = self.differs or self._file.read(len(data)) != data
        return len(data)
