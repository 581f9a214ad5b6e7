"""Folders that can't be written: full disks, quotas, missing permission; each error says what to do."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

from deepfake.errors import UserError

FULL = 1 << 16  # bytes; with less room than this a disk is full: no output is as small
AGAIN = "then run the same command again"
REASONS = {
    errno.ENOSPC: f"the disk is full; free some space, {AGAIN}",
    errno.EDQUOT: f"your quota of the disk is used up; free some space or ask for more, {AGAIN}",
    errno.EROFS: "the disk is read-only; run in another folder, or make this one a link to another disk",
    errno.EACCES: f"no permission to write; get it with chmod or from the folder's owner, {AGAIN}",
    errno.EPERM: f"no permission to write; get it with chmod or from the folder's owner, {AGAIN}",
    errno.EFBIG: f"a file would be larger than the system allows; raise `ulimit -f`, {AGAIN}",
}
WHILE_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


class WriteError(UserError, OSError):
    """An output can't be written: the disk is full or read-only, or there is no permission."""


def writing_error(error: Exception, folder: Path) -> WriteError | None:
    """Return an error that says why `folder` can't be written; None if `error` has another cause.

    Libraries raise all kinds of exceptions where a disk is full, so any of them counts if it is full.
    """
    if isinstance(error, UserError):
        return None
    code = getattr(error, "errno", None)
    if code not in WHILE_WRITING:
        code = errno.ENOSPC if is_full(folder) else None
    return WriteError(f"{folder}: {REASONS[code]}") if code else None


def creation_error(error: OSError, folder: Path) -> WriteError:
    """Return an error that says why nothing can be created in `folder`."""
    reason = REASONS.get(error.errno or 0) or f"can't be written: {error.strerror}; move away what is there"
    return WriteError(f"{folder}: {reason}")


def explain(error: OSError) -> str:
    """Return the message of an error, with the full disk if it says that one is full and names no file."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT) or error.filename:
        return str(error)
    folders = dict.fromkeys([os.getcwd(), tempfile.gettempdir()])
    full = [folder for folder in folders if is_full(Path(folder))] or list(folders)
    return f"{' or '.join(full)}: {REASONS[error.errno]}"


def check_writable(folders: list[str]) -> None:
    """Raise WriteError unless something can be created in each folder, or in what is there of its path."""
    for folder in folders:
        place = Path(folder)
        if place.is_symlink() and not place.exists():
            gone = os.readlink(place)
            raise WriteError(f"{folder}: a link to {gone}, which doesn't exist; make that folder")
        while not place.exists():
            place = place.absolute().parent
        if not place.is_dir():
            raise WriteError(f"{folder}: {place} is a file, not a folder; move it away")
        if not os.access(place, os.W_OK | os.X_OK):
            read_only = os.statvfs(place).f_flag & os.ST_RDONLY
            raise WriteError(f"{folder}: {REASONS[errno.EROFS if read_only else errno.EACCES]}")
        if is_full(place):
            raise WriteError(f"{folder}: {REASONS[errno.ENOSPC]}")


def is_full(folder: Path) -> bool:
    """Return whether the disk of a folder has no room left; False if that can't be told."""
    try:
        return shutil.disk_usage(folder).free < FULL
    except OSError:
        return False
