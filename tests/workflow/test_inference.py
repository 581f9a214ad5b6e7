"""From a corpus of videos to verdicts on its own videos, by the commands that a user types."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ONE_THREAD, Project, copy_project

from deepfake import tables

CONFIG = """
corpora: {demo: {demo: {people: 6, clips: 14, seconds: 0.4, width: 320}}}
frames: {count: 4, boost: 1}
faces: {align: five_points, border: reflect}
datasets: {dataset_2gb: {splits: {train: 0.6, val: 0.4, test: 0}, duplicates: null}}
models: {meso4: {image_size: 64, epochs: 1, batch_size: 8}}
"""
VERDICTS = "results/verdicts/demo"
SPLITS = ("train", "val")
THREADS = [*ONE_THREAD, "detect=2"]


@pytest.fixture(scope="module")
def scored(tmp_path_factory) -> Project:
    """A project whose model was run on the archive that it was trained on."""
    project = copy_project(tmp_path_factory.mktemp("scored") / "project")
    predictions = [f"results/predictions/dataset_2gb/meso4/{split}.csv" for split in SPLITS]
    targets = [f"{VERDICTS}/report.html", *predictions]
    project.run(*targets, "--configfile", project.configure(CONFIG), "--set-threads", *THREADS)
    return project


def predicted(project: Project) -> dict[tuple[str, int], float]:
    """The predicted probability of each image, by video and frame."""
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
    """The score of the largest face in each frame of a list of verdicts, by video and frame."""
    found = {}
    for verdict in verdicts:
        looks = [look for person in verdict["people"] for look in person["looks"]]
        for look in sorted(looks, key=lambda look: look["box"][2] * look["box"][3]):
            found[Path(verdict["name"]).stem, look["frame"]] = look["probability"]
    return found


def test_videos_of_the_dataset_get_the_scores_of_predict(scored):
    wanted = predicted(scored)
    found = seen(json.loads((scored / f"{VERDICTS}/verdicts.json").read_text()))
    assert len(wanted) > 30 and wanted.keys() <= found.keys()
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=1e-5)
    assert len(set(wanted.values())) > 20, "all scores are the same: nothing was compared"


def test_every_video_has_a_verdict_and_a_place_on_the_page(scored):
    videos = {row["video"] for row in tables.read_rows(scored / "results/index/demo/videos.csv")}
    rows = tables.read_rows(scored / f"{VERDICTS}/verdicts.csv")
    page = (scored / f"{VERDICTS}/report.html").read_text()
    assert {Path(row["name"]).stem for row in rows} == videos
    assert {row["verdict"] for row in rows} <= {"fake", "real", "none"}
    assert all(row["verdict"] != "none" or row["reason"] for row in rows)
    assert all(name in page for name in videos)


@pytest.fixture(scope="module")
def clips(scored) -> dict[str, Path]:
    """The archive's videos, unpacked, by name."""
    with zipfile.ZipFile(scored / "resources/demo/demo.zip") as archive:
        archive.extractall(scored / "clips")
    return {path.stem: path for path in (scored / "clips").rglob("*.mp4")}


def detect(project: Project, model: str, *media: Path | str) -> tuple[int, list[dict]]:
    """The exit code and the verdicts of detect.py."""
    words = ["scripts/detect.py", *media, "--model", model, "--json", "--threads", "1"]
    done = subprocess.run([sys.executable, *words], cwd=project.folder, capture_output=True, text=True)
    assert done.returncode in (0, 3), done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_one_file_from_the_command_line_gets_the_same_scores(scored, clips):
    name = next(iter(predicted(scored)))[0]
    code, verdicts = detect(scored, "results/model/best.pt", clips[name], "gone.mp4")
    assert code == 3
    assert [verdict["verdict"] == "none" for verdict in verdicts] == [False, True]
    assert "gone.mp4" in verdicts[1]["name"] and verdicts[1]["left_out"][0]["reason"]
    wanted = {key: value for key, value in predicted(scored).items() if key[0] == name}
    found = seen(verdicts)
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=1e-5)


