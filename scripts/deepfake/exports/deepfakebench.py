"""DeepfakeBench's form, so that its detectors train and are tested on this dataset's splits.

    rgb/<dataset>/frames/<corpus>__<video>/<frame>.png
    rgb/<dataset>/masks/<corpus>__<video>/<frame>.png     where the dataset has masks
    dataset_json/<dataset>.json                           label, split and frames of each video
    train_config.yaml                                     lines for its configs: what each label means

Its loader opens paths that begin with `.`, sorts frames by their names as numbers, and finds a mask by
writing `masks` for every `frames` in the path; so images are PNG files with numbers for names, and folders
whose names contain `frames` have `Frames` instead. Its evaluation takes an image's folder for its video.

Source: of SCLBD/DeepfakeBench preprocessing/rearrange.py, training/dataset/abstract_dataset.py and
training/metrics/utils.py. The layout `deepfakebench` reads this format.
"""

import json
from pathlib import Path

import pandas as pd

from deepfake.console import progress_bar
from deepfake.dataset.read import InvalidDataset, iterate_images, read_checksums, read_image, read_metadata
from deepfake.extraction.images import decode, encode, image_format
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.names import slugify
from deepfake.tables import MASK, SPLITS

RGB = "./datasets/rgb"
"""Where DeepfakeBench looks for images, from its own folder."""

CLASS_NAMES = ("Real", "Fake")
"""By label, the end of the name that DeepfakeBench knows it by, as in its own `DFDC_Real`."""

CONFIG = f"""\
# For training/config/train_config.yaml and test_config.yaml of DeepfakeBench; label_dict also for the config
# of a detector that has one of its own. `rgb/{{folder}}` of this export belongs at {RGB}/{{folder}}, and
# dataset_json/{{name}}.json in preprocessing/dataset_json.
lmdb: False
label_dict:
"""


def export(dataset: Path, output: Path, cfg: dict) -> None:
    """Write images as PNG, as they are if they are PNG already; `cfg` has no keys."""
    rows = _add_places(dataset.name, read_metadata(dataset, integers=("label", "frame")))
    checksums = dict(read_checksums(dataset)[0]) if MASK in rows.columns else {}
    for folder in sorted(set(rows["folder"])):
        (output / "rgb" / folder).mkdir(parents=True)
    with progress_bar(len(rows), f"deepfakebench of {dataset.name}", "images") as advance:
        for row, data in iterate_images(dataset, rows):
            path = output / "rgb" / row["folder"] / row["png"]
            path.write_bytes(_as_png(data))
            if mask := row.get(MASK):
                if mask not in checksums:
                    raise InvalidDataset(f"{dataset / mask}: not in SHA256SUMS; make the dataset again")
                path = output / "rgb" / row["mask_folder"] / row["png"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(_as_png(read_image(dataset, mask, checksums[mask])))
            advance(1)
    (output / "dataset_json").mkdir()
    text = json.dumps({dataset.name: _listed(rows)}, ensure_ascii=False)
    (output / "dataset_json" / f"{dataset.name}.json").write_text(text + "\n", encoding="utf-8")
    labels = rows[["name", "label"]].drop_duplicates().sort_values(["label", "name"])
    lines = [f"  {json.dumps(name, ensure_ascii=False)}: {label}\n" for name, label in labels.to_numpy()]
    (output / "train_config.yaml").write_text(
        CONFIG.format(name=dataset.name, folder=_without_frames(dataset.name)) + "".join(lines),
        encoding="utf-8",
    )


def _add_places(dataset: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in order of video and frame, with the `name` of the label and the image's place.

    `folder` and `mask_folder` are paths below rgb/, `png` is the name of the file.
    """
    rows = rows.sort_values(["corpus", "video", "frame", "file_name"], ignore_index=True)
    videos = rows["corpus"] + "__" + rows["video"]
    top, videos = _without_frames(dataset), videos.map(_without_frames)
    names = [
        "_".join([dataset, *([slugify(method)] if label and method else []), CLASS_NAMES[label]])
        for label, method in zip(rows["label"], rows["method"], strict=True)
    ]
    return rows.assign(
        name=names,
        folder=f"{top}/frames/" + videos,
        mask_folder=f"{top}/masks/" + videos,
        png=[f"{frame:06d}.png" for frame in rows["frame"]],
    )


def _without_frames(name: str) -> str:
    return name.replace("frames", "Frames")


def _as_png(data: bytes) -> bytes:
    if image_format(data) == "png":
        return data
    return encode(decode(data, limits=MEDIA_LIMITS), "png", 0)


def _listed(rows: pd.DataFrame) -> dict:
    """Return the videos by label and split; each label has all splits, since the loader asks for them."""
    found: dict = {name: {split: {} for split in SPLITS} for name in sorted(set(rows["name"]))}
    for (name, split, folder), part in rows.groupby(["name", "split", "folder"]):
        video = {"label": name, "frames": [f"{RGB}/{folder}/{png}" for png in part["png"]]}
        if MASK in rows.columns and (part[MASK] != "").any():
            masks = part.loc[part[MASK] != "", ["mask_folder", "png"]].to_numpy()
            video["masks"] = [f"{RGB}/{mask_folder}/{png}" for mask_folder, png in masks]
        found[name][split][folder.rpartition("/")[2]] = video
    return found
