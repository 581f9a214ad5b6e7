"""docs/commands.md: its settings and commands, run as they are written there."""

import json
import re
import runpy
import shlex
import threading
import zipfile
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import cv2
import pytest
import torch
from conftest import ROOT, SNAKEMAKE, Project, copy_project, write_stills, write_striped_video

from deepfake import tables

THEIRS = {
    "prepare_dataset_from_video.py": (
        "--video-dir --output-dir --label --frame-interval --max-frames-per-video"
    ),
    "create_small_dataset.py": "--source-dir --output-dir --target-size-mb --train-ratio",
    "train_mesonet.py": "--data-dir --val-dir --epochs --batch-size --lr",
    "kaggle_dfd_downloader.py": (
        "--output_dir --max_videos --num_workers --download_only --process_only --dataset_path"
    ),
    "extract_dfd_frames.py": (
        "--dataset_path --output_dir --max_videos --num_workers --batch_size --verify_only --resume"
    ),
    "main.py": "--batch --mode --model_name",
}
HERE = {  # what the page says, and what it is replaced with for small videos
    "--cores 8": "--cores 2",
    "/data/": "data/",
    "owner/slug": "some-owner/some-set",
    "size_mb: 2000": "size_mb: 0.1",
    "epochs: 20": "epochs: 1",
}
KAGGLE = runpy.run_path(str(ROOT / "tests/unit/corpora/test_download.py"))


class Section(NamedTuple):
    """The page's section on one script."""

    theirs: str
    files: dict[str, str]
    ours: list[str]
    options: set[str]


def read_page() -> dict[str, Section]:
    found = {}
    for text in (ROOT / "docs/commands.md").read_text(encoding="utf-8").split("\n## ")[1:]:
        name = text.split("\n", 1)[0]
        lines = re.findall(r"^    (\S.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
        blocks = re.findall(r"```yaml\n# (\S+)\n(.*?)```", text, re.DOTALL)
        options = set(re.findall(r"^\| `(--\S+)` \|", text, re.MULTILINE))
        found[name] = Section(lines[0], dict(blocks), lines[1:], options)
    return found


PAGE = read_page()


@pytest.mark.parametrize("name", THEIRS)
def test_each_option_of_a_script_has_its_counterpart(name):
    section, options = PAGE[name], THEIRS[name].split()
    assert section.theirs == " ".join([name, *options])
    assert section.options == set(options)
    assert section.files and section.ours


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A project with the videos and images that the page mentions; `results` is a link, as on the page."""
    project = copy_project(tmp_path_factory.mktemp("commands") / "project")
    (project / "output").mkdir()
    (project / "results").symlink_to("output")
    for number in range(6):
        path = project / f"data/videos/{('real', 'fake')[number % 2]}/clip{number}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_striped_video(path, frames=35 + number)
    actors = ["01", "02", "03"]
    for number, (one, other) in enumerate(zip(actors, actors[1:] + actors[:1], strict=True)):
        real = project / f"data/dfd/DFD_original sequences/{one}__exit_phone_room.mp4"
        fake = f"{one}_{other}__exit_phone_room__ABCD000{number}.mp4"
        fake = project / "data/dfd/DFD_manipulated_sequences/DFD_manipulated_sequences" / fake
        for path, frames in ((real, 12 + number), (fake, 20 + number)):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_striped_video(path, frames=frames)
    write_stills(project / "data/images/train", range(8))
    write_stills(project / "data/images/val", range(8, 12))
    for start, phase in enumerate(("train", "validate", "test")):
        write_stills(project / "stills", range(20 * start, 20 * start + 8), each=1)
        (project / f"data/task/{phase}").mkdir(parents=True)
        with open(project / f"data/task/{phase}_label.txt", "w") as labels:
            for still in sorted((project / "stills").rglob("*.png")):
                name = f"{still.parent.name}.png"
                labels.write(f"{name} {int(still.parent.parent.name == 'fake')}\n")
                still.rename(project / f"data/task/{phase}/{name}")
    return project


def settle(text: str) -> str:
    for old, new in HERE.items():
        text = text.replace(old, new)
    return text


def start(project: Project, name: str, *numbers: int, **env: str) -> None:
    """Write a section's settings, and run its commands, or only those of `numbers`."""
    section = PAGE[name]
    for file, text in section.files.items():
        (project / file).write_text(settle(text), encoding="utf-8")
    for number in numbers or range(len(section.ours)):
        words = shlex.split(settle(section.ours[number]))
        assert words[0] == "snakemake"
        args = [*words[1:], "--set-threads", "train=1", "decode=1", "submit=1"]
        done = SNAKEMAKE.run(args, project.folder, project.environment() | env)
        logs = "".join(p.read_text() for p in project.folder.glob("logs/**/*.log")) if done.returncode else ""
        assert done.returncode == 0, done.stdout + done.stderr + logs


def frames_of(project: Project, dataset: str) -> dict[str, list[int]]:
    """The frames of each video of a dataset, from its metadata."""
    found: dict[str, list[int]] = {}
    for row in tables.read_rows(project / f"results/{dataset}/metadata.csv"):
        found.setdefault(row["video"], []).append(int(row["frame"]))
    return {video: sorted(frames) for video, frames in found.items()}


def test_prepare_dataset_from_video(project):
    start(project, "prepare_dataset_from_video.py")
    found = frames_of(project, "frames_all")
    assert len(found) == 6 and set(map(tuple, found.values())) == {(0, 15, 30)}
    for label in ("real", "fake"):
        assert len(list((project / f"output/frames_all/train/{label}").iterdir())) == 9


def test_create_small_dataset(project):
    start(project, "create_small_dataset.py")
    files = list((project / "results/dataset_small").glob("*/*/*.jpg"))
    assert {path.parent.parent.name for path in files} == {"train", "val"}
    size = sum(path.stat().st_size for path in files)
    assert 50_000 < size <= 100_000


def test_train_mesonet(project):
    start(project, "train_mesonet.py")
    rows = tables.read_rows(project / "results/given/metadata.csv")
    people = {split: {row["group"] for row in rows if row["split"] == split} for split in ("train", "val")}
    assert [len(people[split]) for split in ("train", "val")] == [8, 4]
    found = torch.load(project / "results/models/given/mesonet/best.pt", weights_only=True)
    settings = found["training"]
    assert (settings["epochs"], settings["batch_size"], settings["lr"]) == (1, 32, 0.001)
    assert (project / "results/models/given/mesonet/checkpoints").is_dir()


@pytest.fixture
def kaggle(project, tmp_path):
    """Environment variables that point Kaggle's client to a local server, whose archive is data/dfd."""
    archive = tmp_path / "dfd.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in sorted((project / "data/dfd").rglob("*.mp4")):
            zipped.write(path, path.relative_to(project / "data/dfd"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), KAGGLE["Handler"])
    server.seen, server.cuts, server.store_errors, server.refusal = [], [], [], None
    server.body, server.etag, server.md5 = archive.read_bytes(), '"one"', None
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    key_file = tmp_path / ".kaggle/kaggle.json"
    key_file.parent.mkdir()
    key_file.write_text(json.dumps({"username": "me", "key": KAGGLE["KEY"]}))
    key_file.chmod(0o600)
    proxy = f"http://127.0.0.1:{server.server_port}"
    yield {"HOME": str(tmp_path), "HTTP_PROXY": proxy, "KAGGLE_API_ENVIRONMENT": "LOCALHOST"}
    server.shutdown()
    server.server_close()


def names_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.glob("*/*.jpg")}


