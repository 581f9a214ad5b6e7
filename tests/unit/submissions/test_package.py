"""package.zip: complete, the same bytes each time, and run from the unpacked zip in a clean environment."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import onnx
import pytest
from conftest import ROOT, write_striped_video
from made import media
from made import report as made_report
from made.programs import run_program
from made.submission import PREPROCESSING, STEPS, export_onnx, submit, write_images, write_model

from deepfake.checkpoints.onnx_export import as_bytes
from deepfake.checkpoints.open_model import open_model
from deepfake.detection.detect import detect_media
from deepfake.detection.media import find_media
from deepfake.detection.output import as_json
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.errors import UserError
from deepfake.evaluation.evaluate import evaluate
from deepfake.extraction.package_models import FIVE_POINTS, MMOD, SIXTY_EIGHT_POINTS
from deepfake.submissions.card import model_card
from deepfake.submissions.face_models import face_models_of, unused_modules
from deepfake.submissions.requirements import DEPENDENCIES, PACKAGES, modules_of, requirements

pytestmark = pytest.mark.usefixtures("one_thread")

PINNED = (ROOT / "requirements.txt").read_text(encoding="utf-8")
NOT_NEEDED = {"torch", "pandas", "matplotlib", "onnx", "transformers", "snakemake"}


def measured(test: bool = True) -> dict:
    found = made_report.predictions("test", 2.0)
    cfg = {"threshold": "f1_macro", "bootstrap": 100}
    return evaluate(found if test else found[:0], made_report.predictions("val", 2.0), cfg, seed=1)


def pack(model: Path, folder: Path, *more: object, test: bool = True, code: int = 0) -> Path:
    """Run package.py into `folder`; it must end with `code`."""
    folder.mkdir()
    (folder.parent / "metrics.json").write_text(json.dumps(measured(test)))
    options = ["--model", model, "--name", "tiny", "--metrics", folder.parent / "metrics.json"]
    options += ["--families", '{"made": "celebdf"}', "--requirements", ROOT / "requirements.txt"]
    options += ["--license", ROOT / "LICENSE", "--output", folder / "package.zip"]
    assert run_program("package.py", *options, "--output-json", folder / "package.json", *more) == code
    return folder / "package.zip"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    export_onnx(write_model(folder / "best.pt"), folder / "float32.onnx")
    return folder


def rewrite(model: Path, path: Path, preprocessing: dict) -> Path:
    """Write the model with other recorded preprocessing."""
    path.write_bytes(
        as_bytes(onnx.load(model), open_model(model).metadata | {"preprocessing": preprocessing})
    )
    return path


@pytest.fixture(scope="module")
def packed(made):
    return pack(made / "float32.onnx", made / "packed")


def test_it_contains_all_that_is_needed(made, packed, capsys):
    with zipfile.ZipFile(packed) as file:
        names = file.namelist()
        found = {name: file.read(name) for name in names}
    top = {name for name in names if "/" not in name}
    texts = {"LICENSE", "README.md", "SHA256SUMS", "preprocessing.json", "requirements.txt"}
    assert top == {*texts, "model.onnx", "predict.py"}
    assert names == sorted(names)
    assert all(name.startswith("deepfake/") for name in set(names) - top)
    assert found["model.onnx"] == (made / "float32.onnx").read_bytes()
    assert json.loads(found["preprocessing.json"]) == PREPROCESSING
    checksums = dict(reversed(line.split("  ")) for line in found["SHA256SUMS"].decode().splitlines())
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}
    assert checksums == {name: digest for name, digest in digests.items() if name != "SHA256SUMS"}
    contents = json.loads((packed.parent / "package.json").read_text())
    assert {one["name"]: (one["bytes"], one["sha256"]) for one in contents["members"]} == {
        name: (len(data), digests[name]) for name, data in found.items()
    }
    assert (contents["bytes"], contents["form"]) == (packed.stat().st_size, "float32.onnx")
    assert contents["sha256"] == hashlib.sha256(packed.read_bytes()).hexdigest()


def test_its_size_is_printed_by_parts_and_its_bytes_are_the_same_again(made, packed, tmp_path, capsys):
    again = pack(made / "float32.onnx", tmp_path / "again")
    assert again.read_bytes() == packed.read_bytes()
    printed = capsys.readouterr().out
    assert f"{again}: {again.stat().st_size / 1e6:.2f} MB, unpacked" in printed
    assert re.search(r"^ +\d\.\d{3} MB  deepfake/ \(\d+ files\)$", printed, re.M)
    assert re.search(r"^ +\d\.\d{3} MB  model\.onnx$", printed, re.M)
    with zipfile.ZipFile(again) as file:
        assert {(i.date_time[0], i.external_attr >> 16) for i in file.infolist()} == {(1980, 0o100644)}


def test_it_needs_few_packages_with_the_versions_of_the_project(packed, tmp_path):
    with zipfile.ZipFile(packed) as file:
        file.extractall(tmp_path)
    lines = (tmp_path / "requirements.txt").read_text().splitlines()
    assert set(lines) <= {line.partition("  #")[0] for line in PINNED.splitlines()}
    names = {line.partition("==")[0] for line in lines}
    assert {"numpy", "onnxruntime", "av", "opencv-python-headless"} <= names
    assert not names & NOT_NEEDED
    modules = modules_of(tmp_path.rglob("*.py"))
    assert {PACKAGES[name] for name in set(modules) - {"dlib"}} <= names
    assert "dlib-bin" not in names  # the model's images are crops already
    for name in names:  # what pip would install beside them, in any version
        needed = [re.match(r"[\w.-]+", need)[0] for need in metadata.requires(name) or [] if ";" not in need]
        assert set(needed) <= names
        assert name not in DEPENDENCIES or set(needed) <= set(DEPENDENCIES[name])


def test_code_that_needs_another_package_is_an_error(tmp_path):
    (tmp_path / "a.py").write_text("import numpy\ndef f():\n    import torch.nn\n")
    with pytest.raises(UserError, match=r"can't need torch \(in a.py\)"):
        requirements([tmp_path / "a.py"], PINNED)
    (tmp_path / "a.py").write_text("import numpy, os\nfrom PIL import Image\nfrom deepfake import x\n")
    assert (
        requirements([tmp_path / "a.py"], "numpy==1.2  # why\npillow==3\ntqdm==4\n")
        == "numpy==1.2\npillow==3\n"
    )
    with pytest.raises(UserError, match="requirements.txt pins no version of pillow"):
        requirements([tmp_path / "a.py"], "numpy==1.2\n")


def card_of(package: Path) -> str:
    with zipfile.ZipFile(package) as file:
        return file.read("README.md").decode()


def test_the_card_describes_the_model_and_its_results(packed):
    text = card_of(packed)
    assert text.startswith("# tiny, trained on made\n")
    whole = {split: found["frame"]["metrics"]["f1_macro"] for split, found in measured()["splits"].items()}
    val, test = whole["val"]["value"], whole["test"]
    between = f"[{test['low']:.3f}, {test['high']:.3f}]"
    assert f"| val, used to choose it | 96 frames | {val:.3f} |" in text  # evaluate gives it no interval
    assert "trained on: `made`, 88 images of " in text
    assert f"| test | 96 frames | {test['value']:.3f} {between} |" in text
    assert "on test only, are 95% intervals over 12 people." in text
    assert "What is unknown" not in text
    for phrase in (
        "meso4 at 32 pixels",
        "an image is fake from 0.5000 on",
        '"detector": "none"',
        "- made: on request, for research and teaching without commerce",
        "Replace `model.onnx`",
        "MIT licence",
    ):
        assert phrase in text
    options = set(re.findall(r"--[a-z][a-z-]+", text)) - {"--help"}
    assert options <= set(
        re.findall(r'"(--[a-z-]+)"', (ROOT / "scripts/deepfake/submissions/standalone.py").read_text())
    )


def test_the_card_names_the_members_of_an_ensemble(made):
    contents = open_model(made / "float32.onnx").metadata
    part = {key: contents.pop(key) for key in ("network", "geometry")}
    contents |= {"parts": [{**part, "views": [0, 1]}, {**part, "views": [0]}], "temperature": 1.25}
    text = model_card("both", contents, measured(), {}, "float32.onnx")
    parts = "meso4 at 32 pixels and meso4 at 32 pixels"
    assert f"- network: the mean of {parts}, 2 views of each image, at temperature 1.250\n" in text


def test_the_card_says_that_people_are_unknown(made, tmp_path):
    plan = {"images": 88, "known": {"originals": 22, "people": 0}, "steps": {}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    text = card_of(
        pack(made / "float32.onnx", tmp_path / "nameless", "--plan-summary", tmp_path / "plan.json")
    )
    assert "Of the dataset's images: people: unknown; originals: known for 25 % of images." in text
    assert "What is unknown may be in training and test alike" in text
    metrics = measured()
    metrics["splits"]["test"]["units"] = {"person": 0, "group": 1, "video": 2}
    text = model_card("tiny", open_model(made / "float32.onnx").metadata, metrics, {}, "float32.onnx")
    assert "are 95% intervals over 1 group and 2 videos." in text


def test_the_card_mentions_a_missing_test_split(made, tmp_path):
    text = card_of(pack(made / "float32.onnx", tmp_path / "untested", test=False))
    assert "There is no test split: these results are optimistic." in text
    assert "| test |" not in text


def test_the_face_detector_is_included_where_the_model_needs_it(made, tmp_path, caplog):
    detector = tmp_path / "yunet.onnx"
    detector.write_bytes(b"weights")
    faces = {"detector": "yunet", "model": str(tmp_path / "moved.onnx"), "min_score": 0.7, "search": "full"}
    faces |= {"recount": 0, "width": 640, "margin": 1.3}
    faces |= {"sha256": hashlib.sha256(b"weights").hexdigest()}
    steps = {**PREPROCESSING, "corpora": {"made": STEPS | {"faces": {**STEPS["faces"], **faces}}}}
    model = rewrite(made / "float32.onnx", tmp_path / "float32.onnx", steps)
    with zipfile.ZipFile(pack(model, tmp_path / "one", "--face-model", detector)) as file:
        assert file.read("face_detector.onnx") == b"weights"
        assert b"face_detector.onnx" in file.read("SHA256SUMS")
        assert "YuNet" in file.read("README.md").decode()
        assert str(tmp_path) not in (file.read("README.md") + file.read("preprocessing.json")).decode()
    assert not pack(model, tmp_path / "two", code=1).exists()
    assert f"there is no file {tmp_path / 'moved.onnx'}" in caplog.text
    detector.write_bytes(b"others")
    assert not pack(model, tmp_path / "three", "--face-model", detector, code=1).exists()
    assert "download the file again" in caplog.text


ALIGNED = media.FACES | {"landmarks": "five", "align": "five_points"}


def predict_without(modules: list[str], folder: Path) -> subprocess.CompletedProcess:
    """Run unpacked/predict.py on a.mp4, in Python that can't import these modules."""
    (folder / "without").mkdir(exist_ok=True)
    lines = [f"sys.modules[{module!r}] = None" for module in modules]
    (folder / "without/sitecustomize.py").write_text("\n".join(["import sys", *lines]))
    command = [sys.executable, "unpacked/predict.py", "a.mp4", "--json", "found.json", "--threads", "1"]
    variables = os.environ | {"PYTHONPATH": "without"}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=100)