def test_exported_models_are_compared_and_score_alike(scored, clips):
    folder = "results/forms/dataset_2gb/meso4"
    scored.run(f"{folder}/forms.txt", "--configfile", scored.configure(CONFIG), "--set-threads", *THREADS)
    rows = {row["form"]: row for row in tables.read_rows(scored / f"{folder}/forms.csv")}
    names = ["float32.onnx", "int8_dynamic.onnx", "int8_static.onnx", "float32.safetensors"]
    assert list(rows) == ["best.pt", *names]
    assert all(float(row["images_per_second"]) > 0 for row in rows.values())
    name, wanted = next(iter(clips)), json.loads((scored / f"{VERDICTS}/verdicts.json").read_text())
    wanted = seen([verdict for verdict in wanted if name in verdict["name"]])
    for form, tolerance in zip(names, [1e-4, 0.05, 0.05, 1e-5], strict=True):
        code, verdicts = detect(scored, f"{folder}/{form}", clips[name])
        assert code == 0 and seen(verdicts) == pytest.approx(wanted, abs=tolerance), form


def test_a_shared_model_scores_alike(scored, clips):
    folder = "results/huggingface/dataset_2gb/meso4"
    options = [folder, "--configfile", scored.configure(CONFIG), "--set-threads", *THREADS]
    assert scored.run(*options).jobs["share"] == 1 and not scored.run(*options).jobs
    assert "# meso4, a detector" in (scored / folder / "README.md").read_text()
    name, wanted = next(iter(clips)), json.loads((scored / f"{VERDICTS}/verdicts.json").read_text())
    wanted = seen([verdict for verdict in wanted if name in verdict["name"]])
    code, verdicts = detect(scored, f"{folder}/model.safetensors", clips[name])
    assert code == 0 and seen(verdicts) == pytest.approx(wanted, abs=1e-5)


def test_a_submission_has_every_video_of_the_sample(scored, clips):
    listed = [*sorted(clips, reverse=True)[:3], "absent"]
    sample = "".join(f"{name}.mp4,0.5\n" for name in listed)
    (scored / "sample_submission.csv").write_text(f"filename,label\n{sample}")
    settings = "submissions: {submission: {sample: sample_submission.csv, folder: clips, clip: [0.4, 0.6]}}"
    options = ["--configfile", scored.configure(CONFIG + settings), "--set-threads", *ONE_THREAD, "submit=2"]
    scored.run("results/submissions/dataset_2gb/meso4/submission.csv", *options)
    rows = tables.read_rows(scored / "results/submissions/dataset_2gb/meso4/submission.csv")
    scores = {
        Path(row["name"]).stem: float(row["score"])
        for row in tables.read_rows(scored / f"{VERDICTS}/verdicts.csv")
        if row["score"]
    }
    wanted = {f"{name}.mp4": min(max(scores.get(name, 0.5), 0.4), 0.6) for name in listed}
    assert [row["filename"] for row in rows] == list(wanted)
    assert {row["filename"]: float(row["label"]) for row in rows} == pytest.approx(wanted, abs=1e-5)
    assert "absent" in (scored / "logs/submit/dataset_2gb/meso4/submission.csv.log").read_text()


def test_verdicts_are_repeated_only_if_something_relevant_changed(scored):
    def reruns(settings: str) -> set[str]:
        words = [
            "--configfile",
            scored.configure(CONFIG + settings),
            "--set-threads",
            *ONE_THREAD,
            "detect=2",
        ]
        return scored.run(f"{VERDICTS}/report.html", "-n", *words).rules - {"all"}

    assert reruns("") == set()
    assert reruns("detect: {people: largest}") == {"detect"}
    assert reruns("media: {demo: {frames: {count: 2}}}") == {"detect"}
    assert reruns("media: {demo: {faces: {margin: 1.5}}}") == {"detect"}
    assert reruns("submissions: {prediction: {fallback: 0}}") == set()
