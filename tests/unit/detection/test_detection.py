"""From media files to verdicts: the crops and scores of training, and a reason for what can't be judged."""

import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import write_striped_video
from made import media as made

from deepfake.checkpoints.inference import probabilities
from deepfake.checkpoints.open_model import open_model
from deepfake.detection import worker
from deepfake.detection.detect import detect_media
from deepfake.detection.media import LIMITS, MediaFile, find_media
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.detection.verdict import NONE
from deepfake.errors import UserError
from deepfake.extraction import images
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.faces import faces_of_video
from deepfake.extraction.frames import frames_of_stills, frames_of_video
from deepfake.inputs.pixels import decode, fit

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    return open_model(made.write_model(tmp_path_factory.mktemp("model") / "best.pt"))


@pytest.fixture(scope="module")
def people() -> list[list[np.ndarray]]:
    return [made.person(number, 12) for number in (0, 1)]


@pytest.fixture(scope="module")
def media(tmp_path_factory, people) -> Path:
    """A folder of a video of one person, a video of two side by side, and two images."""
    folder = tmp_path_factory.mktemp("media")
    one, other = people
    made.write_video(folder / "one.mp4", one)
    made.write_video(folder / "two.mp4", [np.hstack(pair) for pair in zip(one, other, strict=True)])
    made.write_image(folder / "stills/a.png", one[0])
    made.write_image(folder / "stills/b.jpg", other[0])
    return folder


def verdicts(paths, opened, preprocessing=None, **options):
    found = find_media(paths, made.LIMITS)
    return list(detect_media(found, opened, preprocessing or preprocessing_of(opened.metadata), **options))


def as_in_training(path: Path, opened, cfg: dict, shows: str = "faces") -> tuple[list[int], list, np.ndarray]:
    """Frames, crops and probabilities of a media file by the functions that make datasets and predict."""
    if path.suffix == ".mp4":
        frames = frames_of_video(path, str(path), cfg["frames"], cfg["frames"].get("count", ""))
    else:
        row = {"video": "v", "frame": 0, "time": "", "status": "ok", "reason": ""}
        frames = (
            frames_of_stills([(row, path.read_bytes())]) if shows == "frames" else [(row, path.read_bytes())]
        )
    if shows == "faces":
        frames = faces_of_video(frames, cfg["faces"], load_detector(cfg["faces"]))
    kept = [(row["frame"], data) for row, data in frames if row["status"] == "ok"]
    batch = [np.stack([fit(decode(data), geometry) for _, data in kept]) for geometry in opened.geometries]
    return [frame for frame, _ in kept], [data for _, data in kept], probabilities(opened.logits, [batch])


SECTIONS = {
    "full": made.FACES,
    "track": made.FACES | {"search": "track"},
    "smooth": made.FACES | {"smooth": 3, "smoothing": "median"},
    "crops": made.CROPS,
}


@pytest.mark.parametrize("faces", SECTIONS)
def test_media_files_are_preprocessed_as_the_images_of_a_dataset(opened, media, faces):
    names = ["stills/a.png", "stills/b.jpg", *(["one.mp4"] if faces != "crops" else [])]
    preprocessing = preprocessing_of({"preprocessing": made.recorded(faces=SECTIONS[faces])})
    found = verdicts([media / name for name in names], opened, preprocessing)
    for name, verdict in zip(names, found, strict=True):
        frames, crops, scores = as_in_training(media / name, opened, preprocessing)
        (person,) = verdict.people
        assert [face.frame for face in person.faces] == frames
        assert [face.crop for face in person.faces] == crops
        assert np.allclose([face.probability for face in person.faces], scores, atol=1e-5)
        assert person.score == pytest.approx(scores.mean(), abs=1e-5)


@pytest.mark.parametrize("smoothing", ["", "median", "exponential"])
def test_the_largest_face_of_several_is_the_crop_of_a_dataset(opened, media, smoothing):
    faces = made.FACES | ({"smooth": 3, "smoothing": smoothing} if smoothing else {})
    preprocessing = preprocessing_of({"preprocessing": made.recorded(faces=faces)})
    frames, crops, scores = as_in_training(media / "two.mp4", opened, preprocessing)
    (verdict,) = verdicts([media / "two.mp4"], opened, preprocessing, shown=12)
    assert len(verdict.people) == 2 and all(len(person.faces) == 4 for person in verdict.people)
    faces = {(face.frame, face.crop): face.probability for p in verdict.people for face in p.faces}
    for frame, crop, score in zip(frames, crops, scores, strict=True):
        assert faces[frame, crop] == pytest.approx(score, abs=1e-5)


