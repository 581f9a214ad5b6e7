"""Splits that a file gives: which videos its lines mean, and a plan that follows it and nothing else."""

import pandas as pd
import pytest
from hypothesis import given as given_by
from hypothesis import settings
from hypothesis import strategies as st
from made.image_tables import CFG, kept_images, swap_corpora, table, video_rows

from deepfake.errors import UserError
from deepfake.plan.given import given_problems, match_lines, read_given
from deepfake.plan.plan import make_plan
from deepfake.plan.splits_file import Line, splits_digest, splits_table

FILES = [
    ("ff", "Deepfakes_000_003", "", "manipulated_sequences/Deepfakes/c23/videos/000_003.mp4", ""),
    ("ff", "Face2Face_000_003", "", "manipulated_sequences/Face2Face/c23/videos/000_003.mp4", ""),
    ("ff", "000", "", "original_sequences/youtube/c23/videos/000.mp4", ""),
    ("dfdc", "aagf", "/data/dfdc_train_part_0.zip", "dfdc_train_part_0/aagf.mp4", ""),
    ("dfdc", "aagf-12345678", "/data/dfdc_train_part_1.zip", "dfdc_train_part_1/aagf.mp4", "a copy of x"),
]
INDEX = pd.DataFrame(FILES, columns=["corpus", "video", "archive", "member", "reason"])


def lines_of(*names: str, split: str = "train") -> list[Line]:
    return [Line(at, name, "", split) for at, name in enumerate(names, start=2)]


@pytest.mark.parametrize(
    ("name", "video"),
    [
        ("000", ("ff", "000")),
        ("000.mp4", ("ff", "000")),
        ("Deepfakes_000_003", ("ff", "Deepfakes_000_003")),
        ("Deepfakes/c23/videos/000_003.mp4", ("ff", "Deepfakes_000_003")),
        ("Face2Face\\c23\\videos\\000_003", ("ff", "Face2Face_000_003")),
        ("/kaggle/input/dfdc_train_part_0/aagf.mp4", ("dfdc", "aagf")),
        ("aagf.mp4", ("dfdc", "aagf")),  # the other file of this name is no usable video
    ],
)
def test_a_name_means_a_video_or_the_file_at_a_path(name, video):
    assert list(match_lines("s.csv", lines_of(name), INDEX).lines) == [video]


def test_names_that_fit_no_file_or_several_are_counted_and_their_files_left_out():
    lines = [*lines_of("000", "zzz", "000_003.mp4"), Line(9, "q", "", "val", corpus="celeb")]
    given = match_lines("s.csv", lines, INDEX)
    assert list(given.lines) == [("ff", "000")]
    assert list(given_problems(given)) == [
        "1 of 4 lines fit no video, such as zzz",
        "1 of 4 lines fit several, so none is taken, such as 000_003.mp4",
        "1 of 4 lines are of corpora that the dataset doesn't have, such as celeb/q",
    ]
    images = INDEX.assign(frame=0)
    assert dict(zip(INDEX["video"], given.reasons(images), strict=True)) == {
        "000": "",
        "Deepfakes_000_003": "s.csv has a name that fits several files",
        "Face2Face_000_003": "s.csv has a name that fits several files",
        "aagf": "not in s.csv",
        "aagf-12345678": "not in s.csv",
    }


def test_a_line_with_a_corpus_means_a_video_of_it_alone():
    both = pd.concat([INDEX, INDEX[INDEX["video"] == "000"].assign(corpus="other")])
    assert not list(given_problems(match_lines("s.csv", [Line(2, "000", "", "val", corpus="other")], both)))
    with pytest.raises(UserError, match="fit several"):
        match_lines("s.csv", lines_of("000"), both)


def test_a_video_in_two_splits_or_a_file_about_nothing_is_an_error():
    with pytest.raises(UserError, match=r"lines 2 and 3 put ff/000 into train and val"):
        match_lines("s.csv", [Line(2, "000", "", "train"), Line(3, "000.mp4", "", "val")], INDEX)
    with pytest.raises(
        UserError, match=r"no line of s.csv is about a video of dfdc, ff .* of corpora|fit no video"
    ):
        match_lines("s.csv", lines_of("zzz", "yyy"), INDEX)


