"""Verify a results folder: read every frame, face crop and dataset file again, in several processes."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from operator import call
from pathlib import Path
from typing import Any

import cv2
import pandas as pd

from deepfake.audit import checks
from deepfake.audit.faults import Checked, Fault
from deepfake.audit.files import StoredFile, read_files
from deepfake.audit.verify_shards import COLUMNS, check_shard
from deepfake.console import progress_bar
from deepfake.dataset.read import InvalidDataset, list_files, read_checksums, read_metadata

FILES = 500  # files of a dataset that are one task


def verify(results: Path, workers: int) -> list[Checked]:
    """Return what is in `results` and what of it is damaged.

    There is one Checked for the frames of each corpus, then for its faces, then for each dataset. `workers`
    is the number of processes. Nothing else may write to `results` at the same time.
    """
    shards = [(tar, step) for step in COLUMNS for tar in _shards(results / step)]
    datasets = [list_dataset(path) for path in find_datasets(results)]
    tasks = [partial(check_shard, tar, step) for tar, step in shards]
    for dataset in datasets:
        images = dataset.images
        for names in dataset.batches:
            tasks.append(partial(read_files, dataset.folder, names, images.intersection(names)))
    checked: dict[str, Checked] = {}
    with progress_bar(len(tasks), "verify", "parts") as advance:
        done = _run(tasks, workers, advance)
        for shard in islice(done, len(shards)):
            checked.setdefault(shard.what, Checked(shard.what)).add(shard)
        for dataset in datasets:
            files = {}
            for part in islice(done, len(dataset.batches)):
                files |= part
            checked[dataset.folder.name] = check_dataset(dataset, files)
    return list(checked.values())


def _shards(step: Path) -> list[Path]:
    """Return the path of each shard's tar, where the tar or its table exists."""
    files = [path for path in step.glob("*/*") if path.suffix in (".tar", ".csv") and path.name[0] != "."]
    return sorted({path.with_suffix(".tar") for path in files})


def _run(tasks: list[Callable], workers: int, advance: Callable[[int], None]) -> Iterator[Any]:
    """Yield the result of each task, in their order."""
    workers = min(workers, len(tasks))
    if workers < 2:
        cv2.setNumThreads(1)
        for task in tasks:
            yield task()
            advance(1)
        return
    context = multiprocessing.get_context("spawn")  # a forked child may inherit locks of OpenCV
    with ProcessPoolExecutor(workers, context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        for result in pool.map(call, tasks):
            yield result
            advance(1)


def find_datasets(results: Path) -> list[Path]:
    """Return the folders in `results` that are datasets: they have metadata, checksums or a plan."""
    folders = [path for path in sorted(results.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    return [
        path
        for path in folders
        if any((path / name).exists() for name in ("metadata.csv", "SHA256SUMS"))
        or (results / f"plans/{path.name}.json").exists()
    ]


@dataclass
class ListedDataset:
    """A dataset's folder with its regular files `names`, everything `others`, and its metadata.

    `rows` is None if metadata.csv can't be read, as `problem` says. `images` are the names that have rows.
    """

    folder: Path
    names: list[str]
    others: dict[str, str]
    rows: pd.DataFrame | None
    problem: str = ""

    @property
    def images(self) -> set[str]:
        return set() if self.rows is None else set(self.rows["file_name"])

    @property
    def batches(self) -> list[list[str]]:
        """The names in groups of FILES."""
        return [self.names[start : start + FILES] for start in range(0, len(self.names), FILES)]


def list_dataset(folder: Path) -> ListedDataset:
    """Return a dataset with its files listed and its metadata read."""
    names, others = list_files(folder)
    try:
        return ListedDataset(folder, names, others, read_metadata(folder))
    except InvalidDataset as error:
        return ListedDataset(folder, names, others, None, str(error))


def check_dataset(dataset: ListedDataset, files: dict[str, StoredFile]) -> Checked:
    """Return the audit's findings on a dataset's files and checksums; leaks are left to the audit."""
    checked = Checked(dataset.folder.name, files=len(files), bytes=sum(file.bytes for file in files.values()))
    checksums, problems = read_checksums(dataset.folder)
    if dataset.rows is None:
        lines = [dataset.problem]
    else:
        evidence = checks.Evidence({}, dataset.rows, files, dataset.others, checksums, problems, [])
        lines = [*checks.files(evidence), *checks.checksums(evidence)]
    for line in lines:
        file, _, reason = line.removeprefix(f"{dataset.folder}/").partition(": ")
        checked.faults.append(Fault(str(dataset.folder), file, reason))
    return checked
