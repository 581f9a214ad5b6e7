"""Write the built-in demo corpus: one zip of real and fake videos of synthetic people.

Every byte depends only on the settings, the seed and the names of the videos.
"""

import multiprocessing
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from heapq import merge
from operator import itemgetter
from pathlib import Path

import cv2

from deepfake.demo.layouts import VideoSpec, plan_corpus
from deepfake.demo.video import FPS, render_video
from deepfake.files import new_file

DEFAULTS = {"people": 12, "clips": 48, "seconds": 3, "width": 480}


def make_corpus(
    path: str | Path,
    layout: str,
    cfg: dict,
    seed: int,
    workers: int = 1,
    report: Callable[[int, int], None] | None = None,
) -> None:
    """Write a corpus as an uncompressed zip, with the same bytes for any number of `workers`.

    `layout` is a key of layouts.LAYOUTS. `cfg` has the number of `people` and of videos (`clips`), the
    `seconds` of a video, and the `width` of most videos in pixels; missing keys have the values of DEFAULTS.
    `report` is called with the number of finished videos and of all. Raises UserError for impossible
    settings.
    """
    videos, texts = plan_corpus(layout, {**DEFAULTS, **cfg}, seed, FPS)
    names = sorted(videos)
    with (
        new_file(path) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive,
        closing(_render([videos[name] for name in names], seed, workers)) as files,
    ):
        rendered = zip(names, files, strict=True)
        encoded = [(name, text.encode()) for name, text in sorted(texts.items())]
        done = 0
        for name, data in merge(rendered, encoded, key=itemgetter(0)):
            _add(archive, name, data)
            if report and name in videos:
                done += 1
                report(done, len(names))


def _render(videos: list[VideoSpec], seed: int, workers: int) -> Iterator[bytes]:
    """Yield the videos as mp4 files, in order."""
    if workers <= 1:
        _start_worker()
        yield from (render_video(video, seed) for video in videos)
        return
    context = multiprocessing.get_context(
        "spawn"
    )  # a forked process may inherit locks of the video libraries
    with ProcessPoolExecutor(workers, context, _start_worker) as pool:
        yield from pool.map(partial(render_video, seed=seed), videos)


def _start_worker() -> None:
    cv2.setNumThreads(1)  # there is a process for every core


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, 0o644 << 16
    archive.writestr(info, data)