def test_another_file_than_the_recipes_is_refused(tmp_path):
    (tmp_path / "splits.csv").write_text("video,split\n000,train\n")
    with pytest.raises(UserError, match="its recipe says 00"):
        read_given(tmp_path / "splits.csv", INDEX, "00" * 32)


def index_of(gathered: pd.DataFrame) -> pd.DataFrame:
    index = gathered[["corpus", "video"]].drop_duplicates()
    return index.assign(archive="", member=index["video"] + ".mp4", bytes="1", crc32="2", reason="")


def as_lines(splits: pd.DataFrame) -> list[Line]:
    return [
        Line(
            at, row["video"], row["file"], row["split"], row["corpus"], row["label"],
            frozenset(map(int, row["frames"].split())), row["sha256"],
        )
        for at, row in enumerate(splits.to_dict("records"))
    ]  # fmt: skip


@settings(deadline=None, max_examples=15)
@given_by(
    seed=st.integers(0, 2**32),
    cap=st.none() | st.floats(0.1, 1),
    balance=st.sampled_from(["corpus", "dataset", "none"]),
    lost=st.integers(0, 9),
)
def test_a_dataset_planned_from_its_own_splits_is_the_same_and_loses_only_what_is_absent(
    seed, cap, balance, lost
):
    gathered, families = swap_corpora(seed % 50, corpora=2, people=8, fakes=20, repeats=0.05)
    cfg = {**CFG, "families": families, "size_mb": cap, "balance": balance}
    try:
        plan = make_plan(gathered, cfg)
    except UserError:
        return  # nothing to publish
    kept = plan[plan["file_name"] != ""]
    lines = as_lines(splits_table(kept, index_of(gathered)))
    cfg |= {"splits": {"from": "s.csv"}, "policy": "given"}
    again = make_plan(gathered, cfg, given=match_lines("s.csv", lines, index_of(gathered)))
    same = again[again["file_name"] != ""]
    assert set(same["file_name"]) == set(kept["file_name"])
    assert splits_digest(splits_table(same)) == splits_digest(splits_table(kept))
    gone = sorted(set(zip(kept["corpus"], kept["video"], strict=True)))[lost:][:1]
    here = pd.Series([video not in gone for video in zip(gathered["corpus"], gathered["video"], strict=True)])
    fewer = gathered[here.to_numpy()]
    cfg |= {"balance": "none"}
    try:
        plan = make_plan(fewer, cfg, given=match_lines("s.csv", lines, index_of(fewer)))
    except UserError as error:
        assert "without" in str(error)  # the video was the only one of its class in a split
        return
    rest = kept[[v not in gone for v in zip(kept["corpus"], kept["video"], strict=True)]]
    assert set(plan[plan["file_name"] != ""]["file_name"]) == set(rest["file_name"])


def small() -> pd.DataFrame:
    return table(
        [row for at in range(4) for row in video_rows("a", f"v{at}", 3, label=str(at % 2), target="a/p")]
    )


def test_the_file_decides_even_where_it_leaks_and_the_rest_is_left_out_with_a_reason():
    gathered = small()
    lines = [Line(2, "v0", "", "train"), Line(3, "v1", "", "train", frames=frozenset([1, 7]))]
    given = match_lines("s.csv", lines, index_of(gathered))
    cfg = {**CFG, "policy": "identity", "balance": "none", "splits": {"from": "s.csv"}}
    plan = make_plan(gathered, cfg, given=given)
    assert len(plan) == len(gathered)
    kept = {name.split("__", 1)[1] for name in kept_images(plan)["file_name"]}
    assert kept == {"v1__000001.jpg", "v0__000000.jpg", "v0__000001.jpg", "v0__000002.jpg"}
    reasons = plan[plan["file_name"] == ""].groupby("video")["reason"].unique().map(list).to_dict()
    assert reasons == {"v1": ["s.csv has other frames of it"], "v2": ["not in s.csv"], "v3": ["not in s.csv"]}


def test_a_split_without_a_class_is_an_error_that_names_it():
    gathered = small()
    lines = [*lines_of("v0", "v1"), Line(9, "v2", "", "val", frames=frozenset([0]))]
    cfg = {**CFG, "splits": {"from": "s.csv"}, "policy": "given"}
    with pytest.raises(UserError, match=r"s.csv gives val without fake.* leave that column out"):
        make_plan(gathered, cfg, given=match_lines("s.csv", lines, index_of(gathered)))
