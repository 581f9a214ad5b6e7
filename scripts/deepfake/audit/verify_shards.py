"""Verify one shard of frames or face crops: read every image of its tar, and compare it with its row.

An image is right when its name, place in the tar, bytes, SHA-256, size in pixels and perceptual hash are
those of its row. The tar must have exactly the bytes that `new_tar` writes for these images, so that any
changed bit is found. Values that can't be seen in an image, such as the box of a face, are not checked.
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
import numpy as np

from deepfake import tables
from deepfake.audit.faults import Checked, Fault
from deepfake.audit.files import MAX_IMAGE_BYTES
from deepfake.dataset.read import checksum_problem
from deepfake.errors import UserError
from deepfake.extraction import images
from deepfake.tables import DAMAGED, OK

COLUMNS = {"frames": tables.FRAMES, "faces": tables.FACES}
FRAME_INDEX = re.compile("[0-9]{1,12}")
WITH_IMAGE = {"frames": {OK, DAMAGED}, "faces": {OK}}
"""The statuses of rows that have an image."""


class InvalidTable(UserError):
    """A shard's table does not have the columns that its step writes."""


def check_shard(tar: Path, step: str) -> Checked:
    """Return what a shard's tar holds and what of it is damaged; `step` is "frames" or "faces"."""
    checked = Checked(f"{step}/{tar.parent.name}", shards=1)

    def add_fault(file: str, reason: str) -> None:
        checked.faults.append(Fault(str(tar), file, reason))

    try:
        rows = _read_table(tar.with_suffix(".csv"), step)
    except InvalidTable as error:
        add_fault(tar.with_suffix(".csv").name, str(error))
        return checked
    for image, reason in _check_rows(rows, step):
        add_fault(image, reason)
    expected = {row[key]: row for row in rows for key in ("image", "mask") if row.get(key)}
    if step == "frames" and not tar.exists():
        checked.absent = 1
    elif expected or tar.exists():
        for image, size, reason in _check_tar(tar, expected, step):
            checked.files += bool(size)
            checked.bytes += size
            if reason:
                add_fault(image, reason)
    return checked


def _read_table(path: Path, step: str) -> list[dict[str, str]]:
    try:
        rows = tables.read_rows(path)
    except FileNotFoundError:
        raise InvalidTable("missing, but its tar is there") from None
    except (csv.Error, OSError) as error:
        raise InvalidTable(f"can't be read: {error}") from None
    columns = COLUMNS[step]
    for number, row in enumerate(rows, start=1):
        if list(row) != columns or None in row.values():
            raise InvalidTable(f"row {number} does not have the columns of {step}: {', '.join(columns)}")
    return rows


def _check_rows(rows: list[dict[str, str]], step: str) -> Iterator[tuple[str, str]]:
    """Yield the image and the reason of each contradiction in the rows themselves."""
    known = set()
    for row in rows:
        name, status, frame = row["image"], row["status"], row["frame"]
        if name in known:
            yield name, "two rows in the table"
        known |= {name} - {""}
        if bool(name) != (status in WITH_IMAGE[step]):
            what = "an" if name else "no"
            yield name or row["video"], f"its row has {what} image, but its status is {status or 'empty'}"
        elif name and not (
            FRAME_INDEX.fullmatch(frame) and name.startswith(f"{row['video']}/{int(frame):06d}.")
        ):
            yield name, f"its row is of frame {frame} of {row['video']}"
        mask = row.get("mask", "")
        if mask and (not name or mask != f"{name.rpartition('.')[0]}.mask.png"):
            yield mask, f"a mask whose row has {name or 'no image'}"


