"""The recipes of CONTRIBUTING.md, followed as they are written, and run from images to a model."""

import re

import cv2
import numpy as np
import pytest
from conftest import ONE_THREAD, ROOT, Project, copy_project

from deepfake import tables

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^### (Add .*?)\n(.*?)(?=^###|\Z)", TEXT, re.DOTALL | re.MULTILINE))
BLOCK = re.compile(r"```(python|diff)\n(?:# )?(\S+)\n(.*?)```", re.DOTALL)
CONFIG = """
corpora: {mine: {layout: named_faces, folder: mine}}
faces: {detector: middle, size: 64}
datasets: {small: {corpora: [mine], splits: {train: 0.6, val: 0.4, test: 0}, duplicates: null}}
models: {first: {arch: tiny, epochs: 1, batch_size: 8}}
train: {dataset: small, models: [first]}
"""


def follow(project: Project, recipe: str) -> None:
    """Write the new files of a recipe, and change the lines of others."""
    for kind, file, text in BLOCK.findall(recipe):
        path = project / file
        if kind == "python":
            assert not path.exists()
            path.write_text(text, encoding="utf-8")
            continue
        lines = text.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        content = path.read_text(encoding="utf-8")
        assert content.count(old) == 1, f"{file} has other lines than {old!r}"
        path.write_text(content.replace(old, new), encoding="utf-8")


def write_images(project: Project) -> None:
    for number in range(24):
        label = ("real", "fake")[number % 2]
        image = np.random.default_rng(number).integers(0, 256, (96, 96, 3), np.uint8)
        path = project / f"mine/person{chr(97 + number // 2)}_{label}_{number}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), image)
    (project / "mine/nobody.png").write_bytes(path.read_bytes())


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Project:
    """A project that has followed all recipes, and was run with what they add."""
    project = copy_project(tmp_path_factory.mktemp("recipes") / "project")
    for recipe in RECIPES.values():
        follow(project, recipe)
    write_images(project)
    targets = ["results/models/small/first/best.pt", "results/exports/small/sizes"]
    options = ["--configfile", project.configure(CONFIG), "--set-threads", *ONE_THREAD]
    project.run(*targets, *options)
    return project


def test_there_are_four_recipes():
    assert list(RECIPES) == ["Add a corpus", "Add a detector", "Add a network", "Add an export"]


def test_the_new_layout_reads_the_corpus(followed):
    rows = {row["video"]: row for row in tables.read_rows(followed / "results/index/mine/videos.csv")}
    assert len(rows) == 25
    assert rows["persona_fake_1"]["label"] == "1" and rows["persona_fake_1"]["target"] == "persona"
    assert "<person>_<real|fake>_<take>.png" in rows["nobody"]["reason"]


def test_the_new_detector_finds_the_faces(followed):
    rows = [row for path in (followed / "results/faces/mine").glob("*.csv") for row in tables.read_rows(path)]
    assert len(rows) == 24
    assert {(row["x"], row["y"], row["width"], row["height"]) for row in rows} == {("24", "24", "48", "48")}


def test_the_new_network_is_trained(followed):
    assert '"arch": "tiny"' in (followed / "results/models/small/first/facts.json").read_text()


def test_the_new_export_is_written(followed):
    sizes = tables.read_rows(followed / "results/exports/small/sizes/sizes.csv")
    assert len(sizes) == len(tables.read_rows(followed / "results/small/metadata.csv")) > 10
    assert all(int(row["bytes"]) > 0 for row in sizes)
