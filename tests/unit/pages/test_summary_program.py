"""The program that writes the one-page report."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from made.report import inputs, make_results, options

SCRIPT = Path(__file__).resolve().parents[3] / "scripts/summarise.py"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return make_results(tmp_path_factory.mktemp("report"))


def test_the_program_writes_the_same_bytes_each_time(results, tmp_path):
    pages = []
    for name in "xy":
        output = tmp_path / name / "index.html"
        args = [*options(inputs(results, cross=True)), "--config", '{"seed": 3}', "--output", str(output)]
        done = subprocess.run([sys.executable, SCRIPT, *args], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "b was chosen of 2" in done.stdout
        pages.append(output.read_bytes())
    assert pages[0] == pages[1]


@pytest.fixture
def program(monkeypatch):
    def run(*args: str) -> int:
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *args])
        return runpy.run_path(str(SCRIPT))["main"]()

    return run


def test_the_program_says_what_is_missing_and_leaves_nothing(results, tmp_path, program, caplog):
    given = inputs(results) | {"kept": tmp_path / "nowhere.json"}
    assert program(*options(given), "--output", str(tmp_path / "index.html")) == 1
    assert "nowhere.json is not there" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_the_program_wants_a_folder_for_each_model(results, tmp_path, program, capsys):
    given = options(inputs(results)) + ["--models", "a", "--output", str(tmp_path / "index.html")]
    with pytest.raises(SystemExit):
        program(*given)
    assert "--models, --reports and --training: give as many of each" in capsys.readouterr().err
