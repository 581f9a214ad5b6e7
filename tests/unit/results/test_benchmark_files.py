"""What Snakemake has measured of its jobs: one file, their sum, and the words of it on the page."""

import json

import pytest
from conftest import ROOT
from results import page
from results.benchmark_files import read_benchmark, sum_benchmarks

HEADER = "s\th:m:s\tmax_rss\tcpu_time\n"


@pytest.fixture
def benchmarks(tmp_path):
    folder = tmp_path / "benchmarks"
    for name, row in (
        ("train/d/m", "90\t0:01:30\t12\t150"),
        ("index/c", "2\t0:00:02\tNA\tNA"),
        ("plan", "-\t-\t-\t30.5"),
    ):
        path = folder / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{HEADER}{row}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("train/d/m", (90, 150)), ("index/c", (2, None)), ("plan", (None, 30.5)), ("no", (None, None))],
)
def test_what_a_file_lacks_is_none(benchmarks, name, seconds):
    assert read_benchmark(benchmarks / f"{name}.tsv") == seconds


def test_the_sum_says_how_many_jobs_it_lacks(benchmarks, tmp_path):
    assert sum_benchmarks(benchmarks) == {"jobs": 3, "cpu": 180.5, "unknown": 1}
    assert sum_benchmarks(tmp_path / "none") == {"jobs": 0, "cpu": 0, "unknown": 0}


@pytest.mark.parametrize(
    ("unknown", "less"), [(0, ""), (2, ", less those of 2 that ended too soon to be measured")]
)
def test_the_page_says_what_all_jobs_took(tmp_path, unknown, less):
    numbers = {"jobs": 1234, "cpu": 7200.0, "unknown": unknown}
    (tmp_path / "jobs.json").write_text(json.dumps(numbers), encoding="utf-8")
    assert "jobs took" not in page.render(tmp_path, "results")  # without any section
    committed = ROOT / "docs/results/accounting.json"
    section = json.loads(committed.read_text(encoding="utf-8")) | {
        "measured": {"date": "2026-11-29", "seconds": 125}
    }
    (tmp_path / "accounting.json").write_text(json.dumps(section), encoding="utf-8")
    text = " ".join(page.render(tmp_path, "results").split())
    assert f"Snakemake's 1,234 jobs took 120 minutes of CPU time in all{less}. " in text
    assert "sections took 2 minutes by the clock when they last ran. " in text
