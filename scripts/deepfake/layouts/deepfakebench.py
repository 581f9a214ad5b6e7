"""DeepfakeBench: corpora as folders of face crops, and a list of them for each corpus.

    [rgb/]<corpus>/…/frames/<video>/<number>.png     each corpus's own tree, with `frames` for `videos`
    [rgb/]<corpus>/…/{landmarks,masks}/<video>/…     of the same frames
    dataset_json/<corpus>.json                       label, split and frames of each video

What isn't in a list has no label. Names are those of each corpus's own layout: a video of FaceForensics++ or
Celeb-DF shows the same people, and has the same original and group, as there. See deepfakebench_videos.py for
the labels, and deepfakebench_json.py for what the splits mean.

Frames count by folder: the images that are in it, whether or not they are listed. A video that consists of
one image among others, as of DF40, is a still. A video that several lists name is one row.

Sources: Yan et al., "DeepfakeBench: A Comprehensive Benchmark of Deepfake Detection", NeurIPS Datasets and
Benchmarks 2023; of SCLBD/DeepfakeBench preprocessing/rearrange.py, training/dataset/abstract_dataset.py,
training/config/train_config.yaml and the README; lists as kept in DRG31/DeepFake (FaceForensics++.json),
yucheng105/mydeepfakebench (Celeb-DF-v2.json) and GGshawn/MkfaNet (UADFV.json).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from deepfake.layouts import dfdc
from deepfake.layouts.deepfakebench_json import Listed, lists, read_list
from deepfake.layouts.deepfakebench_videos import (
    Kind,
    dfdc_row,
    kind_of,
    label_of,
    other_row,
    preview_row,
)
from deepfake.layouts.df40_names import df40_video
from deepfake.layouts.entries import REAL, Corpus, Entry, Video
from deepfake.layouts.frame_folders import MASK, folders_of_stills, is_of_masks
from deepfake.layouts.media_types import FRAMES
from deepfake.layouts.other_corpora import CELEBDF, DFDC, READERS, read_as, with_youtube_groups
from deepfake.layouts.path_finder import PathFinder
from deepfake.layouts.shared import MISSING, NO_LABEL, TWO_LABELS, unusable

LABELS = (
    "DeepfakeBench's are in dataset_json/<corpus>.json; if that folder is elsewhere, name its files at "
    "`label_files`"
)
NOT_LISTED = f"{NO_LABEL}: in no dataset_json/<corpus>.json"
NO_FRAMES = "labelled, but without frames"
A_VIDEO = "a video: dataset_json lists folders of frames"
SEVERAL = "several videos of dataset_json fit its path; keep the folders above it"

Found = dict[Entry, list[tuple[Listed, str]]]
"""By folder or still: the videos of the lists that it is, each with the path that the list has."""


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if a list can't be understood."""
    stills = [entry for entry in corpus.media if entry.is_image]
    videos = [entry for entry in corpus.media if not entry.is_image]
    folders = folders_of_stills(stills, videos)
    masks = [folder for folder in folders if is_of_masks(folder)]
    frames = {folder: found for folder, found in folders.items() if not is_of_masks(folder)}
    found, lost = _find(corpus, frames)
    rows = with_youtube_groups(_rows(corpus, found))
    used = {entry if entry.is_image else still for entry in found for still in frames.get(entry, [entry])}
    rest = {folder for folder, own in frames.items() if folder not in found and not used.intersection(own)}
    used |= {still for folder in [*masks, *rest] for still in folders[folder]}
    rows += [unusable(folder, MASK) for folder in masks]
    rows += [unusable(folder, NOT_LISTED) for folder in rest]
    rows += [unusable(entry, A_VIDEO) for entry in videos]
    rows += [unusable(entry, NOT_LISTED) for entry in stills if entry not in used]
    return rows + lost


