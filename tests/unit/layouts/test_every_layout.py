"""Properties of every layout: a row for each file in any order; a fake and its original in one group."""

import inspect
import json
import re
from collections import Counter

import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from made.layout_rows import DFD_FAKE, DFD_REAL, MIRROR, TEST_LIST, read_entries
from made.trees import TREES

from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.registry import LAYOUTS, is_media
from deepfake.layouts.shared import NO_LABEL

LISTING = {"celebdf", "csv", "deepfakebench", "dfdc", "labels"}

FOLDERS = [
    "original_sequences/youtube/c23/videos", "original_sequences/actors/c23/videos",
    "manipulated_sequences/Deepfakes/c23/videos", "manipulated_sequences/DeepFakeDetection/c23/videos",
    "manipulated_sequences/Deepfakes/masks/videos", f"{MIRROR}/original", f"{MIRROR}/FaceSwap",
    DFD_REAL, DFD_FAKE, "Celeb-real", "YouTube-real", "Celeb-synthesis", "train/real", "val/fake/x/y",
    "dfdc_train_part_0", "method_A/12/12_B", "original_videos/12", "__MACOSX", "", "train", "a/Train/x",
    "manipulated_videos/end_to_end", "manipulated_videos/reenact_postprocess", "source_videos/M101",
    "stargan/test1", "ffhq/train", "train/Fake/stargan", "Mask", "real_train", "a/.hidden",
    "simswap/ff/frames/000_003", "DF40_train/StyleGAN2/000", "DF40/stargan/fake", "DF40/DiT/cdf/Celeb-real",
    "Celeb-real/frames/id0_0000", "original_sequences/youtube/c23/frames/000", "fake_test/12/fake/3",
]  # fmt: skip
STEMS = [
    "000", "003", "605", "606", "000_003", "003_605", "01__exit_phone", "01_02__exit_phone__YVGY8LOK",
    "id0_0000", "id0_id1_0000", "00170", "34_12_B_001", "12_B_001", "v_frame003", "ü ä", "._x", "x.y",
    "v_f4", "000_M101", "003_M101", "12", "u\u0308 a\u0308", "000/frame_1", "id0_0000/frames/1",
]  # fmt: skip
ENDINGS = [".mp4", ".MP4", ".avi", ".jpg", ".JPG", ".jpg", ".heic", ".psd", ".tar.gz", ".json", ".csv", ""]
ARCHIVES = ["", "a.zip"]
ENTRIES = st.lists(
    st.builds(
        lambda archive, folder, stem, ending: Entry(archive, f"{folder}/{stem}{ending}".lstrip("/")),
        st.sampled_from(ARCHIVES),
        st.sampled_from(FOLDERS),
        st.sampled_from(STEMS) | st.text("ab_1.é", min_size=1),
        st.sampled_from(ENDINGS),
    ),
    max_size=25,
)
RECORDS = st.fixed_dictionaries(
    {"label": st.sampled_from(["REAL", "FAKE", "FAKE", "x", 1])},
    optional={
        "original": st.sampled_from([None, *(f"{stem}.mp4" for stem in STEMS)]),
        "split": st.just("train"),
    },
)
TABLES = st.dictionaries(
    st.builds(str.__add__, st.sampled_from(STEMS), st.sampled_from([".mp4", ""])), RECORDS, max_size=12
)
LISTS = st.lists(
    st.builds(
        "{} {}/{}.mp4".format, st.integers(0, 1), st.sampled_from(FOLDERS[9:12]), st.sampled_from(STEMS)
    )
)
COLUMNS = {"original": "original", "split": "split"}


