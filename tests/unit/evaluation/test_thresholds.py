"""Thresholds: how they are chosen, and read from files."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deepfake.errors import UserError
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.thresholds import choose_threshold, read_threshold, read_thresholds

EDGES = [0.0, 5e-324, 1e-310, np.nextafter(0.5, 1), 0.5, np.nextafter(1, 0), 1 - 2**-24, 1.0]
score = st.sampled_from(EDGES) | st.floats(0, 1) | st.floats(0, 1, width=32)
rows = st.lists(st.tuples(st.integers(0, 1), score), max_size=12)


@pytest.mark.parametrize("method", ["f1_macro", "eer"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(rows=rows)
@example(rows=[(0, 1.0), (1, 1.0)])
@example(rows=[(0, 0.0), (1, 0.0)])
@example(rows=[(1, 1.0), (0, float(np.nextafter(1, 0)))])
def test_a_threshold_is_always_a_probability(rows, method, dtype):
    labels = np.array([label for label, _ in rows], np.int64)
    probabilities = np.array([p for _, p in rows], dtype)
    assert 0 <= choose_threshold(labels, probabilities, method) <= 1


@given(rows=rows)
def test_no_probability_is_a_better_threshold(rows):
    labels, probabilities = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    if len(set(labels)) == 2:
        best = compute_metrics(labels, probabilities, choose_threshold(labels, probabilities))["f1_macro"]
        others = [
            compute_metrics(labels, probabilities, other)["f1_macro"] for other in [*probabilities, 0.0, 1.0]
        ]
        assert best >= max(others) - 1e-9


def test_thresholds_are_read_from_both_files(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"threshold": {"frame": 0.25, "video": 1, "how": "eer", "from": "val"}}))
    assert read_thresholds(path) == {"frame": 0.25, "video": 1.0}
    path.write_text(json.dumps({"threshold": 0.4, "arch": "meso4"}))
    assert read_threshold(path) == 0.4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "can't be read .No such file"),
        ('{"threshold"', "is no JSON"),
        ("[1]", "threshold must"),
        ("{}", "threshold must"),
        ('{"threshold": {"frame": 0.5}}', "threshold must"),
        ('{"threshold": {"frame": 0.5, "video": 1.5}}', "threshold must"),
        ('{"threshold": {"frame": true, "video": "0.5"}}', "threshold must"),
        ('{"threshold": NaN}', "threshold must"),
    ],
    ids="absent broken list empty no-video above text nan".split(),
)
@pytest.mark.parametrize("read", [read_thresholds, read_threshold])
def test_a_file_without_a_threshold_is_an_error_that_names_it(tmp_path, read, content, message):
    path = tmp_path / "metrics.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=f"metrics.json:? {message}"):
        read(path)
