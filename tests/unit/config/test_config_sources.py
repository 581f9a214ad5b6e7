"""Files that the configuration names: each one that can't be used is an error that names its key."""

import os

import pytest
from made.config import checked

from deepfake.config import sources
from deepfake.config.sources import (
    check_corpus,
    check_dataset,
    check_media,
    check_model,
    check_people_page,
    check_submission,
)
from deepfake.errors import UserError

SHA = "a1" * 32
DFDC = "{corpora: {dfdc: {layout: dfdc, folder: images}}"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder to work in, with a folder, a file, and files with odd names."""
    monkeypatch.chdir(tmp_path)
    for name in ("images", "odd {b}", "fine {b c} ü '\"", "empty"):
        (tmp_path / name).mkdir()
    for name in ("a.zip", "l.csv", "w.pt", "{x}.zip"):
        (tmp_path / name).touch()
    (tmp_path / "broken").symlink_to("gone")


def corpus_error(text: str) -> str:
    with pytest.raises(UserError) as caught:
        check_corpus(checked(f"corpora: {{mine: {{layout: imagefolder, {text}}}}}"), "mine")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("folder: /typo", "corpora.mine.folder: /typo doesn't exist; put the path right, or take mine out"),
        ("folder: typo", "corpora.mine.folder: typo doesn't exist; put the path right"),
        ("folder: a.zip", "corpora.mine.folder: a.zip is a file, not a folder; write it under archives"),
        ("folder: l.csv", "corpora.mine.folder: l.csv is a file, not a folder; put the path right"),
        ("folder: l.csv/x", "corpora.mine.folder: l.csv/x doesn't exist"),
        ("folder: broken", "corpora.mine.folder: broken is a link to gone, which doesn't exist"),
        (f"folder: /{'x' * 300}", "xxx can't be read: File name too long; put the path right"),
        ("folder: 'data\\ff'", "this is a path of Windows; write it as this system does"),
        ("folder: s3://bucket/x", "this is an address; download or mount it"),
        ("folder: 'images '", "it begins or ends with a space; take that away"),
        ("folder: 'odd {b}'", "Snakemake takes {b} for a wildcard; rename it, or make a link"),
        ("archives: ['/typo*.zip']", "corpora.mine.archives: /typo*.zip matches no file; put the path right"),
        ("archives: [a.zip, b.zip]", "corpora.mine.archives: b.zip doesn't exist"),
        ("archives: ['*.zip']", "corpora.mine.archives: {x}.zip can't be used"),
        ("folder: images, label_files: [gone.csv]", "corpora.mine.label_files: gone.csv doesn't exist"),
        ("folder: images, label_files: ['*.json']", "corpora.mine.label_files: *.json matches no file"),
    ],
)
def test_a_corpus_that_cannot_be_read(text, message):
    assert message in corpus_error(text)


def test_an_error_says_where_a_relative_path_starts(tmp_path):
    assert corpus_error("folder: typo").endswith(f"(relative paths start at {tmp_path})")
    assert "relative" not in corpus_error("folder: /typo")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission(tmp_path):
    (tmp_path / "images").chmod(0)
    assert "corpora.mine.folder: images can't be read: no permission" in corpus_error("folder: images")


def test_a_folder_that_the_system_says_is_unreadable(monkeypatch):
    monkeypatch.setattr(sources.os, "access", lambda path, mode: path != "images")
    assert "corpora.mine.folder: images can't be read: no permission" in corpus_error("folder: images")


@pytest.mark.parametrize(
    "text",
    [
        "folder: images",
        "folder: images/",
        'folder: "fine {b c} ü \'\\""',
        "archives: [a.zip]",
        "archives: ['a*.zip'], label_files: [l.csv]",
        "demo: {people: 4, clips: 8, seconds: 1, width: 240}",
        "kaggle: {dataset: owner/name}",
    ],
)
def test_a_corpus_that_can_be_read(text):
    check_corpus(checked(f"corpora: {{mine: {{layout: imagefolder, {text}}}}}"), "mine")


def test_a_dataset_needs_its_corpora_its_pairs_and_its_face_detector():
    def error(text: str, corpus: str = "folder: images") -> str:
        corpora = f"corpora: {{mine: {{layout: imagefolder, {corpus}}}, rest: {{layout: dfdc, folder: /no}}}}"
        with pytest.raises(UserError) as caught:
            check_dataset(checked(f"{{{corpora}, {text}}}"), "d")
        return str(caught.value)

    assert "corpora.mine.folder: /typo" in error("datasets: {d: {corpora: [mine]}}", "folder: /typo")
    assert "datasets.d.same_identity: /typo.csv doesn't exist; put the path right, or write null" in error(
        "datasets: {d: {corpora: [mine], same_identity: /typo.csv}}"
    )
    assert "datasets.d.same_identity: images is a folder, not a file" in error(
        "datasets: {d: {corpora: [mine], same_identity: images}}"
    )
    people = "people: {model: /typo.onnx, input: {side: 112, template: arcface}, link: 1, guard: 1, fail: 1}"
    assert "people.model: /typo.onnx doesn't exist; put the path right, or write null" in error(
        f"datasets: {{d: {{corpora: [mine]}}}}, {people}"
    )
    names = f"datasets: {{d: {{corpora: [mine], people: {{by: names}}}}}}, {people}"
    check_dataset(checked(f"{{corpora: {{mine: {{layout: dfdc, folder: images}}}}, {names}}}"), "d")
    yunet = f"faces: {{detector: yunet, model: /typo.onnx, sha256: {SHA}}}"
    assert "faces.model: /typo.onnx doesn't exist; write the path of face_detection_yunet" in error(
        f"{{datasets: {{d: {{corpora: [mine]}}}}, {yunet}}}"[1:-1]
    )
    assert error("datasets: {d: {corpora: [mine]}}", f"folder: images, {yunet}").startswith(
        "corpora.mine.faces.model: /typo.onnx"
    )
    frames = f"datasets: {{d: {{corpora: [mine], images: frames}}}}, {yunet}"
    check_dataset(checked(f"{{corpora: {{mine: {{layout: dfdc, folder: images}}}}, {frames}}}"), "d")


def test_media_need_their_files_and_their_model():
    def error(text: str) -> str:
        with pytest.raises(UserError) as caught:
            check_media(checked(text), "m", ["resources/demo/demo.zip", "results/model/best.pt"])
        return str(caught.value)

    assert "media.m.list: typo.txt doesn't exist; put the path right, or take m out of media" in error(
        "media: {m: {list: typo.txt}}"
    )
    assert "media.m.list: images is a folder, not a file" in error("media: {m: {list: images}}")
    assert "media.m.folder: typo doesn't exist" in error("media: {m: {folder: typo}}")
    assert "media.m.archives: typo* matches no file" in error("media: {m: {archives: ['typo*']}}")
    assert "media.m.model: typo.pt doesn't exist" in error("media: {m: {folder: images, model: typo.pt}}")
    assert "faces.model: /typo.onnx" in error("{media: {m: {folder: images}}, faces: {model: /typo.onnx}}")
    for text in ("folder: images", "archives: [resources/demo/demo.zip]", "list: l.csv, model: w.pt"):
        check_media(checked(f"media: {{m: {{{text}}}}}"), "m", ["resources/demo/demo.zip"])


def test_submissions_need_what_they_name_and_nothing_else():
    def error(section: str, text: str) -> str:
        with pytest.raises(UserError) as caught:
            check_submission(checked(f"submissions: {{{section}: {{{text}}}}}"), section)
        return str(caught.value)

    assert error("prediction", "list: no.txt").startswith("submissions.prediction.list: no.txt doesn't exist")
    assert error("prediction", "folder: x").startswith("submissions.prediction.folder: x doesn't exist")
    assert error("submission", "sample: x").startswith("submissions.submission.sample: x doesn't exist")
    assert error("submission", "archives: [no*]").startswith(
        "submissions.submission.archives: no* matches no"
    )
    check_submission(checked("submissions: {prediction: {list: l.csv, folder: images}}"), "prediction")
    check_submission(checked(), "submission")


def test_models_need_the_files_of_their_weights():
    text = """