def _find(corpus: Corpus, frames: dict[Entry, list[Entry]]) -> tuple[Found, list[Video]]:
    """Return which folders and stills the lists mean, and a row for each listed video that isn't there."""
    by_folder, by_still = PathFinder(list(frames)), None
    found: Found = defaultdict(list)
    lost: dict[str, Video] = {}
    for table in lists(corpus):
        for listed in read_list(corpus, table):
            paths = [(path, by_folder.by_end(table, path, False)) for path in listed.folders]
            if listed.still and any(len(frames[entry]) > 1 for _, entries in paths for entry in entries):
                by_still = by_still or PathFinder([still for own in frames.values() for still in own])
                paths = [(listed.still, by_still.by_end(table, listed.still, False))]
            for path, entries in paths:
                for entry in entries:
                    found[entry].append((listed, path))
            if not any(entries for _, entries in paths):
                path = next(iter(listed.folders), "") or f"{table.path}/{listed.label}/{listed.video}"
                problem = MISSING if listed.folders else NO_FRAMES
                row = unusable(Entry(table.archive, path), problem)
                lost.setdefault(path, replace(row, name=listed.video, split=listed.split))
    return found, list(lost.values())


def _rows(corpus: Corpus, found: Found) -> list[Video]:
    """Return the rows of the folders and stills that are listed."""
    kinds = {entry: kind_of(*videos[0]) for entry, videos in found.items()}
    known: dict[Entry, Video] = {}
    for layout in READERS:
        probes = {entry: _probe(kind.path) for entry, kind in kinds.items() if kind.layout == layout}
        rows = read_as(layout, corpus, probes.values())
        known |= {entry: replace(rows[probe], entry=entry) for entry, probe in probes.items()}
    known |= _of_dfdc(corpus, [entry for entry, kind in kinds.items() if kind.layout == "dfdc"])
    rows = []
    for entry, videos in found.items():
        row = known.get(entry) or _row(entry, videos[0][0], kinds[entry])
        rows.append(_as_listed(_of_v1(row, videos[0]), videos))
    return rows


def _probe(path: str) -> Entry:
    return Entry("", path, FRAMES)


def _of_dfdc(corpus: Corpus, entries: list[Entry]) -> dict[Entry, Video]:
    """Return the rows of videos of DFDC that its own label files, where there are any, tell more of."""
    rows = dfdc.read(replace(corpus, media=entries)) if entries else []
    wanted = set(entries)
    return {
        row.entry: replace(row, family=DFDC)
        for row in rows
        if row.entry in wanted and not row.problem.startswith(NO_LABEL)
    }


def _row(entry: Entry, listed: Listed, kind: Kind) -> Video:
    if kind.layout == "df40":
        return replace(df40_video(Entry("", kind.path, entry.content)), entry=entry)
    if kind.layout == "preview":
        return replace(preview_row(entry, listed), family=DFDC)
    if kind.layout == "dfdc":
        return replace(dfdc_row(entry, listed, kind.path), family=DFDC)
    return other_row(entry, listed)


def _of_v1(row: Video, video: tuple[Listed, str]) -> Video:
    """Return a row with other names if it is of Celeb-DF v1, whose names v2 has for other videos."""
    if row.family != CELEBDF or row.problem or "Celeb-DF-v1" not in (video[0].corpus, *video[1].split("/")):
        return row
    return replace(row, name=f"v1_{row.name}", original=f"v1_{row.original}")


def _as_listed(row: Video, videos: list[tuple[Listed, str]]) -> Video:
    """Return a row with the split of the lists, and with a problem where they contradict it or each other."""
    splits = {listed.split for listed, _ in videos} - {""}
    split = splits.pop() if len(splits) == 1 else ""
    labels = {label_of(listed.label) for listed, _ in videos}
    problem = row.problem
    if not _is_one(path for _, path in videos):
        problem = SEVERAL
    elif None in labels:
        names = {listed.label for listed, _ in videos if label_of(listed.label) is None}
        problem = problem or f"{NO_LABEL}: {min(names)!r} says neither real nor fake"
    elif len(labels) > 1:
        problem = f"{TWO_LABELS} in dataset_json"
    elif not problem and labels != {row.label}:
        mine, other = ("real", "fake") if row.label == REAL else ("fake", "real")
        problem = f"{TWO_LABELS}: its folder or name says {mine}, dataset_json {other}"
    return replace(row, split=split) if not problem else replace(unusable(row.entry, problem), split=split)


def _is_one(paths: Iterable[str]) -> bool:
    """Whether all paths are ends of the longest: lists may start at different folders."""
    ordered = sorted(set(paths), key=len)
    return all(f"/{ordered[-1]}".endswith(f"/{path}") for path in ordered)