@st.composite
def deepfakebench_labels(draw, entries):
    """The videos of one list of DeepfakeBench: folders of the corpus and others, by label and split."""
    folders = sorted({e.folder.path for e in entries} | {"gone/frames/000"})
    names = st.sampled_from(["000.png", *(e.name for e in entries)])
    paths = st.builds("rgb\\{}/{}".format, st.sampled_from(folders), names)
    records = st.lists(paths, max_size=3).map(lambda found: {"label": "", "frames": found})
    videos = st.dictionaries(st.sampled_from(STEMS), records, max_size=4)
    compressed = st.builds(lambda found: {"c23": found}, videos)
    splits = st.dictionaries(st.sampled_from(["train", "val", "test"]), videos | compressed, max_size=3)
    labels = st.sampled_from(
        ["FF-real", "FF-DF", "DFDC_Fake", "CelebDFv1_real", "DFDCP_FakeA", "y_Real", "y"]
    )
    return draw(st.dictionaries(labels, splits, max_size=4))


@st.composite
def corpora(draw, layout):
    """Media of all layouts, and more of the drawn tree of one; and label files of all layouts: tables and
    label lists, one or two of each, which name files of the corpus by path or by name, and missing files.
    """
    own = [
        Entry(archive, path) for path in [*TREES[layout].paths, *TREES[layout].odd] for archive in ARCHIVES
    ]
    entries = draw(ENTRIES) + draw(st.lists(st.sampled_from(own) if own else st.nothing(), max_size=12))
    paths = sorted({e.path for e in entries} | {e.name for e in entries} | {"gone/000.jpg"})
    names = [path for path in paths if "/" not in path]
    lines = st.builds(
        "{},{},{},{}".format,
        st.sampled_from(paths),
        st.sampled_from(["real", "fake", "fake", "x"]),
        st.sampled_from([*paths, *STEMS, "", ""]),
        st.sampled_from(["train", "train", "train", "test", ""]),
    )
    tables = st.sampled_from([("", "info.csv"), ("a.zip", "info.csv"), ("", "train/info.csv")])
    labels = st.builds("{} {}".format, st.sampled_from(names or ["gone.jpg"]), st.integers(0, 1))
    lists = st.sampled_from(
        [("", "train_label.txt"), ("a.zip", "train_label.txt"), ("", "train/test_label.txt")]
    )
    files = {
        Entry("a.zip", "dfdc_train_part_0/metadata.json"): json.dumps(draw(TABLES)),
        Entry("", TEST_LIST): "\n".join(draw(LISTS)),
        Entry("", "train.json"): '[["000", "003"]]',
        Entry("", "splits/test.txt"): "000_M101.mp4\n",
    }
    for place in draw(st.sets(tables, min_size=1, max_size=2)):
        files[Entry(*place)] = "\n".join(["path,label,original,split", *draw(st.lists(lines, max_size=25))])
    for place in draw(st.sets(lists, max_size=2)):
        files[Entry(*place)] = "\n".join(draw(st.lists(labels, max_size=25)))
    for place in draw(st.sets(st.sampled_from(["dataset_json/a.json", "FF-DF.json"]), max_size=2)):
        files[Entry("", place)] = json.dumps({"x": draw(deepfakebench_labels(entries))})
    return entries, files


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@settings(deadline=None, max_examples=60)  # the first call imports SciPy
@given(data=st.data(), seed=st.randoms(use_true_random=False))
def test_every_file_has_one_row_in_any_order(layout, data, seed):
    entries, files = data.draw(corpora(layout))
    rows = read_entries(layout, entries, files, COLUMNS)
    media = {e for e in entries if is_media(e, layout)}
    folders = {row.entry for row in rows if row.entry.is_frames}
    assert not folders or LAYOUTS[layout].frames or not LAYOUTS[layout].images
    assert not any(e.is_service for e in media)
    media = {e for e in media if not (e.is_image and e.folder in folders)} | folders
    # Listed files that are no media have a row too, and files that are listed twice a second row.
    again = [row.entry for row in rows if row.problem.startswith("listed again")]
    unfit = "labelled, but neither video nor still"  # a hidden file has no row, and may be listed
    lost = [row.entry for row in rows if row.entry not in media or row.problem == unfit]
    assert Counter(row.entry for row in rows) == Counter(media) + Counter(again) + Counter(lost)
    assert all(row.problem.startswith("labelled, but") for row in rows if row.entry not in media)
    assert len(set(lost)) == len(lost) and len(set(again)) == len(again)
    assert set(again) <= {row.entry for row in rows if not row.problem}
    assert not (lost + again and layout not in LISTING)
    assert [r.entry for r in rows] == sorted((r.entry for r in rows), key=lambda e: (e.archive, e.path))
    assert all(row.label in (REAL, FAKE) and row.name and row.group for row in rows if not row.problem)

    shuffled = entries + entries[:3]
    seed.shuffle(shuffled)
    mixed = list(files.items())
    seed.shuffle(mixed)
    assert read_entries(layout, shuffled, dict(mixed), COLUMNS) == rows


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@settings(deadline=None, max_examples=60)  # the first call imports SciPy
@given(data=st.data())
def test_a_fake_and_its_original_share_a_group(layout, data):
    entries, files = data.draw(corpora(layout))
    rows = [row for row in read_entries(layout, entries, files, COLUMNS) if not row.problem]
    groups, made = {}, {}
    for row in rows:
        groups.setdefault(row.name, set()).add(row.group)
    for row in rows:
        if row.label == FAKE and row.original in groups:
            assert groups[row.original] == {row.group}
        if row.label == FAKE and row.original:
            assert made.setdefault(row.original, row.group) == row.group
        if row.label == REAL:
            assert row.original == row.name


