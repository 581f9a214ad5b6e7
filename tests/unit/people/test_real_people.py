"""Real people are told apart by their faces alone: FaceForensics++ and Celeb-DF without names, and LFW."""

import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from deepfake.extraction.detectors import load_detector
from deepfake.extraction.faces import crop_face
from deepfake.extraction.tracking import FaceTracker
from deepfake.extraction.video import VideoReader
from deepfake.people.embedder import load_embedder
from deepfake.people.groups import Videos, find_people
from deepfake.people.linkage import average_linkage
from deepfake.people.neighbours import distances, whole_numbers
from deepfake.people.settings import DLIB_DISTANCES
from deepfake.people.video_vectors import VideoVectors, gather_vectors

CONFIG = yaml.safe_load((Path(__file__).parents[3] / "config.yaml").read_text(encoding="utf-8"))
FACES = CONFIG["faces"] | {"upsample": 0, "landmarks": "none"}  # 4 times cheaper, and enough for these clips
LINK, GUARD = DLIB_DISTANCES["link"], DLIB_DISTANCES["guard"]


def vectors_of(clips: list[Path]) -> VideoVectors:
    """Three frames of each clip, as the steps before `plan` see them; a clip's path only names it."""
    detector, embed = load_detector(FACES), load_embedder({})

    def crops(clip: Path) -> list[np.ndarray]:
        reader, tracker = VideoReader(clip), FaceTracker(detector, FACES)
        frames = reader.frames([round(reader.frame_count * part) for part in (0.1, 0.5, 0.9)])
        found = [(frame.pixels, tracker.find(frame.pixels).faces) for frame in frames]
        return [crop_face(pixels, faces[0], FACES).pixels for pixels, faces in found if faces]

    videos = []
    for clip in clips:
        found = [embed(crop) for crop in crops(clip)]
        vectors = np.stack([each.vector for each in found])
        videos.append((("c", str(clip)), vectors, np.array([each.quality for each in found])))
    return gather_vectors(videos, LINK)


def people_of(found: VideoVectors) -> dict[Path, int]:
    """Whom each clip is held to, in a plan that knows neither names nor originals."""
    clips = [Path(name) for _, name in found.names]
    fake = np.array([clip.parts[-2] != "Celeb-real" and "youtube" not in clip.parts for clip in clips])
    videos = Videos(found.means, np.arange(len(clips)), fake, np.empty((0, 2), np.int64))
    return dict(zip(clips, find_people(videos, LINK, GUARD)[1].tolist(), strict=True))


def nearest_of(found: VideoVectors, fake: Path, originals: list[Path]) -> str:
    """The name of the original whose face is most like a fake's."""
    row = {Path(name): mean for (_, name), mean in zip(found.names, found.means, strict=True)}
    return min(originals, key=lambda original: distances(row[fake] @ row[original])).stem


@pytest.fixture(scope="module")
def ffpp(data) -> VideoVectors:
    folder = data / "ffpp_c40"
    if not folder.is_dir():
        pytest.skip(f"no real videos: {folder} doesn't exist")
    clips = [*folder.rglob("youtube/**/*.mp4"), *folder.rglob("manipulated_sequences/**/*.mp4")]
    return vectors_of(sorted(clip for clip in clips if "FaceSwap" not in clip.parts))


def test_faceforensics_shows_six_people(ffpp):
    people = people_of(ffpp)
    originals = [clip for clip in people if "youtube" in clip.parts]
    assert len({people[clip] for clip in originals}) == len(originals) == 6
    assert set(people.values()) == {people[clip] for clip in originals}  # no fake is a seventh person


@pytest.mark.parametrize(("method", "shown"), [("Deepfakes", 1), ("Face2Face", 0), ("NeuralTextures", 0)])
def test_a_fake_shows_its_source_or_its_target(ffpp, method, shown):
    # <target>_<source>: a swapped face is the source's, one that is only moved stays the target's. FaceSwap's
    # lie between both, nearer the source, and are left out here.
    clips = [Path(name) for _, name in ffpp.names]
    originals = [clip for clip in clips if "youtube" in clip.parts]
    fakes = [clip for clip in clips if method in clip.parts]
    assert len(fakes) == 6
    assert {fake.stem: nearest_of(ffpp, fake, originals) for fake in fakes} == {
        fake.stem: fake.stem.split("_")[shown] for fake in fakes
    }


def test_celebdf_shows_six_people(data):
    folder = data / "celebdf"
    if not folder.is_dir():
        pytest.skip(f"no real videos: {folder} doesn't exist")
    people = people_of(vectors_of(sorted(folder.rglob("*.mp4"))))
    shown = {}
    for clip, group in people.items():
        shown.setdefault(clip.stem.split("_")[0], set()).add(group)
    assert [len(groups) for groups in shown.values()] == [1] * 6  # each fake is of its target's person
    assert len(set(people.values())) == 6


def test_strangers_of_lfw_are_not_chained(data):
    if not (data / "lfw.zip").exists():
        pytest.skip(f"no photos: {data}/lfw.zip doesn't exist")
    with zipfile.ZipFile(data / "lfw.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        count = Counter(name.split("/")[1] for name in names)
        several = [person for person in sorted(count) if count[person] > 1][:50]
        chosen = [name for name in names if count[name.split("/")[1]] == 1][:120]
        chosen += [name for name in names if name.split("/")[1] in several]
        encoded = [np.frombuffer(archive.read(name), np.uint8) for name in chosen]
    photos = [cv2.imdecode(data, cv2.IMREAD_COLOR)[52:198, 52:198] for data in encoded]  # the face with 1.3
    with ThreadPoolExecutor(2) as pool:
        vectors = np.stack([each.vector for each in pool.map(load_embedder({}), photos)])
    people = np.array([name.split("/")[1] for name in chosen])
    one, other = np.triu_indices(len(people), 1)
    same = people[one] == people[other]
    # of single photos; docs/people.md has the numbers for all photos and distances
    for distance, least in ((DLIB_DISTANCES["fail"], 0.99), (LINK, 0.9)):
        groups = average_linkage(whole_numbers(vectors), distance)
        linked = groups[one] == groups[other]
        assert same[linked].mean() >= least and linked[same].mean() > 0.5
        assert max(len(set(people[groups == group])) for group in set(groups)) <= 8
