"""What is known of people and originals, and how it is said."""

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.plan.knowledge import describe_known, originals_known, people_known, warn_of_unknown_people


@given(st.integers(1, 10**6), st.data())
def test_a_share_is_never_rounded_to_nothing_or_to_all(images, data):
    known = data.draw(st.integers(0, images))
    text = describe_known("people", known, images)
    assert (text == "people: unknown") == (known == 0)
    assert (text == "people: known for all images") == (known == images)
    if found := re.search("(less than|more than)? ?([0-9]+) %", text):
        error = 100 * known / images - int(found[2])
        assert {"less than": -1 < error < 0, "more than": 0 < error < 1}.get(found[1], abs(error) <= 0.5)


def rows(**columns: list[str]) -> pd.DataFrame:
    names = {"corpus": ["dfdc"] * 3, "video": ["a", "b", "c"]}
    table = pd.DataFrame(names | columns, index=[7, 2, 5])
    return table.reindex(columns=["corpus", "video", "target", "source", "original", "group"], fill_value="")


def test_people_are_known_by_names_and_by_pairs():
    families = {"dfdc": "d"}
    named = rows(target=["d/x", "", ""], source=["", "d/y", ""])
    assert people_known(named, [], families).to_dict() == {7: True, 2: True, 5: False}
    assert not people_known(rows(), [], families).any()
    pairs = [("dfdc/a", "dfdc/c")]
    assert people_known(rows(), pairs, families).to_dict() == {7: True, 2: False, 5: True}


def test_originals_are_known_by_original_or_group():
    known = originals_known(rows(original=["d/a", "", ""], group=["", "d/g", ""]))
    assert known.to_dict() == {7: True, 2: True, 5: False}


@pytest.mark.parametrize("policy", ["identity", "group", "official"])
def test_only_the_policy_that_promises_it_warns_of_unknown_people(policy):
    some, all_known = pd.Series({"dfdc": False, "dfd": True, "x": False}), pd.Series({"dfd": True})
    text = warn_of_unknown_people("small", policy, some)
    assert bool(text) == (policy == "identity") and not warn_of_unknown_people("small", policy, all_known)
    if text:
        assert "the people in dfdc, x," in text and "datasets.small.same_identity" in text
        assert "`people: {by: both}` in datasets.small" in text
