"""Who is seen in which videos, by their faces and by what is known of them otherwise.

The real videos are linked first. A fake's face is a blend of two people: it is near both of them and near
many others, so fakes that took part in the linking would tie people together, and pull others apart. They are
given to the people of the real videos afterwards.
"""

from typing import NamedTuple

import numpy as np

from deepfake.people.linkage import average_linkage
from deepfake.people.neighbours import SCALE, add_up, blocks, least_product, whole_numbers

NOBODY = -1


class Videos(NamedTuple):
    """Videos whose faces are known: (n, d) `vectors` as of neighbours.whole_numbers, and what is known.

    `units` (n,), whole numbers: videos of one unit show the same person, a fake its target. `fake` (n,) bool.
    `apart` (m, 2): pairs of positions of videos whose faces are known to be of two people.
    """

    vectors: np.ndarray
    units: np.ndarray
    fake: np.ndarray
    apart: np.ndarray


def find_people(videos: Videos, link: float, near: float) -> tuple[np.ndarray, np.ndarray]:
    """Return for each video the person of its own face, and that of its unit, int64 (n,) each.

    A person is the position of its first video among those that it is made of. Real videos are linked up to
    the distance `link`, and both are the same for each. The face of a fake is that of the nearest person, on
    average over this person's videos, if that is within `near`, else NOBODY's: a blend is farther from either
    of its people than their own videos are. The person of a fake's unit is that of the unit's real videos.
    Fakes of units without any are given to the nearest person all together; those near nobody are linked with
    each other. No person has both faces of a pair of `apart`.

    Raises ValueError if a pair of `apart` is one unit of real videos.
    """
    person = np.full(len(videos.vectors), NOBODY)
    real = np.flatnonzero(~videos.fake)
    person[real] = real[_link(videos, real, link)]
    targets = dict(zip(videos.units[real].tolist(), person[real].tolist(), strict=True))

    alone = np.flatnonzero(~np.isin(videos.units, videos.units[real]))  # fakes of units without real videos
    person[alone] = _nearest_people(videos, alone, person, near, by_unit=True)
    rest = alone[person[alone] == NOBODY]
    person[rest] = rest[_link(videos, rest, link)]
    targets |= dict(zip(videos.units[alone].tolist(), person[alone].tolist(), strict=True))
    of_unit = np.array([targets[unit] for unit in videos.units.tolist()], np.int64)

    others = np.flatnonzero(videos.fake & ~np.isin(np.arange(len(person)), rest))
    person[others] = NOBODY
    person[others] = _nearest_people(videos, others, person, near, by_unit=False)
    for one, other in videos.apart.tolist():  # of fakes of one unit
        if person[one] == person[other]:
            person[max(one, other)] = NOBODY
    return person, of_unit


def _link(videos: Videos, chosen: np.ndarray, distance: float) -> np.ndarray:
    """Return the group of each of the `chosen` videos, by the position of its first one in `chosen`."""
    place = np.full(len(videos.vectors), -1)
    place[chosen] = np.arange(len(chosen))
    apart = place[videos.apart]
    apart = apart[(apart >= 0).all(axis=1)]
    units = videos.units[chosen]
    if videos.fake[chosen].any():  # fakes of one original with two faces: it is not the originals that differ
        apart = apart[units[apart[:, 0]] != units[apart[:, 1]]]
    return average_linkage(videos.vectors[chosen], distance, together=units, apart=apart)


def _nearest_people(
    videos: Videos, chosen: np.ndarray, person: np.ndarray, distance: float, by_unit: bool
) -> np.ndarray:
    """Return the nearest person of each of the `chosen` videos, int64, or NOBODY; `by_unit`: of their units.

    `person` (n,) is who each other video is, NOBODY for those that are not to be compared with. Of a pair in
    `apart` that would come to one person, the one that is less like it is NOBODY.
    """
    people, means = _means(videos.vectors, person)
    if not len(chosen) or not len(people):
        return np.full(len(chosen), NOBODY)
    query = np.arange(len(chosen))
    faces = videos.vectors[chosen]
    if by_unit:
        _, query = np.unique(videos.units[chosen], return_inverse=True)
        faces = _means(faces, query)[1]
    forbidden = _forbidden(videos.apart, chosen, query, person, people)
    best, product = np.empty(len(faces), np.int64), np.empty(len(faces))
    for start, block in blocks(faces, means):
        end = start + len(block)
        inside = (forbidden[:, 0] >= start) & (forbidden[:, 0] < end)
        block[forbidden[inside, 0] - start, forbidden[inside, 1]] = -np.inf
        best[start:end], product[start:end] = block.argmax(1), block.max(1)
    found = np.where(product >= least_product(distance), people[best], NOBODY)
    place = {video: int(query[at]) for at, video in enumerate(chosen.tolist())}
    for one, other in sorted(tuple(sorted(pair)) for pair in videos.apart.tolist()):
        if one in place and other in place:
            one, other = place[one], place[other]
            if one != other and found[one] == found[other] != NOBODY:
                found[one if product[one] < product[other] else other] = NOBODY
    return found[query]


def _means(vectors: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the groups but NOBODY, and the mean vector of each in whole numbers, float32 (groups, d)."""
    inside = group != NOBODY
    groups, place, size = np.unique(group[inside], return_inverse=True, return_counts=True)
    sums = add_up(vectors[inside], place, len(groups))
    return groups, whole_numbers(sums / size[:, None] / SCALE)


def _forbidden(
    apart: np.ndarray, chosen: np.ndarray, query: np.ndarray, person: np.ndarray, people: np.ndarray
) -> np.ndarray:
    """Return pairs of a query and a person, by position in `people`, that `apart` forbids; int64 (m, 2)."""
    at = dict(zip(chosen.tolist(), query.tolist(), strict=True))
    both = np.concatenate([apart, apart[:, ::-1]]).tolist()
    pairs = [(at[one], int(person[other])) for one, other in both if one in at and person[other] != NOBODY]
    pairs = np.array(pairs, np.int64).reshape(-1, 2)
    pairs[:, 1] = np.searchsorted(people, pairs[:, 1])
    return pairs
