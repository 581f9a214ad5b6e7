"""The program scripts/summarise.py."""

import subprocess
import sys
from pathlib import Path

import pytest
import summarise
from made.report import inputs, make_results, make_scores, options

from deepfake.program import run

SCRIPT = Path(__file__).resolve().parents[3] / "scripts/summarise.py"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return make_results(tmp_path_factory.mktemp("report"))


def test_the_program_writes_the_same_bytes_each_time(results, tmp_path):
    pages = []
    given = inputs(results, cross=True, significance=True) | make_scores(results, "theirs", 2.0)
    for name in "xy":
        output = tmp_path / name / "index.html"
        args = [*options(given), "--config", '{"seed": 3}', "--output", str(output)]
        done = subprocess.run([sys.executable, SCRIPT, *args], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "b was chosen of 3" in done.stdout
        pages.append(output.read_bytes())
    assert pages[0] == pages[1]


def test_the_program_names_a_missing_file_and_writes_nothing(results, tmp_path, caplog):
    given = inputs(results) | {"plan_summary": tmp_path / "nowhere.json"}
    assert run(summarise.main, [*options(given), "--output", str(tmp_path / "index.html")]) == 1
    assert "nowhere.json does not exist" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_the_program_requires_a_folder_for_each_model(results, tmp_path, capsys):
    given = options(inputs(results)) + ["--models", "a", "--output", str(tmp_path / "index.html")]
    with pytest.raises(SystemExit):
        summarise.main(given)
    assert "--models, --reports and --training need the same number of values" in capsys.readouterr().err
