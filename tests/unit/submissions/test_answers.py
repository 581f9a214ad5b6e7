"""submit.py: each listed name once, in order, with its verdict or the fallback, which is logged."""

import csv
import io
import math
import zipfile

import numpy as np
import pytest
from conftest import write_striped_video
from made.submission import LIMITS, submit, write_images, write_model

from deepfake.checkpoints.inference import probabilities
from deepfake.checkpoints.open_model import open_model
from deepfake.detection.detect import detect_media
from deepfake.detection.media import MediaFile, find_media
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.detection.verdict import FAKE, REAL, LeftOut, Person, ScoredFace, Verdict
from deepfake.errors import UserError
from deepfake.submissions.answers import (
    Answer,
    answer,
    log_summary,
    match,
    write_prediction,
    write_submission,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def verdict_of(name: str, score: float) -> Verdict:
    verdict = FAKE if score >= 0.5 else REAL
    face = ScoredFace(0, math.nan, None, math.nan, score)
    return Verdict(name, "image", 1, [Person(0, [face], score, math.nan, math.nan, verdict, True)], 0)


def answers_of(*scores: float | str) -> list[Answer]:
    """Answers with these scores, or without a verdict for these reasons."""
    return [
        Answer(f"{n}.jpg", None, score)
        if isinstance(score, str)
        else Answer(f"{n}.jpg", verdict_of("", score))
        for n, score in enumerate(scores)
    ]


def test_a_name_without_a_verdict_or_a_file_has_a_reason():
    files = ["missing", *(MediaFile(name, "image") for name in ("a", "b"))]
    verdicts = [verdict_of("a", 0.7), Verdict("b", "image", 1, left_out=[LeftOut(0, "no face")])]
    found = list(match(["x", "a", "b"], files, verdicts))
    assert [(one.name, one.reason) for one in found] == [("x", "missing"), ("a", ""), ("b", "no face")]
    assert [one.verdict for one in found] == [None, verdicts[0], None]


def test_only_files_that_exist_are_judged(made):
    folder, labels = made
    name = next(iter(labels))
    (file,) = find_media([folder / "test" / name], LIMITS)
    model = open_model(folder / "best.pt")
    preprocessing = preprocessing_of(model.metadata, crops=True)
    gone, judged = answer(["gone", name], ["missing", file], model, preprocessing, "worst", 1)
    assert gone == Answer("gone", None, "missing")
    assert judged.verdict.name == file.name and (judged.verdict.verdict == FAKE) == labels[name]


@pytest.mark.parametrize("fallback", [0, 1])
def test_labels_are_those_of_the_verdict_or_the_fallback(tmp_path, fallback):
    write_prediction(tmp_path / "p.txt", answers_of(0.5, 0.49, "missing", 1.0), fallback)
    assert (tmp_path / "p.txt").read_bytes().decode() == f"0.jpg 1\n1.jpg 0\n2.jpg {fallback}\n3.jpg 1\n"


def test_probabilities_are_clipped(tmp_path):
    write_submission(tmp_path / "s.csv", answers_of(0.0, 1.0, 0.123456789, "no face"), 0.5, (0.02, 0.97))
    assert (tmp_path / "s.csv").read_bytes().decode() == (
        "filename,label\n0.jpg,0.020000\n1.jpg,0.970000\n2.jpg,0.123457\n3.jpg,0.500000\n"
    )


def test_a_name_that_would_break_a_line_writes_nothing(tmp_path):
    with pytest.raises(UserError, match="can't be written as a line"):
        write_prediction(tmp_path / "p.txt", [Answer("a\n0.jpg", verdict_of("", 0.1))], 1)
    assert list(tmp_path.iterdir()) == []


def test_the_log_names_those_with_the_fallback_and_those_listed_twice(caplog):
    line = log_summary(answers_of(0.9, "missing", 0.1, "no face"), {"0.jpg": 3}, 0.5)
    assert line == "4 names: 1 fake, 1 real, 2 could not be judged and have 0.5; 1 listed more than once"
    assert caplog.messages == [
        "0.jpg is listed 3 times; it is written once",
        "1.jpg: missing; it has the fallback 0.5",
        "3.jpg: no face; it has the fallback 0.5",
    ]


# submit.py


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with images and a model that calls half of them fake, and the label of each image."""
    folder = tmp_path_factory.mktemp("made")
    write_model(folder / "best.pt")
    images = write_images(folder / "test")
    model = open_model(folder / "best.pt")
    scores = probabilities(model.logits, [[np.stack(list(images.values()))]])
    middle = float(np.sort(scores)[2:4].mean())
    assert (scores < middle).sum() == 3
    write_model(folder / "best.pt", threshold=middle)
    return folder, {name: int(p >= middle) for name, p in zip(images, scores, strict=True)}


def test_every_image_is_written_once_in_the_order_of_the_list(made, tmp_path, caplog, capsys):
    folder, labels = made
    names = [*reversed(labels), "gone.png", "broken.png", "../best.pt", next(iter(labels))]
    (folder / "test/broken.png").write_bytes((folder / "test/0 of six.png").read_bytes()[:60])
    (tmp_path / "list.txt").write_text("".join(f"{name} {n % 2}\n" for n, name in enumerate(names)))
    text = submit(
        "prediction.txt", folder / "best.pt", tmp_path / "list.txt", [folder / "test"], tmp_path / "p.txt"
    )
    expected = [f"{name} {labels.get(name, 1)}" for name in names[:-1]]
    assert text.splitlines() == expected
    fallbacks = [message for message in caplog.messages if "fallback 1" in message]
    assert [message.partition(":")[0] for message in fallbacks] == ["gone.png", "broken.png", "../best.pt"]
    assert "0 of six.png is listed 2 times; it is written once" in caplog.messages
    assert "9 names: 3 fake, 3 real, 3 could not be judged and have 1; 1 listed" in capsys.readouterr().out
    # the labels in the list are never used
    (tmp_path / "bare.txt").write_text("".join(f"{name}\n" for name in names))
    again = submit(
        "prediction.txt", folder / "best.pt", tmp_path / "bare.txt", [folder / "test"], tmp_path / "q.txt"
    )
    assert again == text


def test_every_video_of_the_sample_is_written_in_its_order(made, tmp_path, caplog, capsys):
    folder, _ = made
    clips = tmp_path / "clips"
    clips.mkdir()
    for name in ("a.mp4", "b.mp4"):
        write_striped_video(clips / name, frames=8 if name == "a.mp4" else 12)
    (clips / "torn.mp4").write_bytes((clips / "a.mp4").read_bytes()[:200])
    with zipfile.ZipFile(tmp_path / "test.zip", "w") as file:
        for clip in clips.iterdir():
            file.write(clip, f"test_videos/{clip.name}")
    names = ["b.mp4", "absent.mp4", "torn.mp4", "a.mp4"]
    (tmp_path / "sample.csv").write_text("filename,label\n" + "".join(f"{name},0.5\n" for name in names))
    model = open_model(folder / "best.pt")
    media = find_media([clips / "a.mp4", clips / "b.mp4"], LIMITS)
    scores = {v.name[-5:]: v.score for v in detect_media(media, model, preprocessing_of(model.metadata))}
    for source in (tmp_path / "test.zip", clips):
        output = tmp_path / f"{source.name}.csv"
        text = submit("submission.csv", folder / "best.pt", tmp_path / "sample.csv", [source], output)
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["filename"] for row in rows] == names
        assert {row["filename"]: row["label"] for row in rows} == {
            "absent.mp4": "0.500000",
            "torn.mp4": "0.500000",
            **{name: f"{score:.6f}" for name, score in scores.items()},
        }
    assert [m.partition(":")[0] for m in caplog.messages if "fallback" in m] == ["absent.mp4", "torn.mp4"] * 2
    assert capsys.readouterr().out.count("2 could not be judged and have 0.5") == 2


UNUSABLE = {
    "no list": ("none.txt", "best.pt", "none.txt: the list can't be read"),
    "no model": ("list.txt", "none.pt", "none.pt"),
    "a model that records nothing": ("list.txt", "old.pt", "doesn't record how its training images"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_error_leaves_no_output(made, tmp_path, caplog, kind):
    folder, _ = made
    names, checkpoint, message = UNUSABLE[kind]
    write_model(folder / "old.pt", preprocessing={})
    (folder / "list.txt").write_text("a.png\n")
    submit("prediction.txt", folder / checkpoint, folder / names, [folder / "test"], tmp_path / "p.txt", 1)
    assert message in caplog.text
    assert list(tmp_path.iterdir()) == []
