"""Keep people who look alike in one split, so that the guard band has little to leave out."""

import numpy as np
import pandas as pd

from deepfake.people.lookalikes import gather, ties


def keep_lookalikes_together(
    videos: pd.DataFrame, near: np.ndarray, part: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the nodes of the videos with look-alikes as one node, and the ties between nodes.

    `videos` has the columns node and other, as of links.link_videos. `near`, int (m, 2), are pairs of
    positions of videos that the guard band doesn't allow in two splits. Nodes become one, the most alike
    first, while they have at most `part` of all videos together; fakes between two nodes count as ties, too.

    The first table has the columns node and other and the index of `videos`; a node has the smallest name of
    those that it consists of. The second has the columns node, other and ties, as partition.partition takes
    them.
    """
    names, numbers = np.unique(videos[["node", "other"]].to_numpy(str), return_inverse=True)
    numbers = numbers.reshape(-1, 2)
    owners = numbers[:, 0]
    tied = ties(owners, near)
    between = np.sort(numbers[numbers[:, 0] != numbers[:, 1]], axis=1)
    for pair, count in zip(*np.unique(between, axis=0, return_counts=True), strict=True):
        ends = (int(pair[0]), int(pair[1]))
        tied[ends] = tied.get(ends, 0) + int(count)
    sizes = np.maximum(np.bincount(owners, minlength=len(names)), 1)  # a fake's other node may have no video
    group = gather(sizes, tied, part * len(videos))
    merged = pd.DataFrame(names[group[numbers]], index=videos.index, columns=["node", "other"], dtype=str)
    rows = [(names[one], names[other], count) for (one, other), count in ties(group[owners], near).items()]
    return merged, pd.DataFrame(sorted(rows), columns=["node", "other", "ties"])
