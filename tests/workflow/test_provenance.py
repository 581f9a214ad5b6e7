"""Outputs of other settings are never current, whatever Snakemake remembers of them."""

import json
import os
import random
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import Project, copy_project
from made.reruns import TARGET, copy_of, reconfigure

CONFIG = """
shard_size: 1
seed: 1
corpora: {mine: {layout: imagefolder, folder: stills}}
faces: {detector: none, size: 64}
datasets: {small: {corpora: [mine], splits: {train: 0.5, val: 0.5}}}
"""
UNFILLABLE = "splits: {train: 0.999, val: 0.001}, size_mb: 0.02"


def run(project: Project, *args: str):
    return project.run(TARGET, "--configfile", "mine.yaml", *args, check=False)


def checksums(project: Project) -> str:
    return (project / TARGET / "SHA256SUMS").read_text()


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Project:
    """A project of 60 stills in several shards, run to its dataset."""
    project = copy_project(tmp_path_factory.mktemp("provenance") / "project")
    for number in range(60):
        path = project / f"stills/{('real', 'fake')[number % 2]}/{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (96, 96, 3), np.uint8)
        path.write_bytes(cv2.imencode(".png", noise)[1].tobytes())
    project.configure(CONFIG)
    project.run(TARGET, "--configfile", "mine.yaml")
    return project


@pytest.fixture
def settled(finished, tmp_path) -> Project:
    return copy_of(finished, tmp_path / "project")


def test_a_dataset_that_cannot_be_made_is_no_success_the_second_time(settled):
    reconfigure(settled, "splits: {train: 0.5, val: 0.5}", UNFILLABLE)
    first, second = run(settled), run(settled)
    assert first.code and second.code, second.text
    assert "plan" in second.rules


def test_without_snakemake_s_memory_nothing_current_runs_and_everything_stale_does(settled):
    shutil.rmtree(settled / ".snakemake")
    assert not run(settled, "--forcerun").jobs
    reconfigure(settled, "size: 64", "size: 48")
    shutil.rmtree(settled / ".snakemake")
    jobs = run(settled)
    shards = (settled / "results/index/mine.txt").read_text().split()
    assert len(shards) > 1 and jobs.jobs == {"faces": len(shards), "plan": 1, "dataset": 1}, jobs.text
    assert "other settings (cfg.size)" in jobs.text


def test_one_shard_without_a_record_is_made_again(settled):
    record = sorted((settled / "results/provenance/faces/mine").glob("*.json"))[0]
    record.unlink()
    done = run(settled)
    assert done.jobs["faces"] == 1 and "no record" in done.text


def test_a_table_that_another_program_wrote_is_made_again(settled):
    before = checksums(settled)
    table = sorted((settled / "results/faces/mine").glob("*.csv"))[0]
    good = table.read_text()
    table.write_text(good.replace(",ok,", ",no_face,"))
    done = run(settled)
    assert done.jobs["faces"] == 1 and table.read_text() == good and checksums(settled) == before
    assert not run(settled).jobs


def test_a_deleted_index_is_made_again_and_nothing_else(settled):
    shutil.rmtree(settled / "results/index/mine")
    before = checksums(settled)
    done = run(settled)
    assert done.code == 0 and done.rules == {"index"}, done.text
    assert checksums(settled) == before and not run(settled).jobs


@pytest.mark.parametrize(
    ("lost", "made"),
    [("results/index/mine/videos.csv", "index"), ("results/small/train/real", "dataset")],
)
def test_a_folder_of_which_a_part_is_lost_is_made_again(settled, lost, made):
    """As when Snakemake is killed while it deletes an output, and then the settings are those of before."""
    before = checksums(settled)
    path = settled / lost
    path.unlink() if path.is_file() else shutil.rmtree(path)
    done = run(settled)
    assert done.code == 0 and done.rules == {made}, done.text
    assert path.exists() and checksums(settled) == before and not run(settled).jobs


def test_a_dataset_of_which_an_image_was_moved_to_another_split_is_made_again(settled):
    before = checksums(settled)
    image = sorted((settled / "results/small/train/real").iterdir())[0]
    moved = image.rename(settled / "results/small/val/real" / image.name)
    done = run(settled)
    assert done.code == 0 and done.rules == {"dataset"} and "another program" in done.text, done.text
    assert image.exists() and not moved.exists() and checksums(settled) == before


def test_an_index_of_other_settings_without_a_record_of_its_own_is_made_again(settled):
    """As when a program is killed between an index and its record; then come the settings of before."""
    table = settled / "results/index/mine/videos.csv"
    record = settled / "results/provenance/index/mine.json"
    good, kept, before = table.read_bytes(), record.read_bytes(), checksums(settled)
    reconfigure(settled, "shard_size: 1", "shard_size: 2")
    settled.run("results/index/mine.txt", "--configfile", "mine.yaml")
    assert table.read_bytes() != good
    record.write_bytes(kept)
    reconfigure(settled, "shard_size: 2", "shard_size: 1")
    shutil.rmtree(settled / ".snakemake")
    done = run(settled)
    assert done.code == 0 and "index" in done.rules, done.text
    assert table.read_bytes() == good and checksums(settled) == before


def test_copied_and_touched_results_are_current(settled, tmp_path):
    copy = Project(tmp_path / "copy")
    shutil.copytree(settled.folder, copy.folder, symlinks=True)
    shutil.rmtree(copy / ".snakemake")
    assert not run(copy).jobs
    for path in (settled / "results").rglob("*.csv"):
        path.touch()
    assert not run(settled).jobs


