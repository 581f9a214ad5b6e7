"""The shortest patterns that match some archives and nothing else."""

import glob
import os

from deepfake.config.paths import files_of_pattern

MOST = 3  # archives that are named one by one


def patterns_of(paths: list[str]) -> list[str]:
    """Return what to write under `archives` of the config: a pattern where that matches just these files."""
    paths = sorted(paths)
    folders = {os.path.dirname(path) for path in paths}
    if len(paths) <= MOST or len(folders) > 1:
        return paths
    names = [os.path.basename(path) for path in paths]
    start = os.path.commonprefix(names)
    end = os.path.commonprefix([name[::-1] for name in names])[::-1]
    for name in (f"{glob.escape(start)}*{glob.escape(end)}", f"*{glob.escape(end)}"):
        pattern = os.path.join(glob.escape(folders.pop() if folders else ""), name)
        folders = {os.path.dirname(paths[0])}
        if files_of_pattern(pattern) == paths:
            return [pattern]
    return paths
