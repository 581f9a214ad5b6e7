"""A dataset is rebuilt from its recipe elsewhere, to the last byte; verify says what differs, and why."""

import json
import shutil
import zipfile

import pytest
from conftest import Project, copy_project

from deepfake import tables
from deepfake.demo import corpus as demo

CONFIG = """
shard_size: 4
corpora:
  mine: {layout: dfdc, archives: ["corpora/mine.zip"]}
  more: {layout: faceforensics, archives: ["corpora/more.zip"]}
frames: {count: 2, boost: 3}
datasets: {small: {corpora: [mine, more], splits: {train: 0.5, val: 0.5, test: 0}, duplicates: 0}}
"""
ELSEWHERE = """
shard_size: 64
corpora:
  more: {layout: faceforensics, folder: "other place/ff++"}
  mine: {layout: dfdc, archives: ["other place/*.zip"]}
frames: {count: 7, quality: 80}
faces: {margin: 2.0}
datasets: {own: {corpora: [mine]}}
"""
TINY = {"people": 6, "clips": 14, "seconds": 0.4, "width": 320}
MADE = ["results/reports/small/splits.csv", "results/reports/small/recipe.yaml"]


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Project:
    """A lab that publishes the recipe of its dataset."""
    lab = copy_project(tmp_path_factory.mktemp("published") / "lab")
    (lab / "corpora").mkdir()
    demo.make_corpus(lab / "corpora/mine.zip", "dfdc", TINY, 8)
    demo.make_corpus(lab / "corpora/more.zip", "faceforensics", TINY, 9)
    lab.run("results/small", *MADE, "--configfile", lab.configure(CONFIG))
    return lab


@pytest.fixture(scope="module")
def rebuilt(published, tmp_path_factory) -> Project:
    """Another lab that has rebuilt it: the same corpora in other places, and other settings of its own."""
    lab = copy_project(tmp_path_factory.mktemp("rebuilt") / "elsewhere")
    (lab / "other place").mkdir()
    shutil.copy(published / "corpora/mine.zip", lab / "other place/dfdc.zip")
    with zipfile.ZipFile(published / "corpora/more.zip") as archive:
        archive.extractall(lab / "other place/ff++")
    for name in MADE:
        shutil.copy(published / name, lab.folder)
    lab.run("results/small", *MADE, "--configfile", lab.configure(ELSEWHERE), "recipe.yaml")
    return lab


def verified(lab: Project, *configs: str) -> tuple[int, str]:
    done = lab.run("verify", "--configfile", *configs, check=False)
    assert set(done.jobs) == {"verify"}
    return done.code, done.text


def test_the_rebuilt_dataset_is_the_same_to_the_last_byte(published, rebuilt):
    for name in ("SHA256SUMS", "README.md", "metadata.csv"):
        assert (rebuilt / "results/small" / name).read_bytes() == (
            published / "results/small" / name
        ).read_bytes()
    for name in MADE:  # so the recipe of the rebuilt dataset is the published one
        assert (rebuilt / name).read_bytes() == (published / name).read_bytes()
    code, text = verified(rebuilt, "mine.yaml", "recipe.yaml")
    assert code == 0 and "small: as its recipe says, digest" in text


def test_a_recipe_names_no_path_of_the_machine(published):
    top = str(published.folder.parent)
    for path in (published / "results/reports/small").iterdir():
        assert top not in path.read_text() and "corpora/m" not in path.read_text(), path


def test_verify_says_of_each_video_what_differs_and_why(published, rebuilt):
    (corpus,) = (rebuilt / "other place/ff++").rglob("original_sequences")
    videos = tables.read_rows(rebuilt / "splits.csv")
    reals = [row for row in videos if row["corpus"] == "more" and row["label"] == "0"]
    (changed,) = corpus.rglob(f"{reals[0]['video'].rpartition('_')[2]}.mp4")
    (absent,) = corpus.rglob(f"{reals[1]['video'].rpartition('_')[2]}.mp4")
    shutil.copy(absent, changed)
    absent.unlink()
    recipe = (rebuilt / "recipe.yaml").read_text()
    (rebuilt / "recipe.yaml").write_text(recipe.replace('libavcodec: "', 'libavcodec: "9'))
    (rebuilt / "more.yaml").write_text("corpora: {mine: {frames: {quality: 90}}}")
    configs = ["mine.yaml", "recipe.yaml", "more.yaml"]
    rebuilt.run("results/small", "--configfile", *configs)
    code, text = verified(rebuilt, *configs)
    lines = {line.strip() for line in text.splitlines()}  # printed, and shown once more from the log

    def said(row: dict) -> str:
        (line,) = (line for line in lines if line.startswith(f"{row['corpus']}/{row['video']}: "))
        return line

    assert code and "videos differ from its recipe" in text
    assert "another file (bytes " in said(reals[0]) and "crc32 " in said(reals[0])
    assert "absent: no file of its corpus fits it" in said(reals[1])
    for row in (row for row in videos if row["corpus"] == "mine"):
        assert "; the file is the same; what differs: mine.frames.quality 95 there and 90 here" in said(row)
        assert "libavcodec 9" in said(row)
    assert any(row["corpus"] == "more" and row not in reals[:2] for row in videos)
    differ = {line for line in lines if line.startswith("more/") and "its images differ" in line}
    assert differ <= {said(reals[0])}, "frames of the others don't depend on what is absent"
    plan = json.loads((rebuilt / "results/plans/small.json").read_text())
    absent_line = f"1 of {len(videos)} lines fit no video, such as more/{reals[1]['video']}"
    assert plan["warnings"][-1] == f"splits.csv: {absent_line}"
