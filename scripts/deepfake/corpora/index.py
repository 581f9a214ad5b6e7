"""The index of a corpus: a row for every video, with what is known of it or why it can't be used."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from deepfake.corpora.archives import Member, MemberError
from deepfake.corpora.shards import KINDS, assign_shards
from deepfake.errors import UserError
from deepfake.extraction.sampling import boost_factor
from deepfake.hashing import seeded_hash
from deepfake.layouts import LAYOUTS, ONE_CLASS
from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.shared import where
from deepfake.names import add_hash, slugify

NO_LABEL = "no label"
REASONS_SHOWN = 5  # where a corpus can't be used
NAMED = 20  # videos named in the log for each reason; videos.csv has them all
TURNS = 4
PACKED = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")
SEQUENCED = {"wilddeepfake"}  # layouts that read a tar of stills as a video


def is_media(path: str, layout: str) -> bool:
    """Whether a path ends like a video or a still, or like a tar of stills where the layout knows those."""
    entry = Entry("", path)
    return entry.is_video or entry.is_image or (entry.is_sequence and layout in SEQUENCED)


def label_entries(paths: list[str]) -> dict[Entry, Path]:
    """The files under `label_files` as entries at the corpus's top; raises UserError."""
    found = {}
    for path in map(Path, paths):
        entry = Entry("", path.name)
        if entry.is_video or entry.is_image or path.name.lower().endswith(PACKED):
            raise UserError(f"label_files: {path} is no label file; name it under `archives` or `folder`")
        if entry in found:
            raise UserError(f"label_files: {found[entry]} and {path} have the same name; rename one")
        found[entry] = path
    return found


def index_corpus(
    members: list[Member], read: Callable[[str, str], bytes], cfg: dict, labels: dict[Entry, Path]
) -> list[dict]:
    """Rows of tables.INDEX for a corpus of `members`, ordered by video, by the section `cfg` of its index.

    `read(archive, path)` gives the bytes of a small member. `labels` are read as if they lay at the corpus's
    top, each in the place of a file that lies there under its name, and are never videos. Every video has a
    row; `reason` tells why one can't be used: refused by the archive, no label, named against the grammar,
    absent, a copy, over `max_videos`.
    """
    members = [m for m in members if Entry(m.archive, m.path) not in labels]
    usable = {Entry(m.archive, m.path): m for m in members if not m.reason}
    refused = {Entry(m.archive, m.path): m for m in members if m.reason and is_media(m.path, cfg["layout"])}
    columns = {"columns": cfg["columns"]} if cfg["columns"] else {}
    videos = LAYOUTS[cfg["layout"]]([*usable, *labels], _reader(read, labels), **columns)
    rows = [_row(video, usable.get(video.entry)) for video in videos if video.entry not in refused]
    rows += [_refused(entry, member) for entry, member in refused.items()]
    _name_apart(rows)
    _cap(rows, cfg["seed"], cfg["max_videos"])
    _count_frames(rows, cfg["frames"])
    shards = {}
    for kind in KINDS:
        names = (row["video"] for row in rows if not row["reason"] and row["kind"] == kind)
        shards |= assign_shards(names, cfg["shard_size"], kind)
    for row in rows:
        row["shard"] = shards.get(row["video"], "")
    return sorted(rows, key=lambda row: (row["video"], row["archive"], row["member"]))


def _reader(read: Callable[[str, str], bytes], labels: dict[Entry, Path]) -> Callable[[Entry], bytes]:
    def read_entry(entry: Entry) -> bytes:
        try:
            return labels[entry].read_bytes() if entry in labels else read(entry.archive, entry.path)
        except MemberError as error:
            raise MemberError(f"{where(entry)}: {error}") from error

    return read_entry


def _kind(entry: Entry) -> str:
    return "image" if entry.is_image else "sequence" if entry.is_sequence else "video"


def _row(video: Video, member: Member | None) -> dict:
    reason = video.problem or (NO_LABEL if video.label is None else "")
    if member is None and not reason:
        reason = "the file is missing"
    attributes = {name: value for name, value in video.attributes.items() if value}
    return {
        "video": slugify(video.name),
        "kind": _kind(video.entry),
        "archive": video.entry.archive,
        "member": video.entry.path,
        "bytes": member.bytes if member else "",
        "crc32": f"{member.crc32:08x}" if member else "",
        "label": "" if video.label is None else video.label,
        "method": video.method,
        "target": video.target,
        "source": video.source,
        "original": slugify(video.original) if video.original else "",
        "group": video.group,
        "split": video.split,
        "attributes": json.dumps(attributes, sort_keys=True, ensure_ascii=False) if attributes else "",
        "reason": reason,
    }


def _refused(entry: Entry, member: Member) -> dict:
    return {
        "video": add_hash(slugify(entry.stem), f"{member.archive}/{member.path}"),
        "kind": _kind(entry),
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
                    row["video"] = add_hash(row["video"], f"{turn or ''}{_place(row)}")
    for group in _namesakes(rows):
        raise UserError(f"names that can't be told apart: {', '.join(map(_place, group))}; rename one")


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
        videos.sort(key=lambda row: seeded_hash(seed, "max_videos", row["video"]))
        for row in videos[max_videos:]:
            row["reason"] = f"over max_videos = {max_videos}"


def _count_frames(rows: list[dict], frames: dict | None) -> None:
    """Settle how many frames each video gives: `count`, and more in the class with fewer of them.

    `frames` holds `count` and `boost`; None where the strategy doesn't count frames. Stills don't count.
    """
    videos = [row for row in rows if not row["reason"] and row["kind"] != "image"] if frames else []
    numbers = {label: sum(row["label"] == label for row in videos) for label in (REAL, FAKE)}
    fewer, more = sorted(numbers, key=numbers.get)
    factor = boost_factor(numbers[fewer], numbers[more], frames["boost"]) if frames else 1
    for row in videos:
        row["frames_wanted"] = frames["count"] * (factor if row["label"] == fewer else 1)


def left_out(rows: list[dict], members: list[Member]) -> list[str]:
    """A line for each reason why videos, or other files that may matter, are left out; with their names."""
    listed = {(row["archive"], row["member"]) for row in rows}
    reasons = defaultdict(list)
    for row in rows:
        if row["reason"]:
            reasons[row["reason"]].append(_place(row))
    for member in members:
        entry = Entry(member.archive, member.path)
        if (member.archive, member.path) in listed or entry.is_fork:
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


def check_classes(corpus: str, rows: list[dict], layout: str) -> None:
    """Raise UserError unless each class that the layout's corpora have has a usable video."""
    wanted = (FAKE,) if layout in ONE_CLASS else (REAL, FAKE)
    counts = {label: sum(not r["reason"] and r["label"] == label for r in rows) for label in (REAL, FAKE)}
    if all(counts[label] for label in wanted):
        return
    reasons = defaultdict(list)
    for row in rows:
        if row["reason"]:
            reasons[row["reason"]].append(_place(row))
    common = sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))
    found = "; ".join(f"{len(m)} with '{reason}' such as {m[0]}" for reason, m in common[:REASONS_SHOWN])
    names = {REAL: "real", FAKE: "fake"}
    missing = " and ".join(names[label] for label in wanted if not counts[label])
    raise UserError(
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
