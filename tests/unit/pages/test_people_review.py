"""What the page of people chooses to show: the largest groups, and links near the limit."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.people import video, write_people

from deepfake import tables
from deepfake.pages.people_review import (
    LINKS,
    counts,
    group_sizes,
    guarded,
    joined_names,
    largest_groups,
    links_made,
    links_not_made,
    read_people,
)


@pytest.fixture
def read(tmp_path):
    return lambda rows: read_people(write_people(tmp_path, rows, side=8, frames=1).people)


def person(name: str, first: int, one: int, two: int, apart: float, **others) -> list[dict]:
    """Rows of a person with `one` videos in one half and `two` in the other, `apart` from each other."""
    return [
        video("c", first + n, name, half="12"[n >= one], halves_distance=f"{apart:.3f}", **others)
        for n in range(one + two)
    ]


def test_counts_are_of_each_corpus_and_of_all(read):
    rows = [video("a", 0, "a/v000"), video("a", 1, ""), video("b", 2, "a/v000"), video("b", 3, "b/v003")]
    rows[3] |= {"split": "", "reason": "people: looks like somebody"}
    rows.append(video("b", 4, "b/v004", label="1"))  # a fake that is like nobody
    found = counts(read(rows))
    assert found == {
        "videos": 5,
        "known": 4,
        "people": 2,
        "largest": 2,
        "left_out": 1,
        "in_several": 1,
        "corpora": [
            {"corpus": "a", "videos": 2, "known": 1, "people": 1},
            {"corpus": "b", "videos": 3, "known": 3, "people": 2},
        ],
    }


def test_a_large_group_is_shown_in_its_halves(read):
    rows = person("c/v000", 0, 60, 20, 0.31) + person("c/v100", 100, 1, 0, 0.3)
    rows[0] |= {"label": "1", "target": "fam/b", "split": ""}
    rows[1] |= {"target": "fam/a", "split": "val"}
    first, second = largest_groups(read(rows))
    assert (
        first["videos"] == 80 and first["fakes"] == 1 and first["names"] == ["fam/a"]
    )  # not that of the fake
    assert first["splits"] == [("train", 78), ("val", 1), ("test", 0), ("", 1)]
    assert [(len(names), size) for names, size in first["halves"]] == [(15, 60), (5, 20)]
    assert first["halves"][0][0][-1] == "c/v000"  # real ones come first
    assert second["halves"] == [(["c/v100"], 1)]


def test_links_made_are_those_at_the_limit_that_move_most(read):
    rows = [
        *person("c/v000", 0, 1, 1, 0.359),
        *person("c/v010", 10, 5, 3, 0.340),
        *person("c/v020", 20, 9, 9, 0.200),  # far from the limit
        *person("c/v050", 50, 9, 9, 0.400),  # whom names alone join
    ]
    found = links_made(read(rows), 0.36)
    assert [(doubt.sizes, doubt.distance) for doubt in found] == [
        ((5, 3), 0.34),
        ((1, 1), 0.359),
        ((9, 9), 0.2),
    ]
    assert found[0].sides == (["c/v010", "c/v011", "c/v012"], ["c/v015", "c/v016", "c/v017"])


def test_links_not_made_are_shown_once(read):
    def two(one, other, distance):
        return [{"other": other, "other_distance": distance}, {"other": one, "other_distance": distance}]

    rows = [video("c", n, f"c/v00{n}") for n in range(6)] + [video("c", 6, "c/v004"), video("c", 7, "c/v005")]
    for row, others in zip(rows, two("c/v000", "c/v001", "0.361"), strict=False):
        row |= others
    rows[2] |= {"other": "c/v003", "other_distance": "0.350"}  # kept apart by hand
    for row, others in zip((rows[4], rows[5]), two("c/v004", "c/v005", "0.380"), strict=True):
        row |= others
    found = links_not_made(read(rows), 0.36)
    assert [(doubt.sides, doubt.sizes) for doubt in found] == [
        ((["c/v004", "c/v006"], ["c/v005", "c/v007"]), (2, 2)),
        ((["c/v000"], ["c/v001"]), (1, 1)),
    ]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 500)), max_size=30))
def test_links_near_the_limit_come_first_and_of_them_the_large_ones(groups):
    rows = [
        row
        for n, (one, two, apart) in enumerate(groups)
        for row in person(f"c/v{n * 10:03}", n * 10, one, two, apart / 1000)
    ]
    people = pd.DataFrame(rows, columns=tables.PEOPLE)
    people["halves_distance"], people["apart"] = people["halves_distance"].astype(float), 0.0
    people = people.set_index(people["corpus"] + "/" + people["video"])
    shown = [(min(doubt.sizes), round(1000 * doubt.distance)) for doubt in links_made(people, 0.36)]
    possible = [(min(one, two), apart) for one, two, apart in groups if apart <= 360]
    expected = sorted(possible, key=lambda link: (max(0, 330 - link[1]), -link[0], -link[1]))
    assert shown == expected[:LINKS]


def test_the_guard_shows_both_sides_of_its_limit(read):
    rows = [video("c", n, f"c/v00{n}") for n in range(6)]
    rows[1] |= {"split": "", "reason": "people: …", "across": "c/v000", "across_distance": "0.329"}
    rows[2] |= {"split": "", "reason": "people: …", "across": "c/v000", "across_distance": "0.100"}
    rows[3] |= {"split": "test", "across": "c/v000", "across_distance": "0.331"}
    rows[4] |= {"split": "val", "person": "c/v003", "across": "c/v000", "across_distance": "0.400"}
    rows[5] |= {"across": "c/v003", "across_distance": "0.350"}  # of train: seen from the other side
    out, kept = guarded(read(rows))
    assert [doubt.sides for doubt in out] == [(["c/v001"], ["c/v000"]), (["c/v002"], ["c/v000"])]
    assert [doubt.sides for doubt in kept] == [(["c/v003"], ["c/v000"])]


def test_names_that_faces_join_are_those_of_real_videos(read):
    rows = [
        video("c", 0, "c/v000", target="fam/a"),
        video("c", 1, "c/v000", target="fam/b"),
        video("c", 2, "c/v000", target="fam/b"),
        video("c", 3, "c/v000", target="fam/z", label="1"),
        video("c", 4, "c/v004", target="fam/c"),
        video("c", 5, "", target="fam/d"),
    ]
    found, count = joined_names(read(rows))
    assert count == 1
    assert [(name["name"], name["videos"], name["video"]) for name in found[0]["names"]] == [
        ("fam/b", 2, "c/v001"),
        ("fam/a", 1, "c/v000"),
    ]


def test_nobody_is_no_error(read):
    people = read([video("c", 0, "")])
    assert counts(people)["people"] == counts(people)["largest"] == 0
    assert largest_groups(people) == links_made(people, 0.36) == links_not_made(people, 0.36) == []
    assert guarded(people) == ([], []) and joined_names(people) == ([], 0)
    assert len(group_sizes(people)) == 0