def unpack_and_predict(model: Path, without: list[str], folder: Path) -> set[str]:
    """Pack the model, unpack, and compare its verdict on a video with that of detect; return the members."""
    with zipfile.ZipFile(pack(model, folder / "packed")) as file:
        file.extractall(folder / "unpacked")
        names = set(file.namelist())
    media.write_video(folder / "a.mp4", media.person(0, 4))
    opened = open_model(model)
    (verdict,) = detect_media(find_media(["a.mp4"], media.LIMITS), opened, preprocessing_of(opened.metadata))
    done = predict_without(without, folder)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "found.json").read_text()) == [as_json(verdict) | {"reason": ""}]
    return names


def test_aligned_faces_are_scored_as_by_detect_without_torch_or_the_package_of_models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint = media.write_model(tmp_path / "best.pt", media.recorded(faces=ALIGNED))
    without = ["torch", "face_recognition_models"]
    names = unpack_and_predict(export_onnx(checkpoint, tmp_path / "float32.onnx"), without, tmp_path)
    unpacked = tmp_path / "unpacked"
    assert FIVE_POINTS in names and "face_detector.onnx" not in names
    assert "dlib-bin==" in (unpacked / "requirements.txt").read_text()
    text = (unpacked / "README.md").read_text()
    assert f"- `{FIVE_POINTS}`: dlib's 5-point model" in text
    assert f"- `{FIVE_POINTS}`: public domain (CC0)" in text
    (unpacked / FIVE_POINTS).write_bytes(b"another")
    done = predict_without(without, tmp_path)
    assert done.returncode == 1 and f"{FIVE_POINTS} is another file" in done.stderr


