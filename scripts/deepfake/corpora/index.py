"""The index of a corpus: a row for every video, with what is known of it, or why it can't be used."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from deepfake.corpora.archive_advice import is_archive_name
from deepfake.corpora.archives import Member, MemberError
from deepfake.corpora.contents import EMPTY
from deepfake.corpora.frame_folders import folder_member, stills_by_folder
from deepfake.corpora.shards import KINDS, assign_shards
from deepfake.corpora.unique_names import make_names_unique, row_path
from deepfake.errors import UserError
from deepfake.files import read_regular
from deepfake.hashing import seeded_hash
from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.registry import LAYOUTS, is_media, read_corpus
from deepfake.layouts.segments import format_segments
from deepfake.layouts.shared import NO_LABEL
from deepfake.names import add_hash, escape_formula, slugify, visible
from deepfake.tables import SHARD

CLASSES = {REAL: "real", FAKE: "fake"}
REASONS_SHOWN = 5  # in the error about a corpus without usable videos


def label_entries(paths: list[str]) -> dict[Entry, Path]:
    """Return the files under `label_files` of the config, as entries at the top of the corpus.

    Raises UserError for a file that is no label file, and for two of the same name.
    """
    entries: dict[Entry, Path] = {}
    for path in map(Path, paths):
        entry = Entry("", path.name)
        if entry.is_video or entry.is_image or is_archive_name(path.name):
            raise UserError(f"label_files: {path} is no label file; name it under `archives` or `folder`")
        if entry in entries:
            raise UserError(f"label_files: {entries[entry]} and {path} have the same name; rename one")
        entries[entry] = path
    return entries


def index_corpus(
    members: list[Member], read: Callable[[str, str], bytes], cfg: dict, labels: dict[Entry, Path]
) -> list[dict]:
    """Return the rows of tables.INDEX for a corpus, sorted by video.

    `members` are the files of the corpus, and `read(archive, path)` returns the bytes of one. `cfg` is the
    corpus's `config.sections.index_section`. `labels` are read as if they were at the top of the corpus,
    instead of a file of the same name there, and are never videos. Every video has a row; `reason` says why
    one can't be used: it is refused by the archive, is empty, has no label or an unexpected path, is missing,
    is a copy, or is above `max_videos`.
    """
    members = [m for m in members if m.entry not in labels]
    usable = {m.entry: m for m in members if not m.reason}
    refused = {m.entry: m for m in members if m.reason}

    def read_bytes(entry: Entry) -> bytes:
        try:
            return read_regular(labels[entry]) if entry in labels else read(entry.archive, entry.path)
        except MemberError as error:
            raise MemberError(f"{entry}: {error}") from error

    videos = read_corpus(cfg["layout"], [*usable, *labels], read_bytes, cfg["columns"])
    refused = {entry: member for entry, member in refused.items() if is_media(entry, cfg["layout"])}
    if folders := [video.entry for video in videos if video.entry.is_frames]:
        stills = stills_by_folder(usable.values())
        usable |= {folder: folder_member(folder, stills[folder]) for folder in folders}
    rows = [_row(video, usable.get(video.entry)) for video in videos if video.entry not in refused]
    rows += [_refused_row(entry, member) for entry, member in refused.items()]
    if cfg.get("masks"):
        _add_masks(rows, videos, usable)
    make_names_unique(rows)
    _limit_videos(rows, cfg["seed"], cfg["max_videos"])
    _count_frames(rows, cfg["frames"])
    blocks = {(m.archive, m.path): m.block for m in members if m.block}
    _assign_shards(rows, cfg["shard_size"], blocks)
    for row in rows:
        row["reason"] = visible(row["reason"])
    return sorted(rows, key=lambda row: (row["video"], row["archive"], row["member"]))


def check_classes(corpus: str, rows: list[dict], layout: str, others: Iterable[str] = ()) -> None:
    """Raise UserError unless each class that corpora of the layout have has a usable video.

    `others` says in a few words which other files there are.
    """
    counts = {label: sum(not row["reason"] and row["label"] == label for row in rows) for label in CLASSES}
    missing = " and ".join(CLASSES[label] for label in LAYOUTS[layout].classes if not counts[label])
    if not missing:
        return
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row["reason"]:
            reasons.setdefault(row["reason"], []).append(row_path(row))
    common = sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))[:REASONS_SHOWN]
    details = [f"{len(paths)} with '{reason}' such as {paths[0]}" for reason, paths in common]
    details = "; ".join([*details, *others])
    where = LAYOUTS[layout].labels
    raise UserError(
        f"corpora.{corpus}: no {missing} video found ({len(rows)} rows{': ' + details if details else ''}). "
        "Check that `layout` fits the files (`python scripts/suggest.py` finds the one that does), and that "
        f"the label files are among them{where and ': '}{where}."
    )


def _kind(entry: Entry) -> str:
    return "image" if entry.is_image else "sequence" if entry.is_sequence or entry.is_frames else "video"


def _row(video: Video, member: Member | None) -> dict:
    reason = video.problem or (NO_LABEL if video.label is None else "")
    if member is None and not reason:
        reason = "the file is missing"
    if member and not member.bytes and reason in ("", NO_LABEL):
        reason = EMPTY
    reason = reason or _segments_problem(video)
    # Names of people, methods and groups come from hostile archives, and end in pages and spreadsheets.
    attributes = {name: escape_formula(visible(value)) for name, value in video.attributes.items() if value}
    return {
        "video": slugify(video.name),
        "kind": _kind(video.entry),
        "archive": video.entry.archive,
        "member": member.path if member else video.entry.path,
        "bytes": member.bytes if member else "",
        "crc32": f"{member.crc32:08x}" if member else "",
        "segments": format_segments(video.segments),
        "label": "" if video.label is None else video.label,
        "method": visible(video.method),
        "target": visible(video.target),
        "source": visible(video.source),
        "original": slugify(video.original) if video.original else "",
        "group": visible(video.group),
        "family": video.family,
        "split": video.split,
        "attributes": json.dumps(attributes, sort_keys=True, ensure_ascii=False) if attributes else "",
        "reason": reason,
    }


def _segments_problem(video: Video) -> str:
    """Return why the segments of a video can't be used; "" if they can, or it has none."""
    if video.segments and video.label == REAL:
        return "labelled real, but with segments that are fake"
    if video.segments and _kind(video.entry) != "video":
        return "fake in some segments only, and the times of its stills are unknown"
    return ""


