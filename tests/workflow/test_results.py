"""make results: the runner without data, the page of what is committed, templates without own figures."""

import json
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT, copy_project
from results import overview, page
from results.run import publish

FOLDER = ROOT / "docs/results"
PAGE = ROOT / "docs/results.md"
TEMPLATES = sorted(page.TEMPLATES.glob("*.jinja"))
PICTURES = (".png", ".jpg", ".svg")


@pytest.fixture(scope="module")
def without_data(tmp_path_factory):
    """A copy of the project after `run.py --publish` with an empty folder: the copy, and what came of it."""
    project = copy_project(tmp_path_factory.mktemp("results") / "project")
    (project / "data").mkdir()
    for part in ("recipes", "tests/results"):
        shutil.copytree(ROOT / part, project / part)
    return project, run(project, "--data", "data", "--publish")


def run(project, *args: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(project / "tests/results/run.py"), *args]
    environment = project.environment() | {"PYTHONPATH": f"{project / 'scripts'}:{project / 'tests'}"}
    return subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True)


def test_the_page_is_made_of_the_committed_numbers():
    assert PAGE.read_text(encoding="utf-8") == page.render(FOLDER, "results")


def test_the_pages_show_the_committed_pictures_and_no_others():
    texts = (PAGE.read_text(encoding="utf-8"), (ROOT / "README.md").read_text(encoding="utf-8"))
    shown = {name for text in texts for name in re.findall(r"\]\((?:docs/)?results/([\w.]+)\)", text)}
    committed = {path.name for path in FOLDER.glob("*") if path.suffix in PICTURES}
    assert {name for name in shown if name.endswith(PICTURES)} == committed


def test_committed_numbers_are_of_sections():
    assert {path.stem for path in FOLDER.glob("*.json")} <= {*page.SECTIONS, page.JOBS}


FIGURE = re.compile(r"(?<![\w.,/-])[-+]?\d(?:[\d.,]*\d)?(?:\s?%)?(?![\w-])")
NAMES = {"95 %"}
"""Figures that are part of a name or a definition: the level of all intervals."""


def figures(template: str) -> set[str]:
    """Return the figures that a template writes itself: outside of Jinja, code and the targets of links."""
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", template, flags=re.S)
    text = re.sub(r"`[^`]*`|\]\([^)]*\)|^    .*$", "", text, flags=re.M)
    text = re.sub(r"\bper 10*(,000)*\b", "", text)  # the unit of a rate
    return {figure.strip() for figure in FIGURE.findall(text)} - NAMES


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name.split(".")[0])
def test_templates_write_no_figures_themselves(path):
    assert not figures(path.read_text(encoding="utf-8"))


def test_a_figure_in_a_template_is_found():
    text = "93 % (7 per 1,000) of {{ n }} faces (+0.12, n = 1,406) in `x 8`, FF++ c40, [a](b-2.md), Meso-4."
    assert figures(text) == {"93 %", "7", "+0.12", "1,406"}


def test_without_data_each_corpus_is_said_to_be_absent(without_data):
    project, done = without_data
    assert done.returncode == 3, done.stdout + done.stderr
    recipe = yaml.safe_load((ROOT / "recipes/results.yaml").read_text(encoding="utf-8"))
    absent = set(re.findall(r"^absent: .*; what needs the corpus (\w+) is left out$", done.stdout, re.M))
    assert absent == set(recipe["corpora"])
    assert "needs the model head is left out" in done.stdout


def test_without_data_the_page_says_of_each_section_that_it_was_not_measured(without_data):
    project, done = without_data
    for path in ("docs/results.md", "results/measured/results.md"):
        text = (project / path).read_text(encoding="utf-8")
        assert text.count("Not measured: ") == len(page.SECTIONS)
        assert all(f"## {heading}\n" in text for heading in page.SECTIONS.values())


def test_without_data_nothing_is_run(without_data):
    project, done = without_data
    assert not (project / ".snakemake").exists() and not (project / "logs").exists()
    assert not list((project / "docs/results").iterdir())


def test_what_is_published_is_the_page_with_the_pictures_that_it_shows(without_data, tmp_path, monkeypatch):
    """The numbers are those of accounting, made up; a picture that no page shows is left behind."""
    monkeypatch.chdir(tmp_path)
    measured = tmp_path / "results/measured"
    measured.mkdir(parents=True)
    row = {"dataset": "d", "corpus": "c", "files": 3, "files_kept": 2, "images": 4}
    row |= {"left_out": {"guard": 1}, "splits": {"train": 3, "val": 0, "test": 0}, "share_kept": 0.75}
    classes = {label: row | {"class": label} for label in ("real", "fake")}
    numbers = {
        "measured": {"date": "2026-11-28", "cores": 2, "python": "3.11.7"},
        "rows": list(classes.values()),
        "trained": classes,
        "ends": {"guard": "guard band"},
        "splits": ["train", "val", "test"],
        "total": {"files": 6, "images": 8, "train": 6, "val": 0, "test": 0, "other": 0, "files_once": 6},
        "elsewhere": [{"name": "lfw", "files": 7, "use": "photos"}],
        "absent": [],
    }
    (measured / "accounting.json").write_text(json.dumps(numbers), encoding="utf-8")
    overview.draw(measured)
    for name in ("accounting_ends.png", "accounting_old.png"):
        (measured / name).write_bytes(b"")
    publish()
    assert sorted(path.name for path in (tmp_path / "docs/results").iterdir()) == [
        "accounting.json",
        "accounting_ends.png",
        "overview.png",
    ]
    text = (tmp_path / "docs/results.md").read_text(encoding="utf-8")
    assert "](results/overview.png)" in text and "](results/accounting_ends.png)" in text
    assert "| d (of c) | fake | 3 | 4 | 1 | 3 | 0 | 0 | 75.0 % | 2 |" in text
    assert "`lfw`: 7 photos." in text


def test_a_second_run_with_the_link_itself_keeps_it(without_data):
    project, _ = without_data
    assert run(project, "--data", "resources/real").returncode == 3
    assert (project / "resources/real").resolve() == (project / "data").resolve()


def test_a_folder_that_does_not_exist_is_an_error_that_says_what_to_write(without_data):
    done = run(without_data[0], "--data", "nowhere")
    assert done.returncode == 2
    assert "'nowhere' is no folder; write make results DATA=/path/to/data" in done.stderr


def test_make_results_without_a_folder_says_what_to_write():
    command = ["make", "--no-print-directory", "results", "DATA="]  # make test is a make above this one
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout.startswith("make results DATA=/path/to/data: no folder ''")


def test_numbers_say_when_and_where_they_were_measured():
    for path in FOLDER.glob("*.json"):
        measured = json.loads(path.read_text(encoding="utf-8"))["measured"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", measured["date"]), path
        assert measured["cores"] and measured["python"], path