def test_faces_aligned_by_yunet_are_scored_without_dlib(made, tmp_path, monkeypatch, data):
    monkeypatch.chdir(tmp_path)
    yunet = data / "yunet_n_640_640.onnx"
    faces = ALIGNED | {"detector": "yunet", "model": str(yunet), "min_score": 0.6}
    faces |= {"sha256": hashlib.sha256(yunet.read_bytes()).hexdigest()}
    model = rewrite(made / "float32.onnx", tmp_path / "float32.onnx", media.recorded(faces=faces))
    names = unpack_and_predict(model, ["torch", "face_recognition_models", "dlib"], tmp_path)
    assert "face_detector.onnx" in names and FIVE_POINTS not in names
    assert "dlib" not in (tmp_path / "unpacked/requirements.txt").read_text()


@pytest.mark.parametrize(
    ("faces", "files", "needs_dlib"),
    [
        ({"detector": "dlib", "landmarks": "five"}, [], True),
        ({"detector": "dlib", "landmarks": "five", "align": "five_points"}, [FIVE_POINTS], True),
        ({"detector": "dlib", "landmarks": 68, "align": "five_points"}, [SIXTY_EIGHT_POINTS], True),
        ({"detector": "yunet", "landmarks": "five", "align": "five_points"}, [], False),
        ({"detector": "yunet", "landmarks": 68, "align": "five_points"}, [SIXTY_EIGHT_POINTS], True),
        ({"detector": "yunet", "landmarks": 68}, [], False),
        ({"detector": "mmod", "landmarks": "none"}, [MMOD], True),
        ({"detector": ["dlib", "yunet"], "landmarks": "five", "align": "five_points"}, [FIVE_POINTS], True),
        ({"detector": "none"}, [], False),
    ],
)
def test_the_package_holds_the_files_that_its_crops_need(faces, files, needs_dlib, data):
    yunet = data / "yunet_n_640_640.onnx"
    faces |= {"model": "moved.onnx", "sha256": hashlib.sha256(yunet.read_bytes()).hexdigest()}
    preprocessing = {"corpora": {"a": {"faces": faces}, "b": {"faces": {"detector": "none"}}}}
    found = face_models_of(preprocessing, str(yunet))
    assert list(found) == ["face_detector.onnx"] * ("yunet" in faces["detector"]) + files
    assert all(path.is_file() for path in found.values())
    assert unused_modules(preprocessing) == (set() if needs_dlib else {"dlib"})


