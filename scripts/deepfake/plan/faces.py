"""People by their faces, in a plan: which nodes they make one, where a fake's own face belongs, the guard."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from deepfake.people.groups import NOBODY, Videos, find_people
from deepfake.people.guard import Band, guard_band
from deepfake.people.kinds import face_kinds
from deepfake.people.neighbours import are_among, near_pairs
from deepfake.people.video_vectors import VideoVectors
from deepfake.plan.links import smallest_linked_names
from deepfake.tables import SPLITS

RARE = 20  # how many times as rare as the others a class or a split counts in the guard, at most

LOOKALIKES = 32  # of one video, the nearest, for whom a split is sought; the guard knows all of them


class Faces(NamedTuple):
    """Who the videos of a plan show, by position; all but `line` for the videos with known faces only.

    `line` (n,) is a video's line in the arrays below, -1 where its face is unknown. `vectors` (known, d) are
    those of neighbours.whole_numbers. `person` (known,) is the line of the first video of the same person,
    and `target` (known,) that of the person whom names and originals hold the video to. `alone` (known,) are
    fakes without a real video of their target, who is then the person of their face. `apart` (m, 2) are pairs
    of lines whose faces are known to be of two people.
    """

    line: np.ndarray
    vectors: np.ndarray
    person: np.ndarray
    target: np.ndarray
    alone: np.ndarray
    apart: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Whether the face of each video is known, bool (n,)."""
        return self.line >= 0


def recognise(
    videos: pd.DataFrame, shown: pd.Series, vectors: VideoVectors, different: np.ndarray, people: dict
) -> Faces:
    """Return who the videos show. `shown` says so by names and originals, see links.link_people.

    `videos` has the columns corpus, video and label. `different` (m, 2) are pairs of positions in it, see
    different_people.different_videos. `people` has the distances link and guard; a fake's face is that of the
    nearest person within guard, since what is nearer will not be in two splits.
    """
    places = {name: at for at, name in enumerate(vectors.names)}
    at = np.array([places.get(name, -1) for name in zip(videos["corpus"], videos["video"], strict=True)], int)
    known = np.flatnonzero(at >= 0)
    line = np.full(len(videos), -1)
    line[known] = np.arange(len(known))
    apart = line[different]
    apart = apart[(apart >= 0).all(axis=1)]
    of_known = Videos(
        vectors.means[at[known]],
        pd.factorize(shown.iloc[known])[0],
        (videos["label"].iloc[known] == "1").to_numpy(),
        apart,
    )
    person, target = find_people(of_known, people["link"], people["guard"])
    person = np.where(person == NOBODY, np.arange(len(person)), person)
    alone = ~np.isin(of_known.units, of_known.units[~of_known.fake])
    return Faces(line, of_known.vectors, person, target, alone, apart)


def link_faces(videos: pd.DataFrame, links: pd.DataFrame, faces: Faces) -> pd.DataFrame:
    """Return `links` (node and other, see links.link_videos) with the nodes of one person's faces as one.

    The other node of a fake without a source is that of the person of its own face. A node of fakes without
    real videos of their targets is that of the person of their faces, too, if they all have the same; else it
    holds several people, who stay apart. `videos` has the columns corpus, video, label and source.
    """
    known = faces.known
    names = ("face:" + videos["corpus"] + "/" + videos["video"])[known].to_numpy(object)
    node = links["node"][known]
    targets = pd.Series(names[faces.target], node.index)
    several = targets[faces.alone].groupby(node[faces.alone]).nunique() > 1
    linked = (videos["label"][known] == "0") | (faces.alone & ~node.isin(several.index[several]))
    both = np.concatenate([links["node"], links["other"]])
    node_of = smallest_linked_names(
        np.concatenate([both, node[linked], targets]), np.concatenate([both, targets[linked], targets])
    )
    result = links.apply(lambda column: column.map(node_of))
    own = pd.Series(names[faces.person], node.index).map(node_of)  # none of a face that is nobody's
    own = own[own.notna() & ((videos["label"] == "1") & (videos["source"] == ""))[known]]
    result.loc[own.index, "other"] = own
    return result


