"""All of a results folder: read anew by several processes; what is broken in it can be removed."""

import multiprocessing
import shlex
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from deepfake.audit.faults import Fault, Found
from deepfake.audit.verify_dataset import check_folder, datasets_of, open_folder, read_some
from deepfake.audit.verify_shards import COLUMNS, check_shard
from deepfake.console import progress_bar

FILES = 500  # of a dataset that a process reads at a time


def verify(results: Path, workers: int) -> list[Found]:
    """Read every frame, crop and dataset file in `results` with so many processes; a Found for the frames of
    each corpus, then for its faces, then for each dataset. Not while Snakemake writes there."""
    shards = [(tar, step) for step in COLUMNS for tar in _tars(results / step)]
    folders = [open_folder(path) for path in datasets_of(results)]
    tasks = [partial(check_shard, tar, step) for tar, step in shards]
    for folder in folders:
        for start in range(0, len(folder.names), FILES):
            names = folder.names[start : start + FILES]
            tasks.append(partial(read_some, folder.path, names, folder.images.intersection(names)))
    found: dict[str, Found] = {}
    with progress_bar(len(tasks), "verify", "parts") as advance:
        done = _run(tasks, workers, advance)
        for _ in shards:
            part = next(done)
            found.setdefault(part.what, Found(part.what)).add(part)
        for folder in folders:
            files = {}
            for _ in range(0, len(folder.names), FILES):
                files |= next(done)
            found[folder.path.name] = check_folder(folder, files)
    return list(found.values())


def _tars(step: Path) -> list[Path]:
    """The tar of each shard of which a tar or a table is there."""
    there = [path for path in step.glob("*/*") if path.suffix in (".tar", ".csv") and path.name[0] != "."]
    return sorted({path.with_suffix(".tar") for path in there})


def _run(tasks: list[Callable], workers: int, advance: Callable[[int], None]) -> Iterator[Any]:
    """What each task gives, in their order."""
    workers = min(workers, len(tasks))
    if workers < 2:
        _start()
        done = map(_call, tasks)
        for result in done:
            advance(1)
            yield result
        return
    context = multiprocessing.get_context("spawn")  # a forked child may inherit locks of OpenCV
    with ProcessPoolExecutor(workers, context, _start) as pool:
        for result in pool.map(_call, tasks):
            advance(1)
            yield result


def _call(task: Callable) -> Any:
    return task()


def _start() -> None:
    cv2.setNumThreads(1)  # there is a process for every core


def remove(faults: list[Fault]) -> list[str]:
    """Delete what is broken, and give its paths: of a shard its tar and table of that step, of a dataset its
    folder."""
    removed = []
    for output in sorted({Path(fault.output) for fault in faults}):
        # The table goes first: a tar that a kill leaves alone is found broken again.
        paths = [output.with_suffix(".csv"), output] if output.suffix == ".tar" else [output]
        for path in paths:
            if path.is_symlink() or path.exists():
                removed.append(str(path))
                _delete(path)
    return removed


def _delete(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    gone = path.with_name(f".{path.name}.removed")  # a kill half way leaves no half of a dataset
    shutil.rmtree(gone, ignore_errors=True)
    path.rename(gone)
    shutil.rmtree(gone)


def commands(results: Path, faults: list[Fault]) -> list[str]:
    """What to run, in this order, to have again what is broken, and nothing that is not.

    Shards go before datasets: in one run Snakemake would also redo all that is made from them. What reads a
    dataset's folder is redone along with it, for then its bytes show that training can stay.
    """
    outputs = sorted({Path(fault.output) for fault in faults})
    shards = [path for path in outputs if path.suffix == ".tar" and _is_dealt(results, path)]
    tables = [path.with_suffix(".csv") for path in shards]
    made = []
    for folder in outputs:
        if folder.suffix != ".tar":
            decoded = sorted(results.glob(f"decoded/{folder.name}/*.csv"))
            audit = results / f"reports/{folder.name}/audit.json"
            made += [folder, *([audit] if audit.exists() else []), *decoded]
    return [f"snakemake --cores all {shlex.join(map(str, paths))}" for paths in (tables, made) if paths]


def _is_dealt(results: Path, tar: Path) -> bool:
    """Whether the corpus's index still has this shard; one that it had before is only deleted."""
    names = results / f"index/{tar.parent.name}.txt"
    return names.exists() and tar.stem in names.read_text(encoding="utf-8").split()