def test_a_model_that_can_not_be_used_is_an_error(made, tmp_path, caplog):
    (tmp_path / "foreign.onnx").write_bytes(b"no model")
    silent = rewrite(made / "float32.onnx", tmp_path / "silent.onnx", {})
    hostile = rewrite(made / "float32.onnx", tmp_path / "hostile.onnx", media.recorded(faces={"size": 64}))
    for number, model in enumerate([tmp_path / "foreign.onnx", tmp_path / "none.onnx", silent, hostile]):
        pack(model, tmp_path / str(number), code=1)
        assert list((tmp_path / str(number)).iterdir()) == []
    assert "foreign.onnx" in caplog.text and "none.onnx" in caplog.text
    assert "silent.onnx doesn't record how its training images were made" in caplog.text
    assert "the model's preprocessing is invalid: faces.detector is None" in caplog.text


# in a clean environment

UNREACHABLE = re.compile(r"connection error|ConnectionError|name resolution|Retrying|timed out|ProxyError")
OFFLINE = """
import socket


def refuse(self, address, connect=socket.socket.connect):
    if self.family in (socket.AF_INET, socket.AF_INET6):
        raise OSError("there is no network here")
    return connect(self, address)


socket.socket.connect = refuse
"""


@pytest.fixture(scope="module")
def clean(packed, tmp_path_factory):
    """A Python interpreter with only the packages of the submission package's requirements.txt."""
    folder = tmp_path_factory.mktemp("clean")
    with zipfile.ZipFile(packed) as file:
        file.extract("requirements.txt", folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv/bin/python"
    options = ["--python", python, "install", "-q", "--no-compile", "--retries", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *options, "-r", folder / "requirements.txt"],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip(f"no package index can be reached: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return python


def without_network(python: Path) -> list[str]:
    """Return the start of a command that runs it without a network; else block its sockets."""
    namespace = ["unshare", "-rn"]
    try:
        if subprocess.run([*namespace, "true"], capture_output=True).returncode == 0:
            return namespace
    except FileNotFoundError:
        pass
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    (site / "sitecustomize.py").write_text(OFFLINE)
    return []


def test_it_runs_from_the_unpacked_zip_in_a_clean_environment(made, packed, clean, tmp_path):
    with zipfile.ZipFile(packed) as file:
        file.extractall(tmp_path / "unpacked")
    names = [*reversed(write_images(tmp_path / "test")), "gone.png"]
    (tmp_path / "list.txt").write_text("".join(f"{name} 0\n" for name in names))
    (tmp_path / "clips").mkdir()
    write_striped_video(tmp_path / "clips/a.mp4", frames=8)
    (tmp_path / "sample.csv").write_text("filename,label\nb.mp4,0.5\na.mp4,0.5\n")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    offline = without_network(clean)

    def predict(*options: str) -> int:
        done = subprocess.run(
            [*offline, clean, "unpacked/predict.py", *options, "--threads", "1"],
            cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=100,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done.returncode

    model = made / "float32.onnx"
    assert predict("test", "--list", "list.txt", "--crops", "--output", "prediction.txt") == 3
    expected = submit("prediction.txt", model, tmp_path / "list.txt", [tmp_path / "test"], tmp_path / "p.txt")
    assert (tmp_path / "prediction.txt").read_text() == expected
    assert predict("clips", "--sample", "sample.csv", "--csv", "submission.csv", "--json", "found.json") == 3
    expected = submit(
        "submission.csv", model, tmp_path / "sample.csv", [tmp_path / "clips"], tmp_path / "s.csv"
    )
    assert (tmp_path / "submission.csv").read_text() == expected
    found = json.loads((tmp_path / "found.json").read_text())
    assert [(one["name"], one["reason"]) for one in found][0] == ("b.mp4", "missing")
    assert f"{found[1]['score']:.6f}" in expected
    assert predict("nowhere.mp4", "--output", "none.txt") == 3
    assert (tmp_path / "none.txt").read_text() == "nowhere.mp4 1\n"
