"""Sources that don't exist, on the real workflow: errors at the start, whatever results there are already."""

import os

import pytest
from conftest import Project, copy_project, write_stills
from made.reruns import copy_of, reconfigure

CONFIG = """
corpora:
  mine: {layout: imagefolder, folder: stills}
  other: {layout: imagefolder, folder: /nowhere/other}
faces: {detector: none, size: 64}
datasets:
  small: {corpora: [mine], splits: {train: 0.5, val: 0.5}}
  unasked: {corpora: [other]}
media:
  mine: {folder: /nowhere/media, model: best.pt}
models:
  typo: {arch: meso4, weights: /nowhere/w.pt, epochs: 0}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Project:
    """A project whose dataset is made; tests change its config, and nothing else."""
    project = copy_project(tmp_path_factory.mktemp("sources") / "project")
    write_stills(project / "stills", range(12))
    project.run("results/small", "--configfile", project.configure(CONFIG))
    return project


@pytest.fixture
def settled(finished) -> Project:
    finished.configure(CONFIG)
    return finished


def check_stops(project: Project, start: str, *args: str) -> None:
    """Run with a config that can't work: it must end before any job, with a line that begins with `start`."""
    done = project.run(*args, "--configfile", "mine.yaml", check=False)
    assert done.code == 1 and not done.jobs, done.text
    assert "Traceback" not in done.text
    assert any(line.startswith(start) for line in done.text.splitlines()), done.text


LABELS = "stills, label_files: [/typo.csv]}"


@pytest.mark.parametrize(
    ("target", "old", "new", "start"),
    [
        (
            "results/small",
            "folder: stills",
            "archives: ['/no*.zip']",
            "corpora.mine.archives: /no*.zip matches",
        ),
        ("results/small", "stills}", LABELS, "corpora.mine.label_files: /typo.csv doesn't exist"),
        (
            "results/small",
            "[mine],",
            "[mine], same_identity: /t,",
            "datasets.small.same_identity: /t doesn",
        ),
        ("results/verdicts/mine/report.html", "", "", "media.mine.folder: /nowhere/media doesn't exist"),
        ("results/models/small/typo/best.pt", "", "", "models.typo.weights: /nowhere/w.pt doesn't exist"),
        (
            "results/reports/small/people.html",
            "",
            "",
            "datasets.small: results/reports/small/people.html shows",
        ),
    ],
)
def test_what_a_target_needs_must_exist(settled, target, old, new, start):
    reconfigure(settled, old, new)
    check_stops(settled, start, target)


def test_a_missing_folder_stops_a_run_with_and_without_work_to_do(settled):
    reconfigure(settled, "folder: stills", "folder: /typo")
    check_stops(settled, "corpora.mine.folder: /typo doesn't exist", "results/small")
    reconfigure(settled, "size: 64", "size: 48")
    check_stops(settled, "corpora.mine.folder: /typo doesn't exist", "-n", "--forceall", "results/small")


def test_commands_that_read_no_corpus_need_none(settled):
    reconfigure(settled, "folder: stills", "folder: /typo")
    for args in (["--unlock"], ["--report", "r.html", "results/small"], ["verify"], ["--list-rules"]):
        done = settled.execute(*args, "--configfile", "mine.yaml")
        assert done.returncode == 0, f"{args}\n{done.stdout}{done.stderr}"


def test_paths_with_spaces_braces_quotes_and_a_variable_work(settled, tmp_path, monkeypatch):
    project = copy_of(settled, tmp_path / "project")
    name = "Ünïcode {a b} 'x' $5"
    (project / "stills").rename(tmp_path / name)
    monkeypatch.setenv("CORPORA", str(tmp_path))
    reconfigure(project, "folder: stills", f'folder: "$CORPORA/{name}"')
    jobs = project.run("results/small", "--configfile", "mine.yaml").jobs
    assert jobs["index"] == 1
    assert os.listdir(project / "results/index/mine")
