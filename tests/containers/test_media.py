"""The media image, built on another Debian than this machine's and run under a real Apptainer."""

import re

import pytest
from conftest import PARTS, ROOT, copy_project
from made_images import build, in_image, workplace

SETTINGS = """
shard_size: 2
corpora: {demo: {demo: {people: 6, clips: 14, seconds: 0.4, width: 320}}}
"""
TARGET = "results/dataset_2gb"
IMPORTS = "av cv2 dlib matplotlib.pyplot numpy pandas pyarrow.parquet requests scipy.optimize six tqdm"
VERSIONS = """
from importlib.metadata import distributions
print(*(f"{package.name}=={package.version}" for package in distributions()))
"""
LEFT = "find / -xdev -type f '(' -name '*.h' -o -name '*.whl' -o -path '*/pip/*' -o -path '/build/*' ')'"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    yield from workplace(tmp_path_factory)


@pytest.fixture(scope="module")
def built(place, tmp_path_factory):
    return build(["media"], place, tmp_path_factory.mktemp("media") / "project")


@pytest.fixture(scope="module")
def contained(built):
    project, _ = built
    done = project.run(TARGET, "--configfile", project.configure(SETTINGS), "--sdm", "apptainer")
    return project, done


def plain(name: str) -> str:
    """A package's normalised name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_imports_as_an_ordinary_user(built):
    _, env = built
    assert in_image("media", env, "id", "-u").strip() == "1000"
    in_image("media", env, "python", "-c", f"import {', '.join(IMPORTS.split())}")


def test_the_python_is_not_this_machines(built):
    _, env = built
    assert in_image("media", env, "python", "--version").startswith("Python 3.13.")


def test_no_build_tools_are_left(built):
    _, env = built
    found = in_image("media", env, "sh", "-c", LEFT, user="0").split()
    # venv installs pip from these
    of_base = re.compile(r"/usr/(share/python-wheels|lib/python3[.\d]*/ensurepip)/")
    assert [path for path in found if not of_base.match(path)] == []
    for program in ("gcc", "cc", "g++", "make", "ld", "pip", "pip3"):
        assert in_image("media", env, "sh", "-c", f"command -v {program} || true") == ""


def test_versions_are_those_of_requirements(built):
    _, env = built
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    wanted = {plain(name): version for name, version in pins}
    installed = in_image("media", env, "python", "-c", VERSIONS).split()
    found = {plain(name): version for name, version in (word.split("==") for word in installed)}
    assert found == {name: wanted.get(name) for name in found}
    assert {"av", "dlib-bin", "kaggle", "opencv-python-headless"} <= set(found)


def test_a_missing_image_is_named(built):
    project, _ = built
    settings = SETTINGS + "containers: {media: resources/containers/none.sif}\n"
    done = project.run(TARGET, "--configfile", project.configure(settings), "--sdm", "apptainer", check=False)
    assert done.code != 0
    assert "resources/containers/none.sif" in done.text


def test_a_dataset_made_under_apptainer_has_the_same_bytes(contained, tmp_path):
    inside, done = contained
    used = done.text.count("Activating singularity image resources/containers/media.sif")
    assert used == sum(done.jobs.values()) > 10
    project = copy_project(tmp_path / "project")
    project.run(TARGET, "--configfile", project.configure(SETTINGS))
    for name in ("SHA256SUMS", "metadata.csv", "contact_sheet.png"):
        assert (inside / TARGET / name).read_bytes() == (project / TARGET / name).read_bytes(), name


def test_steps_write_nothing_beside_their_results(contained):
    inside, _ = contained
    known = {*PARTS, "requirements.txt", ".containerignore", "mine.yaml"}
    known |= {"resources", "results", "logs", "benchmarks", ".snakemake"}
    assert {path.name for path in inside.folder.iterdir()} == known