def near_videos(faces: Faces, distance: float) -> np.ndarray:
    """Return pairs of positions of videos whose faces are at most `distance` apart, int64 (m, 2).

    Without those of people who are known to be two. Of very many near ones of a video only the nearest count.
    """
    pairs = near_pairs(faces.vectors, distance, LOOKALIKES)[0]
    pairs = pairs[~are_among(pairs, _all_apart(faces), len(faces.vectors))]
    return np.flatnonzero(faces.known)[pairs]


def kinds_of_faces(faces: Faces) -> np.ndarray:
    """Return the kind of each video's person as text, "" where its face is unknown; object (n,)."""
    kinds = np.full(len(faces.line), "", object)
    _, people = np.unique(faces.target, return_inverse=True)
    own = faces.person == faces.target  # not the fakes with somebody else's face
    kinds[faces.known] = face_kinds(faces.vectors[own], people[own]).astype(str)[people]
    return kinds


def leave_out_unknown(videos: pd.DataFrame, chosen: pd.DataFrame, faces: Faces) -> pd.DataFrame:
    """Return `chosen` (split and reason of each video) without those of which it isn't known who they show.

    They have no name, and no face that is seen well enough, in a corpus where other faces are. In train they
    would do harm, too: of 561 real test images of DFDC one in thirty showed somebody of train to another
    network, nearly all of them somebody of two crops, a profile and one in the dark. `videos` has the columns
    corpus, target and source.
    """
    known = faces.known
    named = (videos["target"] != "") | (videos["source"] != "")
    with_faces = videos["corpus"].isin(set(videos["corpus"][known]))
    out = ~known & ~named & with_faces & (chosen["split"] != "")
    return chosen.assign(
        split=chosen["split"].where(~out, ""),
        reason=chosen["reason"].where(~out, "people: no name, and no face seen well enough to know it"),
    )


def leave_out_look_alikes(
    videos: pd.DataFrame, chosen: pd.DataFrame, faces: Faces, guard: float
) -> tuple[pd.DataFrame, Band]:
    """Return `chosen` (split and reason of each video) without what looks like somebody in another split.

    `videos` has the columns corpus, video and label. A video counts the more, the fewer its class has, and by
    the square root of that the fewer its split has: to leave out the fewest empties the small splits, and to
    leave out equal parts of all splits takes most from train (of DFDC's reals 10 % more). The band is that of
    the videos with known faces, by line.
    """
    known = faces.known
    split = chosen["split"][known].map({"": -1} | {name: at for at, name in enumerate(SPLITS)}).to_numpy()
    fake = (videos["label"] == "1").to_numpy()[known]
    rarity = _rarity(fake.astype(int)), _rarity(split + 1)
    weights = np.minimum(rarity[0], RARE) * np.sqrt(np.minimum(rarity[1], RARE))
    band = guard_band(faces.vectors, split, weights, guard, _all_apart(faces))
    rows, like = chosen.index[known][band.out], chosen.index[known][band.like[band.out]]
    reasons = [
        f"people: looks like {corpus}/{video} in {split} (distance {distance:.2f} <= guard {guard:g})"
        for corpus, video, split, distance in zip(
            videos.loc[like, "corpus"], videos.loc[like, "video"], chosen.loc[like, "split"],
            np.floor(band.distance[band.out] * 100) / 100, strict=True,
        )
    ]  # fmt: skip
    chosen = chosen.copy()
    chosen.loc[rows, "split"] = ""
    chosen.loc[rows, "reason"] = reasons
    return chosen, band


def _rarity(values: np.ndarray) -> np.ndarray:
    """Return of each value, 0 or above, how many times as often the most frequent one occurs."""
    counts = np.bincount(values)
    return (counts.max(initial=0) / np.maximum(counts, 1))[values]


def _all_apart(faces: Faces) -> np.ndarray:
    """Return the pairs of lines whose two people are those of a pair of `apart`, int64 (m, 2)."""
    people = np.unique(np.sort(faces.person[faces.apart], axis=1), axis=0)
    pairs = [
        np.stack(np.meshgrid(*(np.flatnonzero(faces.person == end) for end in pair)), axis=-1).reshape(-1, 2)
        for pair in people[people[:, 0] != people[:, 1]]
    ]
    return np.concatenate([np.empty((0, 2), np.int64), *pairs])
