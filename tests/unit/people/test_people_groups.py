"""Who is seen in which videos: planted people come out, fakes pull nobody together, nobody is two people."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.planted import faces_of, unit

from deepfake.people.groups import NOBODY, Videos, find_people
from deepfake.people.neighbours import whole_numbers

LINK = 0.36
NONE = np.empty((0, 2), np.int64)


def videos(people: list[int], units=None, fake=None, apart=NONE, **drawn) -> Videos:
    count = len(people)
    units = np.arange(count) if units is None else np.array(units)
    fake = np.zeros(count, bool) if fake is None else np.array(fake, bool)
    return Videos(whole_numbers(faces_of(people, **drawn)), units, fake, np.array(apart).reshape(-1, 2))


@given(st.integers(0, 10**6), st.integers(1, 30))
def test_planted_people_come_out(seed, people):
    seen = np.random.default_rng(seed).integers(0, people, 60).tolist()
    person, target = find_people(videos(seen, seed=seed), LINK, LINK)
    assert person.tolist() == target.tolist() == [seen.index(who) for who in seen]


def test_a_fake_is_given_to_the_person_of_its_face_and_stays_with_its_original():
    # two videos of each of two people, and fakes of the first with the face of 1, of 0, and of nobody known
    made = videos([0, 1, 0, 1, 1, 0, 2], units=[0, 1, 0, 1, 0, 0, 0], fake=[0, 0, 0, 0, 1, 1, 1])
    person, target = find_people(made, LINK, LINK)
    assert person.tolist() == [0, 1, 0, 1, 1, 0, NOBODY]
    assert target.tolist() == [0, 1, 0, 1, 0, 0, 0]


def test_fakes_without_an_original_are_people_of_their_own_faces():
    made = videos([0, 0, 1, 1, 2], fake=[0, 1, 1, 1, 1])
    person, target = find_people(made, LINK, LINK)
    assert person.tolist() == target.tolist() == [0, 0, 2, 2, 4]


@settings(deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 0.5), st.integers(0, 6), st.booleans())
def test_invariants(seed, noise, pairs, blends):
    random = np.random.default_rng(seed)
    count = 40
    fake = random.random(count) < 0.4
    units = random.integers(0, 25, count)
    made = videos(random.integers(0, 8, count).tolist(), units, fake, seed=seed, noise=noise)
    if blends:
        other = faces_of(random.integers(0, 8, count).tolist(), seed, noise)
        mixed = whole_numbers(unit(made.vectors / 2048 + other))
        made = made._replace(vectors=np.where(fake[:, None], mixed, made.vectors))
    apart = random.integers(0, count, (pairs, 2))
    apart = apart[fake[apart].any(axis=1) | (units[apart[:, 0]] != units[apart[:, 1]])]
    apart = apart[apart[:, 0] != apart[:, 1]]
    made = made._replace(apart=apart)
    person, target = find_people(made, LINK, LINK)
    real = ~fake
    assert (person[real] == target[real]).all() and (target != NOBODY).all()
    assert all(len(set(target[units == unit].tolist())) == 1 for unit in set(units.tolist()))
    for faces in (person[real], target):
        assert set(faces.tolist()) <= set(target.tolist())
    assert (person[person[person != NOBODY]] == person[person != NOBODY]).all()
    one, other = person[apart[:, 0]], person[apart[:, 1]]
    assert not ((one == other) & (one != NOBODY)).any()

    alone = find_people(Videos(made.vectors[real], units[real], fake[real], NONE), LINK, LINK)[0]
    without = find_people(made._replace(apart=NONE), LINK, LINK)[0]
    assert np.flatnonzero(real)[alone].tolist() == without[real].tolist(), "fakes changed who the reals are"


@given(st.integers(0, 10**6))
def test_the_order_of_videos_makes_no_difference(seed):
    random = np.random.default_rng(seed)
    units, fake = random.integers(0, 20, 30), random.random(30) < 0.4
    made = videos(random.integers(0, 6, 30).tolist(), units, fake, seed=seed, noise=0.25)
    order = random.permutation(30)
    shuffled = Videos(made.vectors[order], units[order], fake[order], NONE)
    for one, other in zip(find_people(made, LINK, LINK), find_people(shuffled, LINK, LINK), strict=True):
        together = one[order][:, None] == one[order]
        assert np.array_equal(together, other[:, None] == other)


def test_one_unit_can_not_be_two_people():
    with pytest.raises(ValueError, match="vector 0"):
        find_people(videos([0, 0], units=[0, 0], apart=[[0, 1]]), LINK, LINK)


def test_without_videos_there_is_nobody():
    person, target = find_people(
        Videos(np.empty((0, 8), np.float32), *[np.empty(0, int)] * 2, NONE), LINK, LINK
    )
    assert len(person) == len(target) == 0


def test_people_of_one_to_3000_videos_with_twins_and_outliers_come_out():
    sizes = [3000, 500, 100, 30, *[5] * 20, *[1] * 100]
    people = np.repeat(np.arange(len(sizes)), sizes)
    faces = faces_of(people.tolist(), noise=0.15)
    twins = people == 1  # 0.39 from person 0 on average: more than LINK, less than other people
    faces[twins] = unit(faces_of([0] * 500, noise=0.15) + 0.32 * unit(faces_of([1])[0] - faces_of([0])[0]))
    strangers = np.random.default_rng(0).permutation(len(people))[:20]  # no face at all, in their pictures
    faces[strangers] = unit(np.random.default_rng(1).normal(size=(20, faces.shape[1])))
    made = Videos(whole_numbers(faces), np.arange(len(people)), np.zeros(len(people), bool), NONE)
    person, _ = find_people(made, LINK, LINK)
    kept = np.setdiff1d(np.arange(len(people)), strangers)
    found = {(who, group) for who, group in zip(people[kept].tolist(), person[kept].tolist(), strict=True)}
    assert len(found) == len(set(people[kept].tolist())) == len({group for _, group in found})
    assert all((person == person[at]).sum() == 1 for at in strangers)


def test_two_fakes_of_one_unknown_person_may_have_two_faces():
    made = videos([0, 0, 1], units=[5, 5, 1], fake=[1, 1, 0], apart=[[0, 1]])
    person, target = find_people(made, LINK, LINK)
    assert person.tolist() == [0, NOBODY, 2] and target.tolist() == [0, 0, 2]
