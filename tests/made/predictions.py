"""Tables of predictions without a detector: of given videos, or random."""

import numpy as np
import pandas as pd

from deepfake.evaluation.predictions import PREDICTIONS

REAL, FAKE = 0, 1


def table(videos: list[tuple]) -> pd.DataFrame:
    """Return predictions of videos, given as (corpus, video, method, label, target, probabilities) each."""
    rows = []
    for corpus, video, method, label, target, probabilities in videos:
        for frame, probability in enumerate(probabilities):
            name = f"test/{corpus}__{video}__{method}{label}__{frame}.jpg"
            rows.append((name, corpus, video, method, label, target, f"g{video}", "", "", probability))
    return pd.DataFrame(rows, columns=PREDICTIONS).astype({"label": "int64", "probability": "float64"})


def random_table(videos: int, seed: int) -> pd.DataFrame:
    """Return predictions of videos of two corpora and two methods, with 4 frames each, mostly correct."""
    rng = np.random.default_rng(seed)
    made = []
    for n in range(videos):
        label, corpus = n % 2, "ab"[n // 2 % 2]
        logits = rng.normal(2 * label - 1, 1) + rng.normal(size=4)
        method = ["", "swap" if n % 3 else "neural"][label]
        made.append((corpus, f"v{n}", method, label, f"p{n // 4}", 1 / (1 + np.exp(-logits))))
    return table(made)


NONE = table([])
ONE_REAL = [("a", "r", "", REAL, "p1", [0.1, 0.2])]
