"""From a corpus of videos to verdicts on its own videos, by the commands that a user types."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ONE_THREAD, Project, copy_project

from deepfake import tables

CONFIG = """
corpora: {demo: {demo: {people: 6, clips: 14, seconds: 0.4, width: 320}}}
frames: {count: 4, boost: 1}
datasets: {dataset_2gb: {splits: {train: 0.6, val: 0.4, test: 0}, duplicates: null}}
models: {meso4: {image_size: 64, epochs: 1, batch_size: 8}}
"""
VERDICTS = "results/verdicts/demo"
SPLITS = ("train", "val")
THREADS = [*ONE_THREAD, "detect=2"]


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> Project:
    """A project whose model has judged the very archive that it learnt from."""
    project = copy_project(tmp_path_factory.mktemp("judged") / "project")
    predictions = [f"results/predictions/dataset_2gb/meso4/{split}.csv" for split in SPLITS]
    targets = [f"{VERDICTS}/report.html", *predictions]
    project.run(*targets, "--configfile", project.configure(CONFIG), "--set-threads", *THREADS)
    return project


def predicted(project: Project) -> dict[tuple[str, int], float]:
    """What predict said of each image, by video and frame."""
    where = {
        row["file_name"]: (row["video"], int(row["frame"]))
        for row in tables.read_rows(project / "results/dataset_2gb/metadata.csv")
    }
    return {
        where[row["image"]]: float(row["probability"])
        for split in SPLITS
        for row in tables.read_rows(project / f"results/predictions/dataset_2gb/meso4/{split}.csv")
    }


def seen(verdicts: list[dict]) -> dict[tuple[str, int], float]:
    """What a list of verdicts says of the largest face in each frame, by video and frame."""
    found = {}
    for verdict in verdicts:
        looks = [look for person in verdict["people"] for look in person["looks"]]
        for look in sorted(looks, key=lambda look: look["box"][2] * look["box"][3]):
            found[Path(verdict["name"]).stem, look["frame"]] = look["probability"]
    return found


def test_a_datasets_own_videos_get_the_scores_that_predict_gave(judged):
    wanted = predicted(judged)
    found = seen(json.loads((judged / f"{VERDICTS}/verdicts.json").read_text()))
    assert len(wanted) > 30 and wanted.keys() <= found.keys()
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=1e-5)
    assert len(set(wanted.values())) > 20, "all get one score: nothing was compared"


def test_every_video_has_a_verdict_and_a_place_on_the_page(judged):
    videos = {row["video"] for row in tables.read_rows(judged / "results/index/demo/videos.csv")}
    rows = tables.read_rows(judged / f"{VERDICTS}/verdicts.csv")
    page = (judged / f"{VERDICTS}/report.html").read_text()
    assert {Path(row["name"]).stem for row in rows} == videos
    assert {row["verdict"] for row in rows} <= {"fake", "real", "none"}
    assert all(row["verdict"] != "none" or row["reason"] for row in rows)
    assert all(name in page for name in videos)


def test_one_file_from_the_command_line_gets_the_same_scores(judged):
    name = next(iter(predicted(judged)))[0]
    archive = judged / "resources/demo/demo.zip"
    unpack = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall('clips')"
    subprocess.run([sys.executable, "-c", unpack, archive], cwd=judged.folder, check=True)
    clip = next((judged / "clips").rglob(f"{name}.mp4"))
    words = ["scripts/detect.py", clip, "gone.mp4", "--model", "results/model/best.pt", "--json"]
    done = subprocess.run(
        [sys.executable, *words, "--threads", "1"], cwd=judged.folder, capture_output=True, text=True
    )
    assert done.returncode == 3, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [verdict["verdict"] == "none" for verdict in verdicts] == [False, True]
    assert "gone.mp4" in verdicts[1]["name"] and verdicts[1]["left_out"][0]["reason"]
    wanted = {key: value for key, value in predicted(judged).items() if key[0] == name}
    found = seen(verdicts)
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=1e-5)


def test_verdicts_are_judged_again_only_where_that_matters(judged):
    def reruns(settings: str) -> set[str]:
        words = [
            "--configfile",
            judged.configure(CONFIG + settings),
            "--set-threads",
            *ONE_THREAD,
            "detect=2",
        ]
        return judged.run(f"{VERDICTS}/report.html", "-n", *words).rules - {"all"}

    assert reruns("") == set()
    assert reruns("detect: {people: largest}") == {"detect"}
    assert reruns("media: {demo: {frames: {count: 2}}}") == {"detect"}
    assert reruns("submissions: {prediction: {fallback: 0}}") == set()