def _check_tar(tar: Path, expected: dict[str, dict[str, str]], step: str) -> Iterator[tuple[str, int, str]]:
    """Yield the name, bytes and problem ("" if none) of each image in the tar, and of each missing one.

    Missing images have 0 bytes. A problem with the tar itself has the name "".
    """
    positions = {name: position for position, name in enumerate(expected)}
    missing, last, all_right = set(expected), -1, True
    try:
        with open(tar, "rb") as file, open(tar, "rb") as again:
            comparison = _ComparingWriter(again)
            with tarfile.open(fileobj=comparison, mode="w", format=tarfile.PAX_FORMAT) as copy:
                for name, data in _read_images(file):
                    if name not in missing:
                        twice = name in expected
                        problem = "in the tar twice" if twice else "in the tar, but not in the table"
                    elif positions[name] < last:
                        problem = "not in the table's order"
                    else:
                        row = expected[name]
                        problem = (
                            _mask_problem(data, row, step)
                            if name != row["image"]
                            else _image_problem(data, row, step)
                        )
                        last = positions[name]
                    missing.discard(name)
                    all_right = all_right and not problem
                    yield name, len(data), problem
                    _add(copy, name, data)
            if all_right and not missing and (comparison.differs or again.read(1)):
                yield "", 0, "bytes outside its images have changed"
    except (tarfile.TarError, OSError) as error:
        why = getattr(error, "strerror", None) or error
        yield "", 0, f"can't be read as a tar: {why}; {len(missing)} of {len(expected)} images weren't found"
        return
    for name in sorted(missing, key=positions.get):
        yield name, 0, "in the table, but not in the tar"


def _read_images(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the name and bytes of each file in a tar. Raises TarError if one can't be an image."""
    try:
        with tarfile.open(fileobj=file, mode="r|") as tar:
            for member in tar:
                if not member.isreg() or member.issparse() or member.size > MAX_IMAGE_BYTES:
                    raise tarfile.ReadError(f"{member.name} is not a regular file of an image's size")
                yield member.name, tar.extractfile(member).read()
                tar.members.clear()  # otherwise tarfile keeps every header
    except ValueError as error:  # tarfile raises it for some damaged headers
        raise tarfile.ReadError(f"a damaged header: {error}") from error


def _image_problem(data: bytes, row: dict[str, str], step: str) -> str:
    """Return what is wrong with an image, or ""."""
    if str(len(data)) != row["bytes"]:
        return f"{len(data)} bytes, {row['bytes'] or 'nothing'} in the table"
    if problem := checksum_problem(hashlib.sha256(data).hexdigest(), row["sha256"], "the table"):
        return problem
    try:
        height, width = images.decode(data, cv2.IMREAD_GRAYSCALE).shape
        phash = images.perceptual_hash(data)
    except images.UnreadableImage as error:
        return str(error)
    if step == "frames" and (str(width), str(height)) != (row["width"], row["height"]):
        return f"{width}x{height} pixels, {row['width']}x{row['height']} in the table"
    if step == "faces" and width != height:
        return f"{width}x{height} pixels, but crops are square"
    return "" if phash == row["phash"] else f"its perceptual hash is {phash}, in the table {row['phash']}"


def _mask_problem(data: bytes, row: dict[str, str], step: str) -> str:
    """Return what is wrong with the mask of an image, or ""."""
    if problem := checksum_problem(hashlib.sha256(data).hexdigest(), row["mask_sha256"], "the table"):
        return problem
    try:
        pixels = images.decode(data, cv2.IMREAD_UNCHANGED)
    except images.UnreadableImage as error:
        return str(error)
    if pixels.ndim != 2 or not np.isin(pixels, (0, 255)).all():
        return "a mask has black and white pixels alone"
    is_crop = step == "faces"
    return "its crop is square, and it is not" if is_crop and pixels.shape[0] != pixels.shape[1] else ""


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add an image in the same way as extraction.tars.new_tar."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
    tar.members.clear()


class _ComparingWriter:
    """A file to write to, which compares what is written with the bytes of another file."""

    def __init__(self, file: BinaryIO):
        self._file, self.tell, self.differs = file, file.tell, False

    def write(self, data: bytes) -> int:
        self.differs = self.differs or self._file.read(len(data)) != data
        return len(data)
