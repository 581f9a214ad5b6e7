"""The index of a corpus: a row for every video, with what is known of it or why it can't be used."""

from collections import defaultdict
from collections.abc import Callable

from deepfake.archives import Member
from deepfake.entries import FAKE, REAL, Entry, Video
from deepfake.layouts import LAYOUTS
from deepfake.layouts.rows import where
from deepfake.names import draw, marked, slug
from deepfake.sharding import assign_shards

NO_LABEL = "no label"
KINDS = 5  # reasons told where a corpus is of no use
NAMED = 20  # videos named in the log for each reason; videos.csv has them all
TURNS = 4
PACKED = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")


class UselessCorpus(ValueError):
    """Nothing, or only one class, was found; the message says what was there instead."""


def is_media(path: str) -> bool:
    """Whether a path ends like a video or a still."""
    return Entry("", path).is_video or Entry("", path).is_image


def index_corpus(
    members: list[Member],
    read: Callable[[str, str], bytes],
    layout: str,
    seed: int,
    max_videos: int | None,
    shard_size: int,
) -> list[dict]:
    """Rows of tables.INDEX for a corpus of `members`, ordered by video.

    `read(archive, path)` gives the bytes of a small member. Every video has a row; `reason` tells why one
    can't be used: refused by the archive, no label, named against the grammar, absent, a copy, over
    `max_videos`.
    """
    usable = {Entry(m.archive, m.path): m for m in members if not m.reason}
    refused = {Entry(m.archive, m.path): m for m in members if m.reason and is_media(m.path)}
    videos = LAYOUTS[layout](list(usable), lambda entry: read(entry.archive, entry.path))
    rows = [_row(video, usable.get(video.entry)) for video in videos if video.entry not in refused]
    rows += [_refused(entry, member) for entry, member in refused.items()]
    _name_apart(rows)
    _cap(rows, seed, max_videos)
    shards = assign_shards((row["video"] for row in rows if not row["reason"]), shard_size)
    for row in rows:
        row["shard"] = shards.get(row["video"], "")
    return sorted(rows, key=lambda row: (row["video"], row["archive"], row["member"]))


def _row(video: Video, member: Member | None) -> dict:
    reason = video.problem or (NO_LABEL if video.label is None else "")
    if member is None and not reason:
        reason = "the file is missing"
    return {
        "video": slug(video.name),
        "media": "image" if video.entry.is_image else "video",
        "archive": video.entry.archive,
        "member": video.entry.path,
        "bytes": member.bytes if member else "",
        "crc32": f"{member.crc32:08x}" if member else "",
        "label": "" if video.label is None else video.label,
        "method": video.method,
        "target": video.target,
        "source": video.source,
        "original": slug(video.original) if video.original else "",
        "group": video.group,
        "split": video.split,
        "reason": reason,
    }


def _refused(entry: Entry, member: Member) -> dict:
    return {
        "video": marked(slug(entry.stem), f"{member.archive}/{member.path}"),
        "media": "image" if entry.is_image else "video",
        "archive": member.archive,
        "member": member.path,
        "bytes": member.bytes,
        "crc32": f"{member.crc32:08x}",
        "reason": member.reason,
    }


def _name_apart(rows: list[dict]) -> None:
    """Give each row a name of its own, also where case doesn't count; of copies all but one are left out."""
    for group in _namesakes(rows):
        _leave_out_copies([row for row in group if not row["reason"]])
    for turn in range(TURNS):  # a file may be named so as to meet another's marked name
        if not (groups := _namesakes(rows)):
            return
        for group in groups:
            usable = [row for row in group if not row["reason"]]
            for row in group:
                if usable != [row]:
                    row["video"] = marked(row["video"], f"{turn or ''}{_place(row)}")
    for group in _namesakes(rows):
        raise UselessCorpus(f"names that can't be told apart: {', '.join(map(_place, group))}; rename one")


def _namesakes(rows: list[dict]) -> list[list[dict]]:
    """Rows of one name, where there are several; in each group the usable ones come first."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["video"].casefold()].append(row)
    several = [group for group in groups.values() if len(group) > 1]
    return [sorted(g, key=lambda r: (bool(r["reason"]), r["archive"], r["member"])) for g in several]


def _leave_out_copies(rows: list[dict]) -> None:
    by_content = defaultdict(list)
    for row in rows:
        by_content[row["bytes"], row["crc32"]].append(row)
    for first, *others in by_content.values():
        for row in others:
            row["reason"] = f"a copy of {_place(first)}"
        for row in [first, *others] if len({row["label"] for row in [first, *others]}) > 1 else []:
            row["reason"] = f"two labels, here and as a copy: {_place(others[0] if row is first else first)}"


def _place(row: dict) -> str:
    return "/".join(filter(None, (row["archive"], row["member"])))


def _cap(rows: list[dict], seed: int, max_videos: int | None) -> None:
    """Leave out all but `max_videos` of each class, by a draw on the name: a higher cap only adds."""
    if max_videos is None:
        return
    for label in (REAL, FAKE):
        videos = [row for row in rows if not row["reason"] and row["label"] == label]
        videos.sort(key=lambda row: draw(seed, "max_videos", row["video"]))
        for row in videos[max_videos:]:
            row["reason"] = f"over max_videos = {max_videos}"


def left_out(rows: list[dict], members: list[Member]) -> list[str]:
    """A line for each reason why videos, or other files that may matter, are left out; with their names."""
    reasons = defaultdict(list)
    for row in rows:
        if row["reason"]:
            reasons[row["reason"]].append(_place(row))
    for member in members:
        entry = Entry(member.archive, member.path)
        if is_media(member.path) or entry.is_fork:
            continue
        if reason := member.reason:
            reasons[f"not read, {reason}"].append(where(entry))
        elif member.path.lower().endswith(PACKED):
            reasons["an archive inside the corpus; unpack it, or list zips under `archives`"].append(
                where(entry)
            )
    return [
        f"{len(names)} left out, {reason}: {', '.join(names[:NAMED])}"
        + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        for reason, names in sorted(reasons.items())
    ]


def check_classes(corpus: str, rows: list[dict]) -> None:
    """Raise UselessCorpus unless both classes have a usable video."""
    counts = {label: sum(not r["reason"] and r["label"] == label for r in rows) for label in (REAL, FAKE)}
    if all(counts.values()):
        return
    reasons = defaultdict(list)
    for row in rows:
        if row["reason"]:
            reasons[row["reason"]].append(_place(row))
    common = sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))
    found = "; ".join(f"{len(m)} with '{reason}' such as {m[0]}" for reason, m in common[:KINDS])
    missing = " and ".join(name for label, name in ((REAL, "real"), (FAKE, "fake")) if not counts[label])
    raise UselessCorpus(
        f"corpora.{corpus}: no {missing} video found ({len(rows)} rows{': ' + found if found else ''}). "
        "Check that `layout` fits the files, and that the label files are among them."
    )


def summary(corpus: str, rows: list[dict]) -> str:
    """One line such as `dfdc: 400 videos, 77 real, 323 fake, 0 unlabelled, 7 shards`."""
    used = [row for row in rows if not row["reason"]]
    real, fake = (sum(row["label"] == label for row in used) for label in (REAL, FAKE))
    unlabelled = sum(row["reason"] == NO_LABEL for row in rows)
    other = len(rows) - len(used) - unlabelled
    line = f"{corpus}: {len(rows)} videos, {real} real, {fake} fake, {unlabelled} unlabelled"
    return line + (f", {other} left out" if other else "") + f", {len({row['shard'] for row in used})} shards"