def test_touch_takes_what_exists_as_current(settled):
    reconfigure(settled, "size: 64", "size: 48")
    shutil.rmtree(settled / "results/provenance")
    before = checksums(settled)
    assert run(settled, "--touch").code == 0
    assert not run(settled).jobs and checksums(settled) == before


def test_verify_lists_what_is_not_current_and_the_audit_follows_the_records(settled):
    done = settled.run("results/reports/small/audit.json", "verify", "--configfile", "mine.yaml")
    audit = json.loads((settled / "results/reports/small/audit.json").read_text())
    assert {"name": "provenance", "status": "passed"}.items() <= audit["checks"][-1].items()
    assert "nothing is broken" in done.text + (settled / "logs/verify.log").read_text()
    reconfigure(settled, "size: 64", "size: 48")
    assert settled.run("verify", "--configfile", "mine.yaml", check=False).code
    log = (settled / "logs/verify.log").read_text()
    shards = (settled / "results/index/mine.txt").read_text().split()
    for shard in shards:
        assert f"results/faces/mine/{shard}.csv: it was made with other settings (cfg.size)" in log
    assert "results/small: " not in log  # it is what its own settings and its plan say


def test_a_program_refuses_an_input_of_other_settings(settled):
    """As when a job of a killed run writes an output after this run began."""
    shutil.rmtree(settled / "results/plans")
    record = sorted((settled / "results/provenance/faces/mine").glob("*.json"))[0]

    def overwrite(process: int) -> None:
        until(lambda: program_of(process, "plan.py"), process)
        made = json.loads(record.read_text())
        made["settings"]["cfg"]["size"] = 48
        record.write_text(json.dumps(made))

    done = settled.execute(TARGET, "--configfile", "mine.yaml", while_running=overwrite)
    text = done.stdout + done.stderr
    assert done.returncode and "other settings" in text or done.returncode == 0, text
    again = run(settled)
    assert again.code == 0 and again.jobs["faces"] == 1, again.text


@pytest.mark.parametrize("killed", ["snakemake", "child", "both"])
def test_a_kill_between_two_settings_leaves_nothing_of_the_first(settled, tmp_path, killed):
    reconfigure(settled, "size: 64", "size: 48")

    def kill(process: int) -> None:
        until(lambda: program_of(process, "faces.py"), process)
        strike(process, killed)

    settled.execute(TARGET, "--configfile", "mine.yaml", while_running=kill)
    wait_for_orphans(settled)
    reconfigure(settled, "size: 48", "size: 32")
    finish(settled)
    assert crop_sizes(settled) == {32}


def test_fifty_kills_at_random(settled):
    """The settings change and runs are killed; then a whole run makes the dataset of the present settings."""
    chance = random.Random(0)
    expected = {}
    text = (settled / "mine.yaml").read_text()
    for number in range(int(os.environ.get("DEEPFAKE_TEST_KILLS", 50))):
        size, seed = chance.choice([32, 48, 64]), chance.choice([1, 2])
        settled.configure(text.replace("size: 64", f"size: {size}").replace("seed: 1", f"seed: {seed}"))
        killed, delay = chance.choice(["snakemake", "child", "both"]), chance.uniform(0, 2.5)

        def kill(process: int, killed=killed, delay=delay) -> None:
            until(lambda: False, process, delay)
            strike(process, killed)

        settled.execute(TARGET, "--configfile", "mine.yaml", while_running=kill)
        if number % 5 < 4:
            continue  # the next change of settings meets what this kill left
        wait_for_orphans(settled)
        finish(settled)
        assert crop_sizes(settled) == {size}
        assert expected.setdefault((size, seed), checksums(settled)) == checksums(settled)


def finish(project: Project) -> None:
    """Run to the end, as a user does after a kill."""
    project.execute("--unlock", "--configfile", "mine.yaml")
    done = run(project, "--rerun-incomplete")
    assert done.code == 0, done.text
    again = run(project)
    assert not again.jobs, again.text


def strike(process: int, killed: str) -> None:
    """Kill Snakemake alone, the programs that it has started, or both."""
    numbers = [number for number, _ in children(process)]
    for number in {"snakemake": [process], "child": numbers, "both": [process, *numbers]}[killed]:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def wait_for_orphans(project: Project) -> None:
    end = time.monotonic() + 60
    while working_in(project) and time.monotonic() < end:
        time.sleep(0.02)


def working_in(project: Project) -> list[int]:
    """The processes whose working folder is the project's."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cwd").resolve() == project.folder.resolve():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def crop_sizes(project: Project) -> set[int]:
    return {cv2.imread(str(path)).shape[0] for path in (project / TARGET).rglob("*/*/*.jpg")}


def program_of(process: int, name: str) -> bool:
    return any(name in line for _, line in children(process))


def children(process: int) -> list[tuple[int, str]]:
    """All processes below a process, with their command lines."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(stat[1])
        except OSError:
            continue
    found, queue = [], [process]
    while queue:
        parent = queue.pop()
        below = [number for number, its in parents.items() if its == parent]
        queue += below
        found += below
    lines = []
    for number in found:
        try:
            lines.append((number, Path(f"/proc/{number}/cmdline").read_text().replace("\0", " ")))
        except OSError:
            continue
    return lines


def until(condition, process: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end and Path(f"/proc/{process}").exists():
        time.sleep(0.005)
