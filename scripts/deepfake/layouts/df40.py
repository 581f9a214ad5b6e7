"""DF40: fakes of 40 methods, made from FaceForensics++ and Celeb-DF, as face crops.

    DF40_train/<method>/…    DF40[_test]/<method>/{ff,cdf,real,fake}/…
    FaceForensics++/original_sequences/youtube/c23/frames/<id>/<frame>     the real half
    Celeb-DF-v2/{Celeb-real,YouTube-real}/frames/<video>/<frame>

See df40_names.py for what is below a method. Names of people, originals and groups are those of
FaceForensics++ and Celeb-DF, and belong to their families, so that nobody in them is somebody else here. Of a
method that generates whole faces nobody is named, but its images stay with the video in whose place they
stand. Reals are read only beside fakes.

Official split: DF40_train is train, all else test. The zips of DF40_train have no folder `ff`, so a fake
without that is of train too. Reals have the split that DF40's dataset_json/*.json give them, if they are
there, else that of their corpus's own lists.

Sources: Yan et al., "DF40: Toward Next-Generation Deepfake Detection", NeurIPS Datasets and Benchmarks 2024;
the README, preprocessing/rearrange.py and training/config/train_config.yaml of YZY-stack/DF40, and its issue
36; for the trees as they are, loaders of those who list them: src/data/build_test_data_v2.py in
QuangManhAI/deepfake-ViT, which also says that in `ff` the first id is the one whose video it is.
"""

from dataclasses import replace

from deepfake.layouts.deepfakebench_json import splits_by_folder
from deepfake.layouts.df40_names import EXPECTED, df40_video, is_video_method
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.faceforensics_tree import tree_folder
from deepfake.layouts.frame_folders import MASK, folders_of_stills, is_of_masks
from deepfake.layouts.other_corpora import read_as, with_youtube_groups
from deepfake.layouts.shared import folders, unexpected_path, unusable

CELEB_REALS = {"celeb-real", "youtube-real"}
A_VIDEO = "a video: DF40's images are read"


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the folders of frames and of the stills."""
    stills = [entry for entry in corpus.media if entry.is_image]
    videos = [entry for entry in corpus.media if not entry.is_image]
    by_folder = folders_of_stills(stills, videos)
    masks = [folder for folder in by_folder if is_of_masks(folder)]
    others = [folder for folder in by_folder if not is_of_masks(folder)]
    rows = [df40_video(folder) for folder in others if is_video_method(folder)]
    in_folders = {still for folder in others if is_video_method(folder) for still in by_folder[folder]}
    in_folders |= {still for folder in masks for still in by_folder[folder]}
    reals = [row for row in _reals(corpus, others) if not row.problem]
    in_folders |= {still for row in reals for still in by_folder[row.entry]}
    rows += [_still(entry) for entry in stills if entry not in in_folders]
    if any(row.label == FAKE for row in rows):
        splits = splits_by_folder(corpus, [row.entry for row in reals])
        rows += [replace(row, split=splits.get(row.entry, row.split)) for row in reals]
    else:
        rows += [unexpected_path(row.entry, EXPECTED) for row in reals]
    rows += [unusable(folder, MASK) for folder in masks]
    return with_youtube_groups(rows) + [unusable(entry, A_VIDEO) for entry in videos]


def _still(entry: Entry) -> Video:
    return unexpected_path(entry, EXPECTED) if is_video_method(entry) else df40_video(entry)


def _reals(corpus: Corpus, candidates: list[Entry]) -> list[Video]:
    """Return the rows of the folders of real frames of FaceForensics++ and of Celeb-DF."""
    others = [folder for folder in candidates if not is_video_method(folder)]
    youtube = [entry for entry in others if (tree := tree_folder(entry)) and tree.label == REAL]
    celeb = [
        entry
        for entry in others
        if CELEB_REALS.intersection(map(str.lower, folders(entry))) and df40_video(entry).label != FAKE
    ]
    rows = {**read_as("faceforensics", corpus, youtube), **read_as("celebdf", corpus, celeb)}
    return list(rows.values())