models:
  good: {arch: meso4, weights: w.pt}
  named: {arch: torchvision/resnet18, weights: IMAGENET1K_V1}
  hub: {arch: hf/owner/name}
  file: {arch: meso4, weights: typo.pt}
  path: {arch: timm/resnet18, weights: models/typo}
  folder: {arch: hf//typo/vit}
ensembles: {all: {models: [good, path]}}
"""
    config = checked(text)
    for name in ("good", "named", "hub"):
        check_model(config, name)
    for name, message in {
        "file": "models.file.weights: typo.pt doesn't exist; put the path right, or write null",
        "path": "models.path.weights: models/typo doesn't exist",
        "folder": "models.folder.arch: /typo/vit doesn't exist; write hf/ and a folder of save_pretrained",
        "all": "models.path.weights: models/typo",
    }.items():
        with pytest.raises(UserError) as caught:
            check_model(config, name)
        assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "people: {by: names}, corpora: [dfdc]",
        "policy: group, corpora: [dfdc]",
        "images: frames, corpora: [dfdc]",
        "corpora: [demo]",
    ],
    ids=["names", "policy", "frames", "drawn"],
)
def test_a_page_of_people_needs_a_dataset_that_goes_by_faces(text):
    with pytest.raises(
        UserError, match=r"datasets\.mine: .* write policy: identity, .* people: \{by: both\}"
    ):
        check_people_page(checked(f"{DFDC}, datasets: {{mine: {{{text}}}}}}}"), "mine")
    check_people_page(checked(f"{DFDC}, datasets: {{mine: {{corpora: [dfdc, demo]}}}}}}"), "mine")