def test_every_layout_has_a_drawn_tree():
    assert sorted(TREES) == sorted(LAYOUTS)


@pytest.mark.parametrize("layout", sorted(TREES))
class TestDrawnTree:
    """What a drawn corpus of each layout must have."""

    def rows(self, layout: str, line_end: str = "\n") -> dict[str, Video]:
        tree = TREES[layout]
        media = [Entry("", path) for path in [*tree.paths, *tree.odd]]
        files = {Entry("", path): text.replace("\n", line_end) for path, text in tree.texts.items()}
        return {row.entry.path: row for row in read_entries(layout, media, files, tree.columns)}

    def test_every_file_is_used_or_has_its_reason(self, layout):
        tree, rows = TREES[layout], self.rows(layout)
        used = {path if path in rows else path.rpartition("/")[0] for path in tree.paths}
        assert {path for path, row in rows.items() if not row.problem and row.label is not None} == used
        for path, reason in tree.odd.items():
            row = rows.get(path) or rows[path.rpartition("/")[0]]
            assert reason in (row.problem or NO_LABEL)

    def test_label_files_with_the_line_ends_of_windows_mean_the_same(self, layout):
        assert self.rows(layout, "\r\n") == self.rows(layout)

    def test_it_can_be_divided(self, layout):
        rows = [row for row in self.rows(layout).values() if not row.problem]
        for label in LAYOUTS[layout].classes:
            assert len({row.group for row in rows if row.label == label}) >= 6
        assert {row.label for row in rows} >= set(LAYOUTS[layout].classes)

    def test_names_are_unique_and_fakes_share_the_group_of_their_original(self, layout):
        rows = [row for row in self.rows(layout).values() if not row.problem]
        by_name = {row.name: row for row in rows}
        assert len(by_name) == len(rows)
        for row in rows:
            assert row.group == by_name.get(row.original, row).group
            assert (row.original == row.name) if row.label == REAL else (row.original != row.name)

    def test_its_docstring_names_its_sources(self, layout):
        module = inspect.getmodule(LAYOUTS[layout].read)
        own = layout in ("csv", "imagefolder", "labels")  # formats of this project
        assert own or re.search(r"\bSources?: ", module.__doc__)

    def test_it_is_in_the_schema(self, layout):
        schema = yaml.safe_load((ROOT / "rules/config.schema.yaml").read_text(encoding="utf-8"))
        corpus = schema["properties"]["corpora"]["additionalProperties"]["properties"]
        assert layout in corpus["layout"]["enum"]
