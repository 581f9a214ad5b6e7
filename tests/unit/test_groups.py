"""Connected components."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake.groups import connected_components, smallest_nodes


@settings(deadline=None)  # the first call imports SciPy
@given(
    pairs=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12))), seed=st.randoms(use_true_random=False)
)
def test_each_item_has_the_smallest_item_of_its_component(pairs, seed):
    found = connected_components(pairs)
    assert found.keys() == {item for pair in pairs for item in pair}
    assert all(found[a] == found[b] for a, b in pairs)
    # Nothing else is linked: a walk along the pairs reaches the whole component.
    for item, smallest in found.items():
        reached, grown = {item}, True
        while grown:
            more = {x for pair in pairs for x in pair if reached & set(pair)}
            grown, reached = not more <= reached, reached | more
        assert smallest == min(reached)
    shuffled = [tuple(seed.sample(pair, 2)) for pair in pairs]
    seed.shuffle(shuffled)
    assert connected_components(shuffled) == found


@settings(deadline=None)  # the first call imports SciPy
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12))))
def test_arrays_of_nodes_have_the_same_components(pairs):
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    expected = {node: node for node in range(15)} | connected_components(pairs)
    assert dict(enumerate(smallest_nodes(first, second, 15).tolist())) == expected
