"""Plans by faces: nobody is in two splits, fakes are held to both their people, the guard is complete."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made.image_tables import CFG, kept_images, splits_of
from made.planted import faces_of, swapped

from deepfake import tables
from deepfake.errors import UserError
from deepfake.people.neighbours import SCALE
from deepfake.people.video_vectors import VideoVectors, gather_vectors
from deepfake.plan import partition
from deepfake.plan.given import Given
from deepfake.plan.people_table import people_summary, people_table
from deepfake.plan.plan import plan_people
from deepfake.plan.splits_file import Line

LINK, GUARD = 0.36, 0.35
BY_FACES = CFG | {
    "families": {"c": "c"}, "policy": "identity", "splits": {"train": 0.6, "val": 0.2, "test": 0.2},
    "people": {"by": "both", "link": LINK, "together": 0.03, "guard": GUARD, "fail": 0.3}, "balance": "none",
    "duplicates": None,
}  # fmt: skip
quick = settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _short_search(monkeypatch):
    monkeypatch.setattr(partition, "STEPS", 20)
    monkeypatch.setattr(partition, "CHAINS", 4)


def with_people(**settings: object) -> dict:
    return BY_FACES | {"people": BY_FACES["people"] | settings}


def near_across(plan: pd.DataFrame, vectors: VideoVectors, distance: float) -> list[tuple]:
    """All pairs of kept videos in two splits whose faces are at most `distance` apart, by brute force."""
    split = splits_of(plan.assign(name=plan["corpus"] + "/" + plan["video"]), "name")
    faces = {"/".join(name): mean for name, mean in zip(vectors.names, vectors.means / SCALE, strict=True)}
    names = [name for name in split if name in faces]
    apart = np.linalg.norm(np.stack([faces[n] for n in names])[:, None] - [faces[n] for n in names], axis=2)
    at = np.argwhere(np.triu(apart <= distance, 1)).tolist()
    return [(names[i], names[j]) for i, j in at if split[names[i]] != split[names[j]]]


@quick
@given(
    st.integers(0, 10**6),
    st.integers(4, 12),
    st.integers(0, 40),
    st.sampled_from([0.05, 0.2, 0.3]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["faces", "both"]),
)
def test_nobody_is_in_two_splits(seed, people, fakes, noise, named, originals, by):
    gathered, vectors, person_of = swapped(
        people, fakes=fakes, seed=seed, noise=noise, named=named, originals=originals
    )
    try:
        plan, seen = plan_people(gathered, with_people(by=by), [], vectors)
    except UserError as error:
        assert "write" in str(error)
        return
    assert len(plan) == len(gathered)
    lost = plan[plan["file_name"] == ""]
    assert (lost["reason"] != "").all() and (lost["split"] == "").all()
    assert not near_across(plan, vectors, GUARD - 0.005)
    kept = kept_images(plan).assign(person=lambda rows: rows["video"].map(person_of).fillna(""))
    if noise < 0.1:  # so near each other that they are surely linked
        assert all(len(splits) == 1 for splits in splits_of(kept, "person").values() if splits != {""})
        fake = kept[kept["label"] == "1"].copy()
        ends = fake["video"].str.split("_", expand=True)
        of_person = kept[kept["label"] == "0"].groupby("person")["split"].first()
        for end in [2] + [1] * (originals or (named and by == "both")):
            expected = ends[end].astype(int).map(of_person)
            assert (expected.isna() | (expected == fake["split"])).all()
    summary = people_summary(seen)
    guarded = plan[plan["reason"].str.startswith("people: looks like")].drop_duplicates("video")
    of_class = guarded["label"].map(tables.CLASSES).value_counts().to_dict()
    assert summary["left_out"] == {"real": 0, "fake": 0} | of_class
    assert summary["known"] == summary["videos"] == len(vectors.names)


def test_what_looks_like_somebody_in_another_split_says_whom_it_looks_like():
    gathered, vectors, _ = swapped(people=2, fakes=0, scenes=30, crops=1, noise=0.31)
    gathered["label"] = [str(int(video[-1]) % 2) for video in gathered["video"]]
    gathered["group"] = ""
    plan, _ = plan_people(gathered, with_people(link=0.05, together=0.0), [], vectors)
    reasons = plan.loc[plan["reason"] != "", "reason"]
    assert (
        len(reasons)
        and reasons.str.fullmatch(
            r"people: looks like c/r\d_\d+ in (train|val|test) \(distance 0\.\d\d <= guard 0\.35\)"
        ).all()
    )


def test_names_and_faces_join_people_and_the_table_shows_it():
    gathered, vectors, person_of = swapped(people=6, scenes=3, fakes=12, named=True, noise=0.05)
    one_twice = gathered["video"] == "r2_1"  # the corpus calls a scene of person 2 somebody else
    gathered.loc[one_twice, ["target", "group"]] = ["c/other", "c/other"]
    plan, seen = plan_people(gathered, BY_FACES, [], vectors)
    table = people_table(plan, seen).set_index("video")
    assert list(people_table(plan, seen).columns) == tables.PEOPLE
    assert len(table) == gathered["video"].nunique()
    assert table.loc[["r2_0", "r2_1", "r2_2"], "person"].tolist() == ["c/r2_0"] * 3
    assert table.loc["r2_1", "target"] == "c/other" and table.loc["r2_0", "target"] == "c/p2"
    assert {person_of[name.split("/")[1]] for name in set(table["person"])} == set(range(6))
    real = table[table["label"] == "0"]
    assert (real["halves_distance"] != "").tolist() == [video != "r0_0" for video in real.index]
    assert (pd.to_numeric(table["apart"]).dropna() < 0.15).all() and (
        table["distance"].astype(float) > 0.36
    ).all()
    assert (table["nearest"].str.removeprefix("c/").map(table["person"]) != table["person"]).all()
    kept = kept_images(plan).drop_duplicates("video").set_index("video")["split"]
    assert table["split"].to_dict() == kept.reindex(table.index).fillna("").to_dict()
    other = table[table["across"] != ""]
    assert (other["across"].str.removeprefix("c/").map(table["split"]) != other["split"]).all()
    summary = people_summary(seen)
    assert summary["people"] == 6 and sum(summary["largest"]) == len(table)


def test_by_faces_ignores_the_names_of_people():
    gathered, vectors, _ = swapped(people=8, fakes=0, noise=0.05, named=True, originals=False)
    gathered["target"] = "c/one"  # all are called the same
    gathered["label"] = [str(int(video[1]) % 2) for video in gathered["video"]]
    assert plan_people(gathered, with_people(by="faces"), [], vectors)[0]["split"].nunique() == 3
    with pytest.raises(UserError, match="1 groups of videos"):
        plan_people(gathered, with_people(by="both"), [], vectors)


def twins() -> tuple[pd.DataFrame, VideoVectors]:
    """Ten people of three reals and three fakes without an original; 8 and 9 look the same."""
    gathered, vectors, _ = swapped(people=10, fakes=0, scenes=4, noise=0.05, originals=False)
    gathered["label"] = [video[-1] if video[-1] in "01" else "0" for video in gathered["video"]]
    gathered["method"] = gathered["label"].map({"0": "", "1": "m"})
    people = [8 if name[1][1] == "9" else int(name[1][1]) for name in vectors.names]
    again = faces_of(people, noise=0.05)
    videos = [(name, face[None], np.ones(1)) for name, face in zip(vectors.names, again, strict=True)]
    return gathered, gather_vectors(videos, LINK)


def test_different_people_are_not_linked_and_may_look_alike():
    gathered, vectors = twins()
    plan, seen = plan_people(gathered, with_people(together=0.0), [], vectors)
    assert people_summary(seen)["people"] == 9
    pair = ("c/r8_0", "c/r9_2")
    plan, seen = plan_people(gathered, with_people(together=0.0), [], vectors, [pair])
    table = people_table(plan, seen).set_index("video")
    assert people_summary(seen)["people"] == 10
    assert table.loc[["r8_0", "r8_2"], "person"].nunique() == 1
    assert table.loc["r8_0", "person"] != table.loc["r9_2", "person"]
    assert not plan["reason"].str.startswith("people: ").any()


@pytest.mark.parametrize(
    ("same", "names", "expected"),
    [
        ([("c/r1_0", "c/r1_2"), ("c/r8_2", "c/r2_2"), ("c/r2_2", "c/r9_2")], "",
         r"different_people: c/r8_2,c/r9_2 contradicts same_identity: c/r2_2,c/r9_2; take out one of both"),
        ([], "c/anna", "different_people: c/r8_2,c/r9_2 contradicts what the corpora say.*take out the line"),
    ],
)  # fmt: skip
def test_contradictions_name_both_lines(same, names, expected):
    gathered, vectors = twins()
    gathered.loc[gathered["video"].isin(["r8_2", "r9_2"]), "target"] = names
    with pytest.raises(UserError, match=expected):
        plan_people(gathered, BY_FACES, same, vectors, [("c/r8_2", "c/r9_2")])
    with pytest.raises(UserError, match="different_people: none of its 1 pairs"):
        plan_people(gathered, BY_FACES, [], vectors, [("c/who", "c/r9_2")])


def test_videos_whose_faces_are_unknown_go_by_names():
    gathered, vectors, _ = swapped(people=8, fakes=20, named=True, noise=0.05)
    some = [at for at, name in enumerate(vectors.names) if name[1][1] != "3"]
    few = VideoVectors(
        [vectors.names[at] for at in some], vectors.means[some], vectors.crops[:0], vectors.owners[:0]
    )
    plan, seen = plan_people(gathered, BY_FACES, [], few)
    table = people_table(plan, seen)
    assert set(table.loc[table["person"] == "", "video"]) == {n[1] for n in vectors.names if n[1][1] == "3"}
    assert all(len(splits) == 1 for splits in splits_of(plan, "target", "source").values())
    nobody = VideoVectors([], vectors.means[:0], vectors.crops[:0], vectors.owners[:0])
    plan, seen = plan_people(gathered, BY_FACES, [], nobody)
    assert people_summary(seen)["known"] == 0 and set(people_table(plan, seen)["person"]) == {""}


def test_by_names_the_table_is_empty():
    gathered, _, _ = swapped(named=True)
    plan, seen = plan_people(gathered, BY_FACES)
    assert len(people_table(plan, seen)) == 0 and list(people_table(plan, seen).columns) == tables.PEOPLE
    assert people_summary(seen) == {}


def test_a_guard_that_empties_a_split_is_an_error_that_names_it():
    gathered, vectors, _ = swapped(people=6, fakes=0, noise=0.05, originals=False)
    gathered["label"] = [str(int(video[-1]) % 2) for video in gathered["video"]]
    with pytest.raises(UserError, match=r"or a smaller people\.guard: it left out \d+ videos"):
        plan_people(gathered, with_people(guard=2.0, together=0.0), [], vectors)


def test_a_group_of_several_people_makes_them_neither_one_person_nor_one_split():
    """Fakes of unknown originals share a group, as in parts of DFDC; two originals share one, as in FF++."""
    gathered, vectors, person_of = swapped(people=9, fakes=60, noise=0.05)
    in_part = gathered["video"].str.match("f[12]?[0-9]_")
    gathered.loc[in_part, ["group", "original"]] = ["c/part", ""]
    gathered.loc[gathered["video"].isin(["r1_0", "r2_0"]), "group"] = "c/pair"
    plan, seen = plan_people(gathered, with_people(together=0.0), [], vectors)
    assert people_summary(seen)["people"] == 9
    table = people_table(plan, seen).set_index("video")
    assert table.loc[["r1_0", "r2_0"], "person"].nunique() == 2
    assert (
        table.loc[list(person_of), "reason"].eq("").all()
        and table.loc[list(person_of), "split"].nunique() == 3
    )
    part = table.loc[gathered.loc[in_part, "video"].unique(), "split"]
    assert part.ne("").any() and part[part != ""].nunique() == 1


def test_where_faces_link_all_people_the_swap_graph_is_cut_and_says_so():
    gathered, vectors, _ = swapped(people=10, fakes=120, noise=0.05)
    plan, _ = plan_people(gathered, BY_FACES, [], vectors)
    lost = plan.loc[plan["file_name"] == "", "reason"]
    assert len(lost) and lost.str.fullmatch("its people are in two splits, .* and .*").all()
    shares = kept_images(plan)["split"].value_counts(normalize=True)
    assert (shares - pd.Series(BY_FACES["splits"])).abs().max() < 0.1


def test_a_person_of_most_videos_is_in_one_split():
    gathered, vectors, _ = swapped(people=9, scenes=4, fakes=0, noise=0.05, originals=False)
    gathered["label"] = [str(int(video[-1]) % 2) for video in gathered["video"]]
    people = [1 if name[1][1] in "2345" else int(name[1][1]) for name in vectors.names]
    faces = faces_of(people, noise=0.05)[:, None]
    vectors = gather_vectors(zip(vectors.names, faces, [np.ones(1)] * len(people), strict=True), LINK)
    plan, seen = plan_people(gathered, with_people(together=0.0), [], vectors)
    assert people_summary(seen)["largest"][0] == 20 > 0.5 * len(people)
    rows = plan[plan["video"].str.match("r[1-5]")]
    assert set(rows["split"]) == {"train"} and set(plan["split"]) == {"train", "val", "test"}


@quick
@given(st.integers(0, 10**6))
def test_the_order_of_rows_and_of_shards_makes_no_difference(seed):
    gathered, vectors, _ = swapped(fakes=25, noise=0.2, seed=seed)
    order = np.random.default_rng(seed).permutation(len(vectors.names))
    parts = [
        (vectors.names[at], vectors.crops[vectors.owners == at] / SCALE, np.ones(2)) for at in order.tolist()
    ]
    shuffled = gathered.sample(frac=1, random_state=seed)
    plans = [
        plan_people(rows, BY_FACES, [], gather_vectors(videos, 0.5))
        for rows, videos in ((gathered, sorted(parts, key=lambda part: part[0])), (shuffled, parts))
    ]
    one, other = (plan.sort_values(["video", "frame"], ignore_index=True) for plan, _ in plans)
    pd.testing.assert_frame_equal(one, other)
    pd.testing.assert_frame_equal(*(people_table(*plan) for plan in plans))


def test_whom_nobody_knows_is_left_out():
    gathered, vectors, _ = swapped(12, fakes=30, noise=0.05)
    names = [name for number, name in enumerate(vectors.names) if number % 4]
    chosen = [number for number in range(len(vectors.names)) if number % 4]
    some = replace(vectors, names=names, means=vectors.means[chosen])
    plan, _ = plan_people(gathered, BY_FACES, [], some)
    known = (plan["corpus"] + "/" + plan["video"]).isin("/".join(name) for name in names)
    assert set(plan.loc[~known, "split"]) == {""}
    assert "people: no name, and no face seen well enough to know it" in set(plan.loc[~known, "reason"])
    assert set(plan.loc[known, "split"]) >= {"train", "val", "test"}
    named = plan_people(gathered.assign(target="c/" + gathered["video"]), BY_FACES, [], some)[0]
    assert {"train", "val", "test"} <= set(named.loc[~known, "split"])


def test_given_splits_stay_whoever_their_faces_show_and_people_are_still_known():
    gathered, vectors, _ = swapped(8, fakes=20, seed=1, noise=0.05, named=True, originals=True)
    names = gathered[["corpus", "video", "label"]].drop_duplicates().reset_index(drop=True)
    lines = {
        (row.corpus, row.video): Line(at, row.video, "", ("train", "val")[at % 2])
        for at, row in enumerate(names.itertuples())
    }
    plan, seen = plan_people(gathered, with_people(), [], vectors, given=Given("s.csv", lines))
    kept = kept_images(plan)
    assert all(
        lines[c, v].split == s for c, v, s in zip(kept["corpus"], kept["video"], kept["split"], strict=True)
    )
    assert set(plan["video"][plan["step"] != ""]) == set(gathered["video"][gathered["step"] != ""])
    table = people_table(plan, seen)
    assert near_across(plan, vectors, GUARD) and not table["reason"].any()
    assert people_summary(seen)["left_out"] == {"real": 0, "fake": 0}
