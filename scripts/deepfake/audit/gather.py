"""Gather what the checks of an audit look at, from the folder of a finished dataset."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from deepfake.audit.evidence import Evidence
from deepfake.audit.face_numbers import SHOWN
from deepfake.audit.faces import compare_faces, worst_pairs
from deepfake.audit.files import read_files
from deepfake.audit.image_tasks import ReaderSettings
from deepfake.audit.read_images import files_of, read_images, vectors_of
from deepfake.console import counted, printable, progress_bar
from deepfake.dataset.read import list_files, read_checksums, read_metadata
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.people.strangers import share_within
from deepfake.plan.links import Pair

DRAWN = "demo"
"""The family of corpora whose people are drawn: the network for faces wasn't made for them."""


def gather_evidence(
    folder: Path,
    cfg: dict,
    same_identity: list[Pair],
    different_people: list[Pair] | None = None,
    provenance: list[str] | None = None,
    network: dict | None = None,
    workers: int = 1,
) -> Evidence:
    """Read the dataset in `folder`; see Evidence for most arguments.

    Unless `cfg["people"]["by"]` is "names", so many `workers` embed the faces in its images with the
    `network` of the config section `people`. Raises InvalidDataset if the folder has no usable metadata.csv.
    """
    rows = read_metadata(folder)
    names, others = list_files(folder)
    images = set(rows["file_name"]) & set(names)
    by_faces = cfg["people"]["by"] != "names"
    read = {}
    with progress_bar(len(names), f"audit {folder.name}", "files") as advance:
        if by_faces:
            drawn = rows["corpus"].map(cfg["families"]) == DRAWN
            seen = sorted(images - set(rows.loc[drawn, "file_name"]))
            read = read_images(
                ReaderSettings(str(folder), MEDIA_LIMITS, network or {}), seen, workers, advance
            )
        rest = [name for name in names if name not in read]
        files = files_of(read) | read_files(folder, counted(rest, advance), images)
    faces = None
    if by_faces:
        known = vectors_of(read, rows["file_name"])
        different = different_people or []
        strangers = strangers_within(cfg["people"], network)
        faces = compare_faces(rows, *known, cfg["people"], different, cfg["families"], strangers)
    checksums, problems = read_checksums(folder)
    return Evidence(cfg, rows, files, others, checksums, problems, same_identity, provenance, faces)


def gather_folder(
    folder: Path, rows: pd.DataFrame, cfg: dict, settings: ReaderSettings, workers: int = 1
) -> Evidence:
    """Read the images of a folder that was made elsewhere; `rows` are those of folder.read_folder."""
    names = rows["file_name"].tolist()
    with progress_bar(len(names), f"audit {folder.name}", "images") as advance:
        read = read_images(settings, names, workers, advance)
    strangers = strangers_within(cfg["people"], settings.people)
    faces = compare_faces(rows, *vectors_of(read, names), cfg["people"], [], cfg["families"], strangers)
    return Evidence(cfg, rows, files_of(read), {}, [], [], [], None, faces)


def reader_settings(folder: Path, network: dict | None = None) -> ReaderSettings:
    """Return how the images of a dataset are read; `network` is that of gather_evidence."""
    return ReaderSettings(str(folder), MEDIA_LIMITS, network or {})


def strangers_within(cfg: dict, network: dict | None) -> float | None:
    """Return the share of pairs of strangers within `cfg["fail"]`; None unless the network is dlib's, {}."""
    return None if network else share_within(cfg["fail"])


def read_thumbnails(evidence: Evidence, settings: ReaderSettings, workers: int) -> dict[str, bytes]:
    """Return JPEGs of the faces in the nearest pairs of images, by the names that face_numbers gives them."""
    if not evidence.faces:
        return {}
    names = evidence.rows["file_name"]
    pairs = worst_pairs(evidence.faces, evidence.rows).head(SHOWN)
    shown = sorted({names[row] for row in [*pairs["row"], *pairs["near"]]})
    read = read_images(replace(settings, people=None), shown, workers, thumbnails=True)
    return {printable(name): image.thumbnail for name, image in read.items()}
