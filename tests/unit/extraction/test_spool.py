"""What waits for its turn comes out as it went in, and takes little memory."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from deepfake.extraction.spool import IN_MEMORY, Spool

ROWS = st.lists(
    st.tuples(st.fixed_dictionaries({"frame": st.integers(0, 9)}), st.binary(max_size=9)), max_size=3
)


@given(st.lists(st.one_of(ROWS, st.none()), max_size=9))
def test_rows_come_out_in_order_and_once(steps):
    spool, expected = Spool(), []
    for rows in steps:
        if rows is None:
            assert list(spool.take()) == expected
            expected = []
        else:
            spool.add(rows)
            expected += rows
    assert list(spool.take()) == expected and list(spool.take()) == []
    spool.close()


def test_large_images_wait_on_the_disk():
    spool, data = Spool(), bytes(IN_MEMORY)
    tracemalloc.start()
    for frame in range(30):
        spool.add([({"frame": frame}, data)])
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 4 * IN_MEMORY
    assert [(row["frame"], image == data) for row, image in spool.take()] == [(n, True) for n in range(30)]
    spool.close()
