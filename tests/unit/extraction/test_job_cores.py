"""The cores of a shard's job: all are used by small corpora, and big ones have one core a job."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.extraction.job_cores import job_cores

COUNT = st.integers(1, 200)


@pytest.mark.parametrize(
    ("shards", "cores", "each"),
    [
        (1, 1, 1), (1, 2, 2), (1, 8, 8), (1, 7, 7), (3, 8, 8), (10, 8, 8), (16, 8, 4), (32, 8, 2), (64, 8, 1),
        (1900, 8, 1), (1, 64, 16), (4, 64, 16), (1, 24, 24), (1900, 64, 1),
        (1, None, 4), (8, None, 4), (9, None, 2), (16, None, 2), (17, None, 1), (1900, None, 1),
    ],
)  # fmt: skip
def test_few_shards_have_jobs_of_many_cores(shards, cores, each):
    assert job_cores(shards, cores, 64) == each
    assert job_cores(shards, cores, 4) == 1, "a shard has too few videos for two workers"


@given(COUNT, COUNT, st.integers(1, 300))
def test_jobs_beside_each_other_use_all_cores_and_more_shards_need_no_more_of_them(shards, cores, size):
    each = job_cores(shards, cores, size)
    assert 1 <= each <= cores and cores % each == 0
    assert job_cores(shards + 1, cores, size) <= each
