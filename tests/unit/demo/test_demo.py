import io
import json
import re
import zipfile

import av
import cv2
import dlib
import numpy as np
import pytest

from deepfake.demo import corpus as demo
from deepfake.demo import layouts as demo_layouts
from deepfake.demo import people
from deepfake.demo.layouts import Clip

TINY = {"people": 4, "clips": 5, "seconds": 0.2, "width": 240}
GRAMMAR = {
    "dfdc": r"train_sample_videos/([a-z]{10}\.mp4|metadata\.json)",
    "faceforensics": r"original_sequences/youtube/c23/videos/\d{3}\.mp4"
    r"|manipulated_sequences/(Deepfakes|Face2Face|FaceSwap|NeuralTextures)/c23/videos/\d{3}_\d{3}\.mp4",
    "dfd": r"DFD_original sequences/\d\d__[a-z_]+\.mp4"
    r"|DFD_manipulated_sequences/DFD_manipulated_sequences/\d\d_\d\d__[a-z_]+__[A-Z0-9]{8}\.mp4",
    "celebdf": r"Celeb-real/id\d+_\d{4}\.mp4|YouTube-real/\d{5}\.mp4|Celeb-synthesis/id\d+_id\d+_\d{4}\.mp4"
    r"|List_of_testing_videos\.txt",
}


def decoded(data):
    with av.open(io.BytesIO(data)) as file:
        return [f.to_ndarray(format="rgb24") for f in file.decode(video=0)]


def clip(**changes):
    fields = {"name": "real", "take": "t", "target": 0, "size": (480, 360), "frames": 8} | changes
    return Clip(**fields)


def plan(layout, **changes):
    return demo_layouts.plan(layout, {**demo.DEFAULTS, **changes}, 42, demo.FPS)


@pytest.fixture(scope="module")
def faces():
    return dlib.get_frontal_face_detector()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "demo.zip"
    calls = []
    demo.make_corpus(path, "dfdc", TINY, 1, report=lambda done, total: calls.append((done, total)))
    assert calls == [(i, 5) for i in range(1, 6)]
    return path


def test_same_bytes_for_any_number_of_workers(tiny, tmp_path):
    demo.make_corpus(tmp_path / "two.zip", "dfdc", TINY, 1, workers=2)
    assert (tmp_path / "two.zip").read_bytes() == tiny.read_bytes()


def test_another_seed_makes_other_names_and_bytes(tiny):
    one, _ = demo_layouts.plan("dfdc", TINY, 1, demo.FPS)
    two, _ = demo_layouts.plan("dfdc", TINY, 2, demo.FPS)
    assert not set(one) & set(two)
    assert demo.render_clip(clip(frames=2), 1) != demo.render_clip(clip(frames=2), 2)


def test_archive_is_stored_sorted_and_without_times(tiny):
    with zipfile.ZipFile(tiny) as archive:
        infos = archive.infolist()
    assert [i.filename for i in infos] == sorted(i.filename for i in infos)
    assert {(i.compress_type, i.date_time) for i in infos} == {(zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))}


def test_metadata_names_members_and_every_original_is_real(tiny):
    with zipfile.ZipFile(tiny) as archive:
        members = set(archive.namelist())
        rows = json.loads(archive.read("train_sample_videos/metadata.json"))
        assert members == {f"train_sample_videos/{k}" for k in rows} | {"train_sample_videos/metadata.json"}
        assert all(len(decoded(archive.read(f"train_sample_videos/{k}"))) == 5 for k in rows)
    for row in rows.values():
        assert set(row) == {"label", "split", "original"}
        assert row["original"] is None if row["label"] == "REAL" else rows[row["original"]]["label"] == "REAL"


@pytest.mark.parametrize("layout", GRAMMAR)
@pytest.mark.parametrize("sizes", [(4, 4), (5, 9), (12, 12), (12, 20), (12, 48), (7, 28)])
def test_names_fit_the_layout(layout, sizes):
    clips, texts = plan(layout, people=sizes[0], clips=sizes[1])
    assert len(clips) == sizes[1]
    assert all(re.fullmatch(GRAMMAR[layout], name) for name in [*clips, *texts])
    reals = {c.take for c in clips.values() if not c.method}
    fakes = [c for c in clips.values() if c.method]
    assert all(c.take in reals and c.source != c.target and c.method in demo.METHODS for c in fakes)
    assert len({c.name for c in clips.values()}) == len(clips)


