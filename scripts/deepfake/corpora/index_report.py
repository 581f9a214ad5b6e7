"""What the log of an index says: how many videos there are, and which files were left out and why."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from deepfake.corpora.archive_advice import is_archive_name
from deepfake.corpora.archives import Member
from deepfake.corpora.contents import NO_ENDING
from deepfake.corpora.unique_names import row_path
from deepfake.layouts.entries import FAKE, REAL
from deepfake.layouts.media_types import OTHER, ending_of, other_line
from deepfake.layouts.parquet_rows import SUFFIX as PARQUET
from deepfake.layouts.service_files import service_line, service_part
from deepfake.layouts.shared import NO_LABEL

NAMES_SHOWN = 20  # for each reason; videos.csv has all


def summary(corpus: str, rows: list[dict], others: Iterable[str] = ()) -> str:
    """Return a line such as `dfdc: 400 videos, 77 real, 323 fake, 0 unlabelled, 7 shards`.

    `others`, what `other_files` returns, follow after semicolons.
    """
    used = [row for row in rows if not row["reason"]]
    real, fake = (sum(row["label"] == label for row in used) for label in (REAL, FAKE))
    unlabelled = sum(row["reason"].startswith(NO_LABEL) for row in rows)
    other = len(rows) - len(used) - unlabelled
    line = f"{corpus}: {len(rows)} videos, {real} real, {fake} fake, {unlabelled} unlabelled"
    line += (f", {other} left out" if other else "") + f", {len({row['shard'] for row in used})} shards"
    return "; ".join([line, *others])


def other_files(rows: list[dict], members: list[Member], labels: set[tuple[str, str]]) -> list[str]:
    """Return what the last line of the log adds: how many files without a row there are, and of what kinds.

    `labels` are the archive and the path of the label files that were read.
    """
    listed = {(row["archive"], row["member"]) for row in rows}
    refused = [
        m for m in members if m.reason and not m.entry.is_service and (m.archive, m.path) not in listed
    ]
    unread = f"{len(refused)} other file{'s' if len(refused) > 1 else ''} can't be read" if refused else ""
    endings = Counter(
        ending_of(member.path) or NO_ENDING
        for member in members
        if not (member.reason or member.entry.is_service or (member.archive, member.path) in labels)
        and member.entry.kind == OTHER
    )
    return list(filter(None, [other_line(endings), unread, service_line(map(_service_path, members))]))


def _service_path(member: Member) -> str:
    """Return the path of the hidden or service file or folder that a member is or lies in; "" if in none."""
    part = service_part(member.path)
    return f"{member.archive}/{part}" if part else ""


def left_out(rows: list[dict], members: list[Member]) -> list[str]:
    """Return a line for each reason why videos, or other files that may matter, are left out, with names."""
    listed = {(row["archive"], row["member"]) for row in rows}
    reasons = defaultdict(list)
    for row in rows:
        if row["reason"]:
            reasons[row["reason"]].append(row_path(row))
    for member in members:
        entry = member.entry
        if (member.archive, member.path) in listed or entry.is_service:
            continue
        if member.reason:
            reasons[f"not read, {member.reason}"].append(str(entry))
        elif is_archive_name(member.path):
            reason = "an archive inside the corpus; unpack it, or list zips under `archives`"
            reasons[reason].append(str(entry))
        elif entry.suffix == PARQUET:
            reason = "a Parquet file inside the corpus; if it holds images, list it under `archives`"
            reasons[reason].append(str(entry))
    return [
        f"{len(names)} left out, {reason}: {', '.join(names[:NAMES_SHOWN])}"
        + (f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else "")
        for reason, names in sorted(reasons.items())
    ]