def test_a_model_of_whole_frames_judges_whole_frames(opened, media):
    preprocessing = preprocessing_of({"preprocessing": made.recorded("frames")})
    names = ["two.mp4", "stills/a.png"]
    found = verdicts([media / name for name in names], opened, preprocessing)
    for name, verdict in zip(names, found, strict=True):
        frames, crops, scores = as_in_training(media / name, opened, preprocessing, "frames")
        (person,) = verdict.people
        assert [(face.frame, face.crop, face.box) for face in person.faces] == [
            (frame, crop, None) for frame, crop in zip(frames, crops, strict=True)
        ]
        assert np.allclose([face.probability for face in person.faces], scores, atol=1e-5)


@pytest.mark.parametrize("smooth", [0, 3])
def test_verdicts_do_not_depend_on_the_number_of_workers(opened, media, smooth):
    metadata = {"preprocessing": made.recorded(faces=made.FACES | {"smooth": smooth})}
    preprocessing = preprocessing_of(metadata, frames={"strategy": "interval", "every": 1})
    one = verdicts([media], opened, preprocessing, workers=1)
    assert [Path(verdict.name).name for verdict in one] == ["one.mp4", "a.png", "b.jpg", "two.mp4"]
    assert repr(verdicts([media], opened, preprocessing, workers=3)) == repr(one)


def test_a_video_in_a_zip_is_judged_like_the_file(opened, media, tmp_path):
    data = (media / "one.mp4").read_bytes()
    path = made.write_zip(tmp_path / "more.zip", {"x/one.mp4": data, "x/again.mp4": data})
    again, zipped = verdicts([path], opened, shown=2)
    assert zipped.name == str(path / "x/one.mp4") and again.score == zipped.score
    _, crops, scores = as_in_training(media / "one.mp4", opened, preprocessing_of(opened.metadata))
    faces = zipped.people[0].faces
    assert [face.crop for face in faces] == [crops[0], b"", b"", crops[3]]  # of as many frames as `shown`
    assert np.allclose([face.probability for face in faces], scores, atol=1e-5)


# Workers that fail


def test_without_the_face_detectors_file_no_worker_can_start(opened, media):
    faces = {key: value for key, value in made.FACES.items() if key != "upsample"}
    faces |= {"detector": "yunet", "model": "nowhere.onnx", "sha256": "0", "min_score": 0.5}
    preprocessing = preprocessing_of({"preprocessing": made.recorded(faces=faces)})
    with pytest.raises(UserError, match=r"there is no file nowhere.onnx.*--face-model"):
        verdicts([media], opened, preprocessing)


DECODER_WITH_BUGS = """
import os
import signal
import time

from deepfake.extraction import images

decode = images.decode


def decode_with_bugs(data, *flags, **limits):
    if data == b"deadly":
        os.kill(os.getpid(), signal.SIGSEGV)
    if data == b"endless":
        time.sleep(1000)
    return decode(data, *flags, **limits)


images.decode = decode_with_bugs
"""


@pytest.fixture
def buggy(tmp_path, monkeypatch) -> Path:
    """A folder with an image that kills a worker, and one that never ends."""
    (tmp_path / "sitecustomize.py").write_text(DECODER_WITH_BUGS)
    monkeypatch.setenv("PYTHONPATH", f"{Path(worker.__file__).parents[2]}:{tmp_path}")
    for name in ("deadly", "endless"):
        (tmp_path / f"{name}.jpg").write_bytes(name.encode())
    return tmp_path


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_costs_its_media_file_alone_a_reason(opened, media, buggy, workers):
    paths = [media / "stills/a.png"] * 10
    paths[1] = paths[5] = buggy / "deadly.jpg"
    files = [MediaFile(str(number), "image", str(path)) for number, path in enumerate(paths)]
    found = list(detect_media(files, opened, preprocessing_of(opened.metadata), workers=workers))
    assert [verdict.name for verdict in found] == [file.name for file in files]
    assert [bool(verdict.people) for verdict in found] == [number not in (1, 5) for number in range(10)]
    assert all("ended by SIGSEGV" in found[number].left_out[0].reason for number in (1, 5))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_media_file_that_takes_longer_than_the_limit_is_not_judged(opened, media, buggy, workers):
    limits = made.LIMITS | {"seconds": 2}
    good, endless = media / "stills/a.png", buggy / "endless.jpg"
    paths = [good, endless, good, endless, good]
    files = [MediaFile(str(n), "image", str(path), limits=LIMITS | limits) for n, path in enumerate(paths)]
    found = list(detect_media(files, opened, preprocessing_of(opened.metadata), workers=workers))
    assert [verdict.verdict == NONE for verdict in found] == [False, True, False, True, False]
    for number in (1, 3):
        (left,) = found[number].left_out
        assert "limits.seconds = 2" in left.reason


def test_time_that_the_model_takes_does_not_count(opened, tmp_path):
    """The worker waits for the model, here longer than the limit, with frames that it has done in advance."""
    path = made.write_video(
        tmp_path / "long.mp4", made.person(0, 48)
    )  # more than go through the model at once
    waits = iter([4])

    def logits(batch):
        time.sleep(next(waits, 0))
        return opened.logits(batch)

    preprocessing = preprocessing_of(opened.metadata, frames={"strategy": "interval", "every": 1})
    files = find_media([path], made.LIMITS | {"seconds": 3})
    (verdict,) = detect_media(files, replace(opened, logits=logits), preprocessing)
    assert next(waits, None) is None and verdict.frames == 48 and not verdict.left_out


