"""The layout csv: all fakes of one original, and all frames of one video, share a group."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.layout_rows import TABLE, read, read_entries, table

from deepfake.layouts.entries import REAL, Entry


def groups_of(lines, paths, header="path,label,original", **columns):
    columns = {"original": "original"} | columns
    rows = read("csv", paths, {"set/info.csv": table(*lines, header=header)}, columns=columns)
    assert not any(row.problem for row in rows)
    parts = {}
    for row in rows:
        parts.setdefault(row.group, []).append(row.entry.path.removeprefix("set/"))
    return sorted(parts.values())


@pytest.mark.parametrize(
    "original", ["f/r.png", "f/r", "f\\r.PNG", "r", "r.png", "/kaggle/set/f/r.png", "./f/r.png"]
)
def test_csv_groups_all_fakes_of_one_original(original):
    lines = ["f/r.png,real,", f"f/a.png,fake,{original}", "f/b.png,fake,f/r.png", "f/c.png,fake,"]
    paths = [f"set/f/{name}.png" for name in "rabc"]
    assert groups_of(lines, paths) == [["f/a.png", "f/b.png", "f/r.png"], ["f/c.png"]]


@pytest.mark.parametrize("original", ["000", "000.mp4", "f/000.mp4", "f/000"])
def test_csv_groups_frames_with_the_video_that_they_come_from(original):
    lines = [
        "f/000_frame1.png,real,",
        "f/000_frame2.png,real,",
        f"g/000_003_f1.png,fake,{original}",
        "f/1.png,1,",
    ]
    paths = ["set/f/000_frame1.png", "set/f/000_frame2.png", "set/g/000_003_f1.png", "set/f/1.png"]
    joined = ["f/000_frame1.png", "f/000_frame2.png", "g/000_003_f1.png"]
    assert groups_of(lines, paths) == [joined, ["f/1.png"]]


def test_csv_groups_fakes_whose_original_is_not_there():
    lines = ["a.png,fake,gone.png", "b.png,fake,gone", "c.png,fake,other"]
    assert groups_of(lines, ["set/a.png", "set/b.png", "set/c.png"]) == [["a.png", "b.png"], ["c.png"]]


def test_csv_groups_originals_that_macos_has_decomposed():
    lines = [
        "f/\u00fc.png,real,",
        "f/a.png,fake,f/\u00fc.png",
        "f/b.png,fake,\u00fc",
        "f/c.png,fake,f/\u00fc",
    ]
    paths = ["set/f/u\u0308.png", "set/f/a.png", "set/f/b.png", "set/f/c.png"]
    assert len(groups_of(lines, paths)) == 1


def test_csv_groups_an_original_in_an_archive_by_the_path_that_the_table_gives_it():
    media = [Entry("real.zip", "1.png"), Entry("fake.zip", "1.png"), Entry("fake.zip", "2.png")]
    lines = table(
        "real/1.png,real,", "fake/1.png,fake,real/1.png", "fake/2.png,fake,", header="path,label,original"
    )
    rows = read_entries("csv", media, {TABLE: lines}, {"original": "original"})
    places = {(row.entry.archive, row.entry.path): row.group for row in rows}
    assert places["real.zip", "1.png"] == places["fake.zip", "1.png"] != places["fake.zip", "2.png"]
    assert [row.original for row in rows if row.entry == media[1]] == [
        row.name for row in rows if row.label == REAL
    ]


def test_csv_groups_are_the_column_else_the_video_of_a_frame_in_its_folder_else_the_file():
    lines = [
        "a.png,real,x",
        "b.png,fake,x",
        "c.png,real,",
        "v_frame1.png,real,",
        "v_frame2.png,real,",
        "w/v_f1.png,1,",
    ]
    paths = [f"set/{line.partition(',')[0]}" for line in lines]
    found = groups_of(lines, paths, header="path,label,scene", original="", group="scene")
    assert found == [["a.png", "b.png"], ["c.png"], ["v_frame1.png", "v_frame2.png"], ["w/v_f1.png"]]


NAMES = ["f/a.png", "f/b.png", "g/a.png", "g/v_f1.png", "g/v_f2.png", "g/w_frame1.png"]
LINES = st.tuples(
    st.sampled_from(["real", "fake"]), st.sampled_from([*NAMES, "a", "v", "g/w.mp4", "gone", ""])
)


@settings(deadline=None)  # the first call imports SciPy
@given(st.lists(LINES, min_size=len(NAMES), max_size=len(NAMES)))
def test_csv_related_files_share_a_group(lines):
    line_of = dict(zip(NAMES, lines, strict=True))
    parts = groups_of(
        [f"{name},{','.join(line)}" for name, line in line_of.items()], [f"set/{n}" for n in NAMES]
    )
    group = {name: at for at, part in enumerate(parts) for name in part}
    assert group["g/v_f1.png"] == group["g/v_f2.png"]
    file_of = {"a": "f/a.png", "v": "g/v_f1.png", "g/w.mp4": "g/w_frame1.png"}
    made = {}
    for name, (label, original) in line_of.items():
        if label == "fake" and original:
            assert group[name] == made.setdefault(original, group[name])
            assert original == "gone" or group[name] == group[file_of.get(original, original)]
