"""compress_again.py: a tree of c23 becomes one of c40, of the same frames at the same times."""

import av
import pytest
from conftest import write_striped_video
from results.compress_again import compress_tree

CLIPS = ["original_sequences/youtube/c23/videos/004", "manipulated_sequences/Deepfakes/c23/videos/004_982"]


@pytest.fixture
def tree(tmp_path):
    """A tree with two clips of c23 and one of raw; the second clip has uneven times and full colour."""
    settings = [{}, {"pix_fmt": "yuv444p", "times": [0, 1, 3, 4, 7, 8, 9, 12], "frames": 8}]
    for name, setting in zip([*CLIPS, CLIPS[0].replace("c23", "raw")], [*settings, {}], strict=True):
        path = tmp_path / f"ffpp/{name}.mp4"
        path.parent.mkdir(parents=True)
        write_striped_video(path, options={"crf": "18"}, **setting)
    return tmp_path / "ffpp"


def described(path):
    with av.open(path) as clip:
        stream = clip.streams.video[0]
        shape = (stream.width, stream.height, stream.pix_fmt)
        return shape, [frame.time for frame in clip.decode(stream)]


def test_the_clips_of_c23_are_compressed_to_c40_with_their_frames_times_and_format(tree, tmp_path):
    written = compress_tree(tree, tmp_path / "again")
    names = sorted(str(path.relative_to(tmp_path / "again")) for path in tmp_path.glob("again/**/*.*"))
    assert names == sorted(f"{name.replace('c23', 'c40')}.mp4" for name in CLIPS)
    assert [str(path.relative_to(tmp_path / "again")) for path in written] == names
    for name in CLIPS:
        before, after = tree / f"{name}.mp4", tmp_path / f"again/{name.replace('c23', 'c40')}.mp4"
        assert described(after) == described(before)
        assert after.stat().st_size < before.stat().st_size


def test_clips_that_are_there_are_kept_and_others_have_the_same_bytes_each_time(tree, tmp_path):
    first, second = compress_tree(tree, tmp_path / "again")
    bytes_before = second.read_bytes()
    first.write_bytes(b"mine")
    second.rename(second.with_name(f"{second.name}.part"))  # as a kill leaves it
    assert compress_tree(tree, tmp_path / "again") == [second]
    assert first.read_bytes() == b"mine" and second.read_bytes() == bytes_before
    assert not list(tmp_path.glob("again/**/*.part"))