def children() -> list[int]:
    """The worker processes of this process."""
    return [
        int(child)
        for task in Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text().split()
        if "deepfake.detection.worker" in Path(f"/proc/{child}/cmdline").read_text()
    ]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are found in Linux's /proc")
def test_workers_end_when_the_caller_stops_early(opened, media):
    found = detect_media(
        find_media([media], made.LIMITS), opened, preprocessing_of(opened.metadata), workers=2
    )
    next(found)
    assert children()
    found.close()
    assert not children()


# What can't be judged


def black(side: int) -> bytes:
    return images.encode(np.zeros((side, side, 3), np.uint8), "png", 0)


HOSTILE = {
    "a text": ("a.mp4", lambda media: b"not a video at all\n" * 20, "can't be opened"),
    "no bytes": ("a.mp4", lambda media: b"", "the file is empty"),
    "a video cut off": ("a.mp4", lambda media: (media / "one.mp4").read_bytes()[:3000], "can't be opened"),
    "a text as an image": ("a.jpg", lambda media: b"not an image", "not an image"),
    "an image cut off": ("a.png", lambda media: (media / "stills/a.png").read_bytes()[:500], ""),
    "one pixel": ("a.png", lambda media: black(1), "too thin"),
    "no face": ("a.png", lambda media: black(90), "no face found by dlib"),
}  # fmt: skip


def test_what_cannot_be_judged_is_a_verdict_with_the_reason(opened, media, tmp_path):
    for number, (name, make, _) in enumerate(HOSTILE.values()):
        (tmp_path / f"{number}{name}").write_bytes(make(media))
    (tmp_path / "7.mp4").symlink_to(tmp_path / "nowhere")
    (tmp_path / "8.png").mkdir()
    found = verdicts(sorted(tmp_path.iterdir()), opened)
    for verdict, (_, _, reason) in zip(found, HOSTILE.values(), strict=False):
        assert verdict.verdict == NONE and np.isnan(verdict.score) and verdict.people == []
        assert verdict.left_out and reason in verdict.left_out[0].reason
    assert f"a broken link to {tmp_path / 'nowhere'}" in found[7].left_out[0].reason
    assert "no video or image in this folder" in found[8].left_out[0].reason


def test_a_video_that_lacks_frames_says_so(opened, tmp_path):
    path = write_striped_video(tmp_path / "clip.mp4", frames=50, index_first=True)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    (verdict,) = verdicts([path], opened)
    assert "damaged" in verdict.left_out[0].reason and verdict.left_out[0].frame is None


def test_a_zip_that_lies_about_its_members_costs_only_these(opened, media, tmp_path):
    data = (media / "stills/a.png").read_bytes()
    members = {"a.png": data, "../b.png": data, "bomb.png": bytes(10**6)}
    path = made.write_zip(tmp_path / "a.zip", members, zipfile.ZIP_DEFLATED)
    found = {Path(v.name).name: v for v in verdicts([path], opened)}
    assert found["a.png"].people
    assert "leads outside" in found["b.png"].left_out[0].reason
    assert "limits.ratio" in found["bomb.png"].left_out[0].reason


def test_the_verdict_is_that_of_the_worst_person_by_the_threshold_of_videos(opened, media):
    (verdict,) = verdicts([media / "two.mp4"], opened)
    scores = {person.number: person.score for person in verdict.people}
    assert verdict.decisive == max(scores, key=scores.get) and verdict.score == max(scores.values())
    metadata = opened.metadata | {"video_threshold": verdict.score, "threshold": 1.0}
    one, still = verdicts([media / "two.mp4", media / "stills/a.png"], replace(opened, metadata=metadata))
    assert one.verdict == "fake" and sum(person.verdict == "fake" for person in one.people) == 1
    assert still.verdict == "real"


def test_the_highest_of_two_scores_needs_the_threshold_for_two_people(opened, media):
    (verdict,) = verdicts([media / "two.mp4"], opened)
    just_above = float(np.nextafter(verdict.score, 2))
    metadata = opened.metadata | {"video_threshold": 0.0, "people_thresholds": [0.0, just_above, 1.0]}
    strict = replace(opened, metadata=metadata)
    one, two = verdicts([media / "one.mp4", media / "two.mp4"], strict)
    assert (one.verdict, one.threshold, one.candidates) == ("fake", 0.0, 1)
    assert (two.verdict, two.threshold, two.candidates) == ("real", just_above, 2)
    (largest,) = verdicts([media / "two.mp4"], strict, people="largest")
    assert (largest.verdict, largest.threshold, largest.candidates) == ("fake", 0.0, 1)
