"""The demo corpus: names as in real corpora, reproducible bytes, faces that dlib finds, fakes that differ."""

import io
import json
import re
import zipfile

import av
import cv2
import dlib
import numpy as np
import pytest

from deepfake.demo import rendering
from deepfake.demo.corpus import DEFAULTS, make_corpus
from deepfake.demo.layouts import FACEFORENSICS, VideoSpec, plan_corpus
from deepfake.demo.manipulations import METHODS
from deepfake.demo.video import FPS, render_frames, render_video

TINY = {"people": 4, "clips": 5, "seconds": 0.2, "width": 240}
NAMES = {
    "dfdc": r"train_sample_videos/([a-z]{10}\.mp4|metadata\.json)",
    "faceforensics": r"original_sequences/youtube/c23/videos/\d{3}\.mp4"
    r"|manipulated_sequences/(Deepfakes|Face2Face|FaceSwap|NeuralTextures)/c23/videos/\d{3}_\d{3}\.mp4",
    "dfd": r"DFD_original sequences/\d\d__[a-z_]+\.mp4"
    r"|DFD_manipulated_sequences/DFD_manipulated_sequences/\d\d_\d\d__[a-z_]+__[A-Z0-9]{8}\.mp4",
    "celebdf": r"Celeb-real/id\d+_\d{4}\.mp4|YouTube-real/\d{5}\.mp4|Celeb-synthesis/id\d+_id\d+_\d{4}\.mp4"
    r"|List_of_testing_videos\.txt",
}


def decode(data):
    with av.open(io.BytesIO(data)) as file:
        return [f.to_ndarray(format="rgb24") for f in file.decode(video=0)]


def spec(**changes):
    fields = {"name": "real", "take": "t", "target": 0, "size": (480, 360), "frames": 8} | changes
    return VideoSpec(**fields)


def plan(layout, **changes):
    return plan_corpus(layout, {**DEFAULTS, **changes}, 42, FPS)


@pytest.fixture(scope="module")
def find_faces():
    return dlib.get_frontal_face_detector()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "demo.zip"
    calls = []
    make_corpus(path, "dfdc", TINY, 1, report=lambda done, total: calls.append((done, total)))
    assert calls == [(i, 5) for i in range(1, 6)]
    return path


def test_the_bytes_are_the_same_for_any_number_of_workers(tiny, tmp_path):
    make_corpus(tmp_path / "two.zip", "dfdc", TINY, 1, workers=2)
    assert (tmp_path / "two.zip").read_bytes() == tiny.read_bytes()


def test_another_seed_gives_other_names_and_bytes():
    one, _ = plan_corpus("dfdc", TINY, 1, FPS)
    two, _ = plan_corpus("dfdc", TINY, 2, FPS)
    assert not set(one) & set(two)
    assert render_video(spec(frames=2), 1) != render_video(spec(frames=2), 2)


def test_the_archive_is_uncompressed_sorted_and_without_times(tiny):
    with zipfile.ZipFile(tiny) as archive:
        infos = archive.infolist()
    assert [i.filename for i in infos] == sorted(i.filename for i in infos)
    assert {(i.compress_type, i.date_time) for i in infos} == {(zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))}


def test_metadata_lists_the_videos_and_every_original_is_real(tiny):
    with zipfile.ZipFile(tiny) as archive:
        members = set(archive.namelist())
        rows = json.loads(archive.read("train_sample_videos/metadata.json"))
        assert members == {f"train_sample_videos/{k}" for k in rows} | {"train_sample_videos/metadata.json"}
        assert all(len(decode(archive.read(f"train_sample_videos/{k}"))) == 5 for k in rows)
    for row in rows.values():
        assert set(row) == {"label", "split", "original"}
        assert row["original"] is None if row["label"] == "REAL" else rows[row["original"]]["label"] == "REAL"


