"""What the tests of reruns share: a copy of a finished project, changed and run again."""

import shutil
from collections import Counter
from pathlib import Path

from conftest import Project

from deepfake import tables

TARGET = "results/small"


def copy_of(project: Project, folder: Path) -> Project:
    shutil.copytree(project.folder, folder, symlinks=True)
    return Project(folder)


def run(project: Project) -> Counter:
    """Run, and return the number of executed jobs by rule; a second run must execute none."""
    jobs = project.run(TARGET, "--configfile", "mine.yaml").jobs
    again = project.run(TARGET, "--configfile", "mine.yaml")
    assert not again.jobs, again.text
    return jobs


def reconfigure(project: Project, old: str, new: str) -> None:
    text = (project / "mine.yaml").read_text()
    assert old in text
    project.configure(text.replace(old, new))


def shards(project: Project) -> int:
    return len({row["shard"] for row in tables.read_rows(project / "results/index/mine/videos.csv")} - {""})
