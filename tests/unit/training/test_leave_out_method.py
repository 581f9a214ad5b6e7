"""Training without the fakes of one method: nothing of them is in train or val, and all else stays."""

import numpy as np
import pandas as pd
import pytest

from deepfake.errors import UserError
from deepfake.inputs.decoded import ROWS, Decoded
from deepfake.names import slugify
from deepfake.training.leave_out import balancing_weights, without_method


def decoded() -> Decoded:
    rows = pd.DataFrame(
        [
            {"image": f"{split}{n}", "label": int(method != ""), "method": method, "split": split}
            for split in ("train", "val", "test")
            for n, method in enumerate(["", "", "Swap Face", "neural", "neural"])
        ]
    )
    return Decoded(rows.reindex(columns=ROWS, fill_value=""), None)


@pytest.mark.parametrize("name", ["Swap Face", slugify("Swap Face")])
def test_its_fakes_are_in_neither_train_nor_val_and_in_test_as_before(name):
    before, after = decoded(), without_method(decoded(), name)
    for split in ("train", "val"):
        kept = after.rows.iloc[after.split(split)]
        assert "Swap Face" not in set(kept["method"])
        others = before.rows.iloc[before.split(split)].query("method != 'Swap Face'")
        assert kept["image"].tolist() == others["image"].tolist()
    assert after.split("test").tolist() == before.split("test").tolist()
    assert len(after.rows) == len(before.rows)


def test_an_unknown_method_is_an_error_that_names_the_others():
    with pytest.raises(UserError, match="--leave-out other: .* write one of Swap Face, neural"):
        without_method(decoded(), "other")


def test_weights_make_both_classes_count_the_same():
    weights = balancing_weights(np.array([0, 0, 0, 1]))
    assert weights == {"real": 0.666667, "fake": 2.0}
    assert balancing_weights(np.array([0, 0])) == {"real": 0.5}