@pytest.mark.parametrize("layout", NAMES)
@pytest.mark.parametrize("sizes", [(4, 4), (5, 9), (12, 12), (12, 20), (12, 48), (7, 28)])
def test_names_fit_the_layout(layout, sizes):
    videos, texts = plan(layout, people=sizes[0], clips=sizes[1])
    assert len(videos) == sizes[1]
    assert all(re.fullmatch(NAMES[layout], name) for name in [*videos, *texts])
    reals = {v.take for v in videos.values() if not v.method}
    fakes = [v for v in videos.values() if v.method]
    assert all(v.take in reals and v.source != v.target and v.method in METHODS for v in fakes)
    assert len({v.name for v in videos.values()}) == len(videos)


@pytest.mark.parametrize("layout", NAMES)
def test_the_defaults_show_everybody_and_enough_of_both_classes(layout):
    videos, _ = plan(layout)
    reals = [v for v in videos.values() if not v.method]
    assert set(range(12)) <= {v.target for v in reals}
    assert 12 <= len(reals) <= 24


def test_fakes_are_named_after_target_and_source():
    videos, _ = plan("faceforensics")
    for name, video in videos.items():
        if found := re.search(r"(\d{3})_(\d{3})\.mp4", name):
            assert (int(found[1]), int(found[2])) == (video.target, video.source)
            assert video.target ^ 1 == video.source
            assert video.method == name.split("/")[1]
    assert {v.method for v in videos.values()} == {"", *FACEFORENSICS}
    videos, texts = plan("celebdf")
    for line in texts["List_of_testing_videos.txt"].splitlines():
        label, name = line.split(" ", 1)
        assert (label == "1") == (videos[name].method == "")


@pytest.mark.parametrize("layout", NAMES)
def test_a_larger_corpus_contains_the_smaller(layout):
    small, large = plan(layout, clips=30)[0], plan(layout, clips=40)[0]
    assert {name: large.get(name) for name in small} == small


@pytest.mark.parametrize(
    ("layout", "changes", "word"),
    [
        ("kaggle", {}, "layout"),
        ("dfdc", {"people": 3}, "people"),
        ("dfdc", {"n_clips": 3}, "n_clips"),
        ("faceforensics", {"people": 4, "clips": 30}, "clips"),
    ],
)
def test_impossible_settings_are_named(layout, changes, word):
    with pytest.raises(ValueError, match=word):
        plan(layout, **changes)


@pytest.mark.parametrize("size", [(480, 360), (320, 240)])
def test_every_person_has_exactly_one_face(find_faces, size):
    for number in range(12):
        (*_, frame) = render_frames(spec(take=f"t{number}", target=number, size=size, frames=3), 42)
        assert len(find_faces(frame, 1)) == 1, number


@pytest.mark.parametrize("method", METHODS)
def test_a_fake_differs_from_its_original_in_the_face_only(method):
    fake = spec(name="fake", method=method, source=5, source_take="other")
    one, two = (np.stack(decode(render_video(video, 42))).astype(int) for video in (spec(), fake))
    assert one.shape == two.shape == (8, 360, 480, 3)
    change = np.abs(one - two).mean(axis=(0, 3))
    scene = rendering.make_scene(42, 0, (480, 360), "t")
    x, y = (int(v) for v in scene.centre)
    inside = np.zeros((360, 480), bool)
    left, right, top, bottom = (int(v * scene.scale * 1.3) for v in rendering.INNER_FACE_BOUNDS)
    inside[y + top : y + bottom, x + left : x + right] = True
    mouth = change[y + int(62 * scene.scale) : y + int(122 * scene.scale), x - 20 : x + 20]
    assert change[~inside].mean() < 1.0
    assert mouth.mean() > 4 * change[~inside].mean()


def test_frames_are_noisy_and_move():
    frames = list(render_frames(spec(frames=12), 42))
    assert all((a != b).any() for a, b in zip(frames, frames[1:], strict=False))
    smooth = cv2.GaussianBlur(frames[0][:60, :60], (0, 0), 2).astype(int)
    assert 0.8 < (frames[0][:60, :60] - smooth).std() < 8


def test_videos_have_b_frames_between_keyframes():
    with av.open(io.BytesIO(render_video(spec(frames=30), 42))) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.average_rate, stream.frames) == (25, 30)
        assert "creation_time" not in file.metadata
        kinds = {int(f.pict_type) for f in file.decode(stream)}
    assert kinds == {1, 2, 3}  # I, P and B
