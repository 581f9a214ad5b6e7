"""What is known of different people: pairs of names that no face may make one person."""

from bisect import bisect_left
from collections.abc import Callable

import numpy as np
import pandas as pd

from deepfake.errors import UserError
from deepfake.plan.links import Pair, in_family

People = Callable[[list[Pair]], pd.Series]
"""Takes pairs of `same_identity`, and returns whom each video shows, see links.link_people."""


def different_videos(
    videos: pd.DataFrame,
    pairs: list[Pair],
    families: dict[str, str],
    same_identity: list[Pair],
    people: People,
) -> np.ndarray:
    """Return pairs of positions in `videos` whose faces are known to be of two people, int64 (m, 2).

    `videos` has the columns corpus, video, label and target. `pairs` are those of the csv
    `different_people`, with the names of links.Pair. A person is found by a video of theirs, a real one if
    there is one. A fake that is named itself stands for its own face, and not for its target.

    Raises UserError if none of the pairs is in the dataset, and for a pair that names or `same_identity` call
    one person: `people(same_identity)` is the same for both.
    """
    places = _places(videos)
    fake = (videos["label"] == "1").to_numpy()
    found = []
    for pair in pairs:
        at = [places.get(name, places.get(("person", in_family(name, families)), -1)) for name in pair]
        if min(at) >= 0:
            found.append((*at, pair))
    if pairs and not found:
        raise UserError(
            f"different_people: none of its {len(pairs)} pairs is in the dataset; write <corpus>/<person> or "
            "<corpus>/<video> with names of results/index/<corpus>/videos.csv"
        )
    person = people(same_identity).to_numpy() if found else np.empty(0, object)
    for one, other, pair in found:
        if person[one] == person[other] and not fake[[one, other]].any():
            raise _contradiction(one, other, pair, same_identity, people)
    return np.array([(one, other) for one, other, _ in found], np.int64).reshape(-1, 2)


def _places(videos: pd.DataFrame) -> dict[str | tuple[str, str], int]:
    """Return the position of each `corpus/video`, and that of a video of each ("person", name)."""
    places: dict[str | tuple[str, str], int] = {}
    order = np.argsort((videos["label"] == "1").to_numpy(), kind="stable")
    targets = videos["target"].to_numpy()
    for at in order.tolist():
        if targets[at]:
            places.setdefault(("person", targets[at]), at)
    return places | {name: at for at, name in enumerate(videos["corpus"] + "/" + videos["video"])}


def _contradiction(one: int, other: int, pair: Pair, same_identity: list[Pair], people: People) -> UserError:
    """Return the error that names the pair and what calls both one person."""

    def joined(count: int) -> bool:
        person = people(same_identity[:count])
        return person.iloc[one] == person.iloc[other]

    line = bisect_left(range(len(same_identity) + 1), True, key=joined)
    by = f"same_identity: {','.join(same_identity[line - 1])}" if line else "what the corpora say, one person"
    advice = "take out one of both lines" if line else "take out the line"
    return UserError(f"different_people: {','.join(pair)} contradicts {by}; {advice}")