def _add_masks(rows: list[dict], videos: list[Video], usable: dict[Entry, Member]) -> None:
    """Set the columns of the masks that a corpus has of its videos."""
    masks = {(v.entry.archive, v.entry.path): usable[v.mask] for v in videos if v.mask in usable}
    for row in rows:
        if mask := masks.get((row["archive"], row["member"])):
            row |= {"mask_archive": mask.archive, "mask_member": mask.path}
            row["mask_crc32"] = f"{mask.crc32:08x}"


def _refused_row(entry: Entry, member: Member) -> dict:
    return {
        "video": add_hash(slugify(entry.stem), f"{member.archive}/{member.path}"),
        "kind": _kind(entry),
        "archive": member.archive,
        "member": member.path,
        "bytes": member.bytes,
        "crc32": f"{member.crc32:08x}",
        "reason": member.reason,
    }


def _limit_videos(rows: list[dict], seed: int, max_videos: int | None) -> None:
    """Leave out all but `max_videos` random videos of each class; a higher limit keeps the same and adds."""
    if max_videos is None:
        return
    for label in CLASSES:
        videos = [row for row in rows if not row["reason"] and row["label"] == label]
        videos.sort(key=lambda row: seeded_hash(seed, "max_videos", row["video"]))
        for row in videos[max_videos:]:
            row["reason"] = f"over max_videos = {max_videos}"


def _count_frames(rows: list[dict], frames: dict | None) -> None:
    """Set `frames_base` of each usable video to `count`, and `frames_wanted` to that or a multiple of it.

    The class with fewer videos gives more frames. `frames` has `count` and `boost`; it is None if the
    sampling strategy needs no count. Images have none. Where it has `factor`, that is the multiple of each
    class by its name, whatever videos there are.
    """
    if not frames:
        return
    videos = [row for row in rows if not row["reason"] and row["kind"] != "image"]
    numbers = {label: sum(row["label"] == label for row in videos) for label in CLASSES}
    fewer, more = sorted(numbers, key=numbers.get)
    factors = {fewer: boost_factor(numbers[fewer], numbers[more], frames["boost"])}
    for label, name in CLASSES.items() if "factor" in frames else ():
        factors[label] = frames["factor"].get(name, 1)
    for row in videos:
        row["frames_base"] = frames["count"]
        row["frames_wanted"] = frames["count"] * factors.get(row["label"], 1)


def _assign_shards(rows: list[dict], size: int, blocks: dict[tuple[str, str], str]) -> None:
    """Set `shard` of each row, "" of one that can't be used.

    A fake is with its original, and a file of one of the `blocks`, by archive and path, with that block.
    """
    originals = {row["video"]: row["original"] for row in rows if row.get("original")}
    if blocks:
        in_blocks = {row["video"]: blocks.get((row["archive"], row["member"])) for row in rows}
        originals |= {video: block for video, block in in_blocks.items() if block}
    shards = {}
    for kind in KINDS:
        names = (row["video"] for row in rows if not row["reason"] and row["kind"] == kind)
        shards |= assign_shards(names, size, kind, originals)
    for row in rows:
        row["shard"] = shards.get(row["video"], "")


def rows_of_shards(rows: list[dict], pairs: bool = False) -> dict[str, list[dict]]:
    """Return the rows of tables.SHARD of each shard, from those of the index.

    With `pairs`, an original has the segments of its partial fakes. A fake has its `original` only where that
    is usable and in the same shard, so that no shard depends on another one, and has no other original
    itself. Labels don't count: to correct one decodes nothing again.
    """
    firsts = {(row["shard"], row["video"]) for row in rows if row.get("original") in ("", row["video"])}
    shards: dict[str, list[dict]] = {}
    for row in rows:
        if not row["shard"]:
            continue
        pair = row["original"] != row["video"] and (row["shard"], row["original"]) in firsts
        known = {key: row.get(key, "") for key in SHARD} | {"original": row["original"] if pair else ""}
        shards.setdefault(row["shard"], []).append(known)
    if pairs:
        for videos in shards.values():
            _add_segments_of_fakes(videos)
    return shards


def _add_segments_of_fakes(videos: list[dict]) -> None:
    segments: dict[str, set[str]] = {}
    for video in videos:
        if video["original"] and video["segments"]:
            segments.setdefault(video["original"], set()).add(video["segments"])
    for video in videos:
        video["fakes_segments"] = ";".join(sorted(segments.get(video["video"], ())))


def boost_factor(fewer: int, more: int, most: int) -> int:
    """Return how many times as many frames to take from each video of the class with `fewer` videos.

    It is the ratio of the classes, rounded up to a whole number with a tolerance of 0.1 (4.1 becomes 4, and
    4.2 becomes 5), at least 1 and at most `most`; 1 where a class is empty. All frames of the class depend on
    it. Because it is a whole number, one video more rarely changes it and so rarely causes all frames to be
    taken again.
    """
    if not fewer:
        return 1
    return max(1, min(most, -((fewer - 10 * more) // (10 * fewer))))
