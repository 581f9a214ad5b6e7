"""The promise of docs/reruns.md for a corpus of images, checked row by row on the real workflow."""

import cv2
import numpy as np
import pytest
from conftest import Project, copy_project
from made.reruns import TARGET, copy_of, reconfigure, run, shards

from deepfake import tables

CONFIG = """
shard_size: 1
corpora: {mine: {layout: imagefolder, folder: stills}}
faces: {detector: none, size: 64}
datasets: {small: {corpora: [mine], splits: {train: 0.5, val: 0.5}}}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Project:
    """A project with enough images for several shards, run to the end once; tests change copies of it."""
    project = copy_project(tmp_path_factory.mktemp("stills") / "project")
    for number in range(80):
        write_image(project, f"{('real', 'fake')[number % 2]}/{number:02d}.png", number)
    project.configure(CONFIG)
    assert run(project) == {"index": 1, "faces": shards(project), "plan": 1, "dataset": 1}
    assert shards(project) > 1
    return project


@pytest.fixture
def settled(finished, tmp_path) -> Project:
    return copy_of(finished, tmp_path / "project")


def write_image(project: Project, name: str, number: int) -> None:
    path = project / f"stills/{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
    path.write_bytes(cv2.imencode(".png", noise)[1].tobytes())


def test_touching_images_runs_nothing_below_the_index(settled):
    assert run(settled) == {}
    for path in (settled / "stills").rglob("*.png"):
        path.touch()
    assert run(settled) == {"index": 1}


def test_an_added_image_runs_its_own_shard(settled):
    before = shards(settled)
    write_image(settled, "real/new.png", 1000)
    jobs = run(settled)
    touched = 2 if shards(settled) > before else 1
    assert jobs == {"index": 1, "faces": touched, "plan": 1, "dataset": 1}


def test_settings_of_frames_run_no_faces_of_images(settled):
    reconfigure(settled, "shard_size: 1", "shard_size: 1\nframes: {count: 3, quality: 90}")
    assert run(settled) == {"index": 1, "plan": 1, "dataset": 1}  # the card shows them


def test_settings_of_faces_run_the_faces_of_images(settled):
    reconfigure(settled, "size: 64", "size: 48")
    assert run(settled) == {"faces": shards(settled), "plan": 1, "dataset": 1}


def test_a_corpus_added_to_a_dataset(settled):
    for number in range(100, 104):
        write_image(settled, f"../more/{('real', 'fake')[number % 2]}/{number}.png", number)
    reconfigure(settled, "folder: stills}}", "folder: stills}, more: {layout: imagefolder, folder: more}}")
    reconfigure(settled, "[mine]", "[mine, more]")
    done = run(settled)
    assert set(done) == {"index", "faces", "plan", "dataset"} and done["index"] == 1
    rows = tables.read_rows(settled / TARGET / "metadata.csv")
    assert {row["corpus"] for row in rows} == {"mine", "more"}
    assert {row["shard"] for row in tables.read_rows(settled / "results/index/more/videos.csv")}
    assert done["faces"] == len(list((settled / "results/faces/more").glob("*.csv")))


def test_a_folder_made_elsewhere_is_audited_again_when_it_changes(project):
    """By the command line alone; the folder's fingerprint decides, and leaks are no failure."""
    target = "results/audits/theirs/audit.html"
    audits = ["--config", "audits={theirs: {folder: stills}}"]
    for number, name in enumerate(("train/real/a", "train/fake/b", "test/real/c", "test/fake/d")):
        write_image(project, f"{name}.png", number)
    assert project.run(target, *audits).jobs == {"audit_folder": 1}
    assert "People: unknown" in (project / target).read_text()
    assert not project.run(target, *audits).jobs
    write_image(project, "test/real/e.png", 0)
    assert project.run(target, *audits).jobs == {"audit_folder": 1}
    assert "FAILED: duplicates" in (project / target).read_text()
    gone = project.run(target, "--config", "audits={theirs: {folder: nowhere}}", check=False)
    assert gone.code and "audits.theirs.folder: nowhere doesn't exist" in gone.text and not gone.jobs


def test_an_edited_file_of_splits_runs_the_plan_and_a_touched_one_nothing(settled):
    names = [row["video"] for row in tables.read_rows(settled / "results/index/mine/videos.csv")]
    lines = [f"{name},{('train', 'val')[at % 4 > 1]}\n" for at, name in enumerate(names)]
    (settled / "mine.csv").write_text("video,split\n" + "".join(lines))
    reconfigure(settled, "{train: 0.5, val: 0.5}", "{from: mine.csv}")
    assert run(settled) == {"plan": 1, "dataset": 1}
    (settled / "mine.csv").touch()
    assert run(settled) == {}
    (settled / "mine.csv").write_text("video,split\n" + "".join(lines[:-4]))
    assert run(settled) == {"plan": 1, "dataset": 1}
    reasons = [row["reason"] for row in tables.read_rows(settled / "results/plans/small.csv")]
    assert reasons.count("not in mine.csv") == 4
