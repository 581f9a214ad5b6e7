"""What the log of an index says: how many videos there are, and which files were left out and why."""

from collections import defaultdict

from deepfake.corpora.archives import Member
from deepfake.corpora.index import ARCHIVE_TYPES
from deepfake.corpora.unique_names import row_path
from deepfake.layouts.entries import FAKE, REAL, Entry
from deepfake.layouts.shared import NO_LABEL

NAMES_SHOWN = 20  # for each reason; videos.csv has all


def summary(corpus: str, rows: list[dict]) -> str:
    """Return a line such as `dfdc: 400 videos, 77 real, 323 fake, 0 unlabelled, 7 shards`."""
    used = [row for row in rows if not row["reason"]]
    real, fake = (sum(row["label"] == label for row in used) for label in (REAL, FAKE))
    unlabelled = sum(row["reason"].startswith(NO_LABEL) for row in rows)
    other = len(rows) - len(used) - unlabelled
    line = f"{corpus}: {len(rows)} videos, {real} real, {fake} fake, {unlabelled} unlabelled"
    return line + (f", {other} left out" if other else "") + f", {len({row['shard'] for row in used})} shards"


def left_out(rows: list[dict], members: list[Member]) -> list[str]:
    """Return a line for each reason why videos, or other files that may matter, are left out, with names."""
    listed = {(row["archive"], row["member"]) for row in rows}
    reasons = defaultdict(list)
    for row in rows:
        if row["reason"]:
            reasons[row["reason"]].append(row_path(row))
    for member in members:
        entry = Entry(member.archive, member.path)
        if (member.archive, member.path) in listed or entry.is_fork:
            continue
        if member.reason:
            reasons[f"not read, {member.reason}"].append(str(entry))
        elif member.path.lower().endswith(ARCHIVE_TYPES):
            reason = "an archive inside the corpus; unpack it, or list zips under `archives`"
            reasons[reason].append(str(entry))
    return [
        f"{len(names)} left out, {reason}: {', '.join(names[:NAMES_SHOWN])}"
        + (f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else "")
        for reason, names in sorted(reasons.items())
    ]
