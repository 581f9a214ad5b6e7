"""Look-alikes become one node, named alike whatever the order, and what is left between nodes are ties."""

import numpy as np
import pandas as pd

from deepfake.plan.lookalikes import keep_lookalikes_together


def test_look_alikes_become_one_node_while_they_are_few():
    videos = pd.DataFrame({"node": ["a", "a", "a", "b", "c", "d"]}, index=[5, 3, 9, 1, 0, 7])
    videos["other"] = ["a", "a", "a", "b", "c", "e"]
    near = np.array([[0, 3], [3, 4]])
    merged, ties = keep_lookalikes_together(videos, near, 2 / 6)
    assert merged.index.equals(videos.index)
    assert merged["node"].tolist() == ["a", "a", "a", "b", "b", "d"]
    assert merged["other"].tolist() == ["a", "a", "a", "b", "b", "d"]
    assert ties.to_dict("records") == [{"node": "a", "other": "b", "ties": 1}]
    merged, ties = keep_lookalikes_together(videos, near, 1.0)
    assert merged["node"].tolist() == ["a"] * 5 + ["d"] and ties.empty
    merged, ties = keep_lookalikes_together(videos, near, 0.0)
    assert merged.equals(videos) and len(ties) == 2


def test_without_near_videos_nothing_changes():
    videos = pd.DataFrame({"node": ["a", "b"], "other": ["a", "b"]})
    merged, ties = keep_lookalikes_together(videos, np.empty((0, 2), np.int64), 0.5)
    assert merged.equals(videos) and ties.empty and list(ties) == ["node", "other", "ties"]
