"""Unique names for the rows of an index, and the copies of videos among them."""

from collections import defaultdict

from deepfake.errors import UserError
from deepfake.names import add_hash

ROUNDS = 4


def make_names_unique(rows: list[dict]) -> None:
    """Change `video` of rows so that all names differ, also on file systems where case doesn't count.

    Of usable rows with one name and equal content all but one are left out as copies. Then a usable row keeps
    its name if it is the only usable one; the others get a hash of their path. Raises UserError if that
    isn't enough, because files are named like other files with their hash.
    """
    for group in _groups_of_one_name(rows):
        _leave_out_copies([row for row in group if not row["reason"]])
    for round_number in range(ROUNDS):
        if not (groups := _groups_of_one_name(rows)):
            return
        for group in groups:
            usable = [row for row in group if not row["reason"]]
            for row in group:
                if usable != [row]:
                    row["video"] = add_hash(row["video"], f"{round_number or ''}{row_path(row)}")
    for group in _groups_of_one_name(rows):
        raise UserError(f"names that can't be told apart: {', '.join(map(row_path, group))}; rename one")


def _groups_of_one_name(rows: list[dict]) -> list[list[dict]]:
    """Return the rows that share a name, a list for each name; in each list usable rows come first."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["video"].casefold()].append(row)
    return [
        sorted(group, key=lambda row: (bool(row["reason"]), row["archive"], row["member"]))
        for group in groups.values()
        if len(group) > 1
    ]


def _leave_out_copies(rows: list[dict]) -> None:
    """Give all but the first of the rows with equal content a reason; all of them if their labels differ."""
    by_content = defaultdict(list)
    for row in rows:
        by_content[row["bytes"], row["crc32"]].append(row)
    for first, *others in by_content.values():
        for row in others:
            row["reason"] = f"a copy of {row_path(first)}"
        if len({row["label"] for row in (first, *others)}) > 1:
            for row in (first, *others):
                other = others[0] if row is first else first
                row["reason"] = f"two labels, here and as a copy: {row_path(other)}"


def row_path(row: dict) -> str:
    """Return the archive and the path of a row's file."""
    return "/".join(filter(None, (row["archive"], row["member"])))