@pytest.mark.parametrize("layout", GRAMMAR)
def test_default_shows_everybody_and_enough_of_both_classes(layout):
    clips, _ = plan(layout)
    reals = [c for c in clips.values() if not c.method]
    assert set(range(12)) <= {c.target for c in reals}
    assert 12 <= len(reals) <= 24


def test_fakes_are_named_after_target_and_source():
    clips, _ = plan("faceforensics")
    for name, c in clips.items():
        if found := re.search(r"(\d{3})_(\d{3})\.mp4", name):
            assert (int(found[1]), int(found[2])) == (c.target, c.source)
            assert c.target ^ 1 == c.source
            assert c.method == name.split("/")[1]
    assert {c.method for c in clips.values()} == {"", *demo_layouts.FACEFORENSICS}
    clips, texts = plan("celebdf")
    for line in texts["List_of_testing_videos.txt"].splitlines():
        mark, name = line.split(" ", 1)
        assert (mark == "1") == (clips[name].method == "")


@pytest.mark.parametrize("layout", GRAMMAR)
def test_a_larger_corpus_contains_the_smaller(layout):
    small, large = plan(layout, clips=30)[0], plan(layout, clips=40)[0]
    assert all(large[name] == c for name, c in small.items() if name in large)
    kept = len(set(small) & set(large))
    assert kept == len(small)


@pytest.mark.parametrize(
    ("layout", "changes", "word"),
    [
        ("kaggle", {}, "layout"),
        ("dfdc", {"people": 3}, "people"),
        ("dfdc", {"n_clips": 3}, "n_clips"),
        ("faceforensics", {"people": 4, "clips": 30}, "clips"),
    ],
)
def test_what_cannot_be_made_is_named(layout, changes, word):
    with pytest.raises(ValueError, match=word):
        plan(layout, **changes)


@pytest.mark.parametrize("size", [(480, 360), (320, 240)])
def test_every_person_has_exactly_one_face(faces, size):
    for number in range(12):
        (*_, frame) = demo.frames(clip(take=f"t{number}", target=number, size=size, frames=3), 42)
        assert len(faces(frame, 1)) == 1, number


@pytest.mark.parametrize("method", demo.METHODS)
def test_a_fake_differs_from_its_original_in_the_face_only(method):
    fake = clip(name="fake", method=method, source=5, source_take="other")
    one, two = (np.stack(decoded(demo.render_clip(c, 42))).astype(int) for c in (clip(), fake))
    assert one.shape == two.shape == (8, 360, 480, 3)
    change = np.abs(one - two).mean(axis=(0, 3))
    scene = people.scene(42, 0, (480, 360), "t")
    x, y = (int(v) for v in scene.centre)
    inside = np.zeros((360, 480), bool)
    reach = [int(v * scene.scale * 1.3) for v in people.INNER]
    inside[y + reach[2] : y + reach[3], x + reach[0] : x + reach[1]] = True
    mouth = change[y + int(62 * scene.scale) : y + int(122 * scene.scale), x - 20 : x + 20]
    assert change[~inside].mean() < 1.0
    assert mouth.mean() > 4 * change[~inside].mean()


def test_frames_are_noisy_and_move():
    frames = list(demo.frames(clip(frames=12), 42))
    assert all((a != b).any() for a, b in zip(frames, frames[1:], strict=False))
    smooth = cv2.GaussianBlur(frames[0][:60, :60], (0, 0), 2).astype(int)
    assert 0.8 < (frames[0][:60, :60] - smooth).std() < 8


def test_video_has_frames_between_keyframes_that_look_ahead():
    with av.open(io.BytesIO(demo.render_clip(clip(frames=30), 42))) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.average_rate, stream.frames) == (25, 30)
        assert "creation_time" not in file.metadata
        kinds = {int(f.pict_type) for f in file.decode(stream)}
    assert kinds == {1, 2, 3}  # I, P and B