def test_kaggle_dfd_downloader(project, kaggle):
    start(project, "kaggle_dfd_downloader.py", 0, **kaggle)
    assert (project / "resources/dfd/download.zip").exists()
    assert not (project / "results/index/dfd").exists(), "downloading alone was asked for"
    start(project, "kaggle_dfd_downloader.py", 1)  # works offline: the archive exists
    names = names_of(project / "results/exports/dfd_frames/dfd")
    assert len(names) == 6 * 3
    form = r"(ai|real)/\1_\w+_[0-9a-f]{8}_frame_0[123]\.jpg"
    assert all(re.fullmatch(form, name) for name in names), names


def test_extract_dfd_frames(project):
    start(project, "extract_dfd_frames.py")
    names = names_of(project / "results/exports/dfd_three/dfd")
    assert len(names) == 6 * 3
    first = project / "results/exports/dfd_three/dfd" / min(names)
    assert cv2.imread(str(first)).shape == (64, 96, 3)
    assert "nothing is broken" in (project / "logs/verify.log").read_text()


def test_main(project):
    start(project, "main.py")
    found = torch.load(project / "results/models/task_faces/my_model/best.pt", weights_only=True)
    assert found["training"]["batch_size"] == 64
    answers = (project / "results/submissions/task_faces/my_model/prediction.txt").read_text().splitlines()
    listed = (project / "data/task/test_label.txt").read_text().splitlines()
    assert [line.split()[0] for line in answers] == [line.split()[0] for line in listed]
    assert {line.split()[1] for line in answers} <= {"0", "1"}
