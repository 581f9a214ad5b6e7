"""What suggest counts, estimates and chooses, each by itself."""

import cv2
import numpy as np
import pytest
import yaml

from deepfake.corpora.fit import fit_layout
from deepfake.corpora.listing import list_folder, sample_media
from deepfake.layouts.entries import FAKE, REAL, Entry
from deepfake.suggest.archive_patterns import patterns_of
from deepfake.suggest.config_text import scalar
from deepfake.suggest.corpora import Corpus, numbered_gaps
from deepfake.suggest.counts import count_rows
from deepfake.suggest.crops import size_of_crops
from deepfake.suggest.divide import plain_name
from deepfake.suggest.estimates import Estimate, estimate
from deepfake.suggest.recipe import SPLITS
from deepfake.suggest.report import takes

REALS = [f"original_sequences/youtube/c23/videos/{i:03d}.mp4" for i in range(4)]
FAKES = [
    f"manipulated_sequences/Deepfakes/c23/videos/{a:03d}_{b:03d}.mp4" for a, b in [(0, 1), (1, 0), (2, 9)]
]


def counts_of(paths, layout="faceforensics", **options):
    fit = fit_layout(layout, [Entry("", path) for path in paths], [], lambda entry: b"")
    return count_rows(fit, {}, **options)


def test_counts_of_a_corpus():
    counts = counts_of([*REALS, *FAKES, "notes/x.mp4"])
    assert (counts.of_class(REAL), counts.of_class(FAKE), counts.methods) == (4, 3, {"Deepfakes": 3})
    assert counts.people == 5 and counts.groups == 3
    assert counts.components == {REAL: 3, FAKE: 2} and counts.nodes == {REAL: 4, FAKE: 3}
    assert [(number, examples) for number, examples in counts.problems.values()] == [(1, ["notes/x.mp4"])]


def test_originals_that_are_missing_unless_only_some_files_were_looked_at():
    assert counts_of(FAKES[2:]).missing == ["youtube_c23_002"]
    assert counts_of(FAKES[2:], is_sample=True).missing == []


def test_an_estimate_follows_the_rates():
    counts = counts_of([*REALS[:1], *FAKES])
    found = estimate(counts, frames=10, boost=8, are_crops=False)
    assert found.images == 10 * 3 + 30  # one real gives three times as many
    assert found.frames_gb == pytest.approx(60 * 380e-6)
    assert found.core_hours == pytest.approx((4 * 0.77 + 60 * 0.135) / 3600)
    stills = counts_of([f"{c}/{i}.png" for c in ("real", "fake") for i in range(50)], "imagefolder")
    crops, photos = (estimate(stills, 10, 8, are_crops) for are_crops in (True, False))
    assert crops.images == photos.images == 100 and crops.frames_gb == 0
    assert crops.core_hours < photos.core_hours


@pytest.mark.parametrize(
    ("hours", "shown"), [(0.0001, "0.01"), (0.123, "0.12"), (7.25, "7.2"), (812.4, "812"), (12345, "12,345")]
)
def test_amounts_have_two_digits_or_more(hours, shown):
    corpus = Corpus("x", "/x", [], None, 1, [], [], estimate=Estimate(1, 0, 0, hours))
    assert takes(corpus).endswith(f" {shown} core hours")


@pytest.mark.parametrize(
    ("names", "absent"),
    [
        (["part_0.zip", "part_2.zip", "part_3.zip"], ["part_1.zip"]),
        (["part_00", "part_01", "part_02"], []),
        (["a", "b"], []),
        (["id0", "id1", "id3"], []),
        (["part1", "part500", "part9000"], []),  # numbers that count nothing
        (["part_0", "part_5"], []),  # two are no series
    ],
)
def test_numbers_that_are_absent_from_parts(names, absent):
    assert numbered_gaps(names) == absent


def test_names_without_numbers_but_with_versions():
    assert plain_name("dfdc_train_part_12.zip") == plain_name("dfdc_train_part_3.zip")
    assert plain_name("Celeb-DF-v1") != plain_name("Celeb-DF-v2")


class TestPatterns:
    """Patterns that match some archives, and nothing else."""

    def make(self, folder, *names):
        for name in names:
            (folder / name).touch()
        return [str(folder / name) for name in names]

    def test_numbered_parts_have_one(self, tmp_path):
        paths = self.make(tmp_path, *(f"part_{i}.zip" for i in range(6)))
        self.make(tmp_path, "other.zip")
        assert patterns_of(paths) == [str(tmp_path / "part_*.zip")]

    def test_a_pattern_that_would_match_more_is_not_taken(self, tmp_path):
        paths = self.make(tmp_path, *(f"part_{i}.zip" for i in range(6)))
        assert patterns_of(paths[:5]) == paths[:5]

    def test_characters_of_patterns_in_names(self, tmp_path):
        (tmp_path / "a[1]").mkdir()
        paths = self.make(tmp_path / "a[1]", *(f"x[{i}]*.zip" for i in range(5)))
        (pattern,) = patterns_of(paths)
        assert pattern.startswith(str(tmp_path / "a[[]1]"))

    def test_a_few_are_named(self, tmp_path):
        paths = self.make(tmp_path, "a.zip", "b.zip")
        assert patterns_of(paths) == paths


def write_images(folder, *sizes):
    folder.mkdir()
    for number, (width, height) in enumerate(sizes):
        image = np.zeros((height, width, 3), np.uint8)
        (folder / f"{number}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return list_folder(str(folder))


@pytest.mark.parametrize(
    ("sizes", "side"),
    [
        ([(64, 64)] * 8, 64),
        ([(64, 64)] * 3 + [(32, 32)] * 5, 32),
        ([(64, 48)] * 8, 0),
        ([(64, 64)] * 4 + [(64, 48)] * 4, 0),
        ([(1024, 1024)] * 3, 0),
        ([], 0),
    ],
)
def test_small_squares_are_face_crops(tmp_path, sizes, side):
    listing = write_images(tmp_path / "x", *sizes)
    (tmp_path / "x/broken.png").write_bytes(b"no image")
    assert size_of_crops(listing, sample_media(listing, 100)[0]) == side


def test_every_split_of_a_recipe_adds_up():
    for _, splits in SPLITS:
        assert sum(splits.values()) == pytest.approx(1) and set(splits) == {"train", "val", "test"}


@pytest.mark.parametrize(
    "text", ["a b", "a: b # c", "line\nbreak", "'", '"', "\udcff", "\U0001f600", "[x]", "null", ""]
)
def test_any_text_is_one_line_of_yaml(text):
    line = scalar(text)
    assert "\n" not in line and yaml.safe_load(line) == text
