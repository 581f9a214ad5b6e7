"""Paths of Windows, in a config or on a command line: what to write in their place under WSL2.

WSL has the drives of Windows below /mnt, and its own files are \\\\wsl.localhost\\<distribution> for Windows;
https://learn.microsoft.com/windows/wsl/filesystems. A network share is mounted first, by `mount -t drvfs`.
"""

import os
import re

DRIVE = re.compile(r"([A-Za-z]):[\\/]+")
OWN_FILES = re.compile(r"\\\\wsl(?:\$|\.localhost)\\[^\\/]+", re.IGNORECASE)
SHARE = re.compile(r"\\\\[^\\/]+[\\/]+([^\\/]+)")


def explain_windows_path(path: str) -> str:
    """Return what to write for a path with a drive or server, such as C:/Datasets; "" for any other."""
    if os.name != "posix":
        return ""
    if drive := DRIVE.match(path):
        return (
            f"this is a path of Windows; under WSL write {_inside(f'/mnt/{drive[1].lower()}', path, drive)}"
        )
    if own := OWN_FILES.match(path):
        return f"this is how Windows names a path of WSL; write {_inside('', path, own) or '/'}"
    if share := SHARE.match(path):
        place = f"/mnt/{share[1]}"
        return (
            f"this is a network share of Windows; under WSL mount it (sudo mkdir {place} && sudo mount -t "
            f"drvfs '{share[0]}' {place}) and write {_inside(place, path, share)}"
        )
    return ""


def _inside(place: str, path: str, start: re.Match) -> str:
    """Return a path below `place`, with what is after `start` in a path of Windows."""
    rest = re.sub(r"[\\/]+", "/", path[start.end() :]).strip("/")
    return f"{place}/{rest}" if rest else place
