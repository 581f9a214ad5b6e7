"""Read the few frames that a sheet of faces shows: stored ones from their tars, stills from the corpus."""

from collections.abc import Collection, Iterable
from pathlib import Path

from deepfake import tables
from deepfake.extraction.isolated import read_isolated, tasks_of_stills
from deepfake.extraction.tars import StoredImages
from deepfake.extraction.tasks import FRAMES, Settings

Frames = dict[tuple[str, str], bytes]
"""The bytes of the image of each frame, by its video and frame number, as tables hold them."""


def read_stored(wanted: Collection[tuple[str, str]], tars: Iterable[tuple[Path, Path]]) -> Frames:
    """Return those of the wanted frames that are in the tars; each comes with its table.

    Raises TarMismatch if a tar doesn't fit its table.
    """
    found = {}
    for tar, table in tars:
        rows = [row for row in tables.read_rows(table) if (row["video"], row["frame"]) in wanted]
        with StoredImages(tar) as stored:
            found |= {(row["video"], row["frame"]): stored.read(row) for row in rows}
    return found


def read_stills(
    wanted: Collection[tuple[str, str]], videos: Iterable[dict], sources: str, sampling: dict, limits: dict
) -> Frames:
    """Return those of the wanted frames that are stills, or in tars or folders of stills.

    `videos` are rows of tables.INDEX, `sources` the path of the index's sources.json, `sampling` the `frames`
    section. The files are opened in a process of their own, since they may be damaged or hostile.
    """
    names = {video for video, _ in wanted}
    stills = [row for row in videos if row["video"] in names and row["kind"] != "video"]
    settings = Settings(FRAMES, sampling, sampling, sources, limits)
    rows = read_isolated(settings, tasks_of_stills(stills, limits)) if stills else ()
    keys = ((row["video"], str(row.get("frame", "")), data) for row, data in rows)
    return {(video, frame): data for video, frame, data in keys if (video, frame) in wanted}
