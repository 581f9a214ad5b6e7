"""What holds of every layout: a row for each file, in any order, and groups that never part."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from layout_rows import DFD_FAKE, DFD_REAL, MIRROR, TEST_LIST

from deepfake.entries import FAKE, REAL, Entry
from deepfake.groups import components
from deepfake.layouts import LAYOUTS

FOLDERS = [
    "original_sequences/youtube/c23/videos", "original_sequences/actors/c23/videos",
    "manipulated_sequences/Deepfakes/c23/videos", "manipulated_sequences/DeepFakeDetection/c23/videos",
    "manipulated_sequences/Deepfakes/masks/videos", f"{MIRROR}/original", f"{MIRROR}/FaceSwap",
    DFD_REAL, DFD_FAKE, "Celeb-real", "YouTube-real", "Celeb-synthesis", "train/real", "val/fake/x/y",
    "dfdc_train_part_0", "method_A/12/12_B", "original_videos/12", "__MACOSX", "",
]  # fmt: skip
STEMS = [
    "000", "003", "605", "606", "000_003", "003_605", "01__exit_phone", "01_02__exit_phone__YVGY8LOK",
    "id0_0000", "id0_id1_0000", "00170", "34_12_B_001", "12_B_001", "v_frame003", "ü ä", "._x", "x.y",
]  # fmt: skip
ENDINGS = [".mp4", ".MP4", ".avi", ".jpg", ".json", ".csv", ""]
ENTRIES = st.lists(
    st.builds(
        lambda archive, folder, stem, ending: Entry(archive, f"{folder}/{stem}{ending}".lstrip("/")),
        st.sampled_from(["", "a.zip"]),
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


def corpus(entries, table, lines):
    files = {
        Entry("a.zip", "dfdc_train_part_0/metadata.json"): json.dumps(table),
        Entry("", TEST_LIST): "\n".join(lines),
        Entry("", "train.json"): '[["000", "003"]]',
    }
    return [*files, *entries], lambda entry: files[entry].encode()


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@given(entries=ENTRIES, table=TABLES, lines=LISTS, seed=st.randoms(use_true_random=False))
def test_every_file_has_one_row_in_any_order(layout, entries, table, lines, seed):
    entries, read_bytes = corpus(entries, table, lines)
    rows = LAYOUTS[layout](entries, read_bytes)
    media = {e for e in entries if e.is_video or e.is_image}
    places = Counter(row.entry for row in rows)
    assert all(places[entry] == 1 for entry in media)
    extra = [row for row in rows if row.entry not in media]
    assert all(row.problem.startswith("labelled, but") for row in extra)
    assert max(places.values(), default=1) == 1
    assert [r.entry for r in rows] == sorted((r.entry for r in rows), key=lambda e: (e.archive, e.path))
    assert all(row.label in (REAL, FAKE) and row.name and row.group for row in rows if not row.problem)

    shuffled = entries + entries[:3]
    seed.shuffle(shuffled)
    assert LAYOUTS[layout](shuffled, read_bytes) == rows


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@given(entries=ENTRIES, table=TABLES, lines=LISTS)
def test_a_fake_and_its_original_share_a_group(layout, entries, table, lines):
    rows = [row for row in LAYOUTS[layout](*corpus(entries, table, lines)) if not row.problem]
    groups = {}
    for row in rows:
        groups.setdefault(row.name, set()).add(row.group)
    for row in rows:
        if row.label == FAKE and row.original in groups:
            assert groups[row.original] == {row.group}
        if row.label == REAL:
            assert row.original == row.name


@given(
    pairs=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12))), seed=st.randoms(use_true_random=False)
)
def test_components(pairs, seed):
    found = components(pairs)
    assert found.keys() == {item for pair in pairs for item in pair}
    assert all(found[a] == found[b] for a, b in pairs)
    # No more is joined than must be: what a walk along the pairs reaches.
    for item, smallest in found.items():
        reached, grown = {item}, True
        while grown:
            more = {x for pair in pairs for x in pair if reached & set(pair)}
            grown, reached = not more <= reached, reached | more
        assert smallest == min(reached)
    shuffled = [tuple(seed.sample(pair, 2)) for pair in pairs]
    seed.shuffle(shuffled)
    assert components(shuffled) == found
