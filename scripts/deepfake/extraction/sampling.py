"""Which frames of a video are sampled: one function for each `strategy` of the config section `frames`.

Each takes the number of frames of the video, the seed, the video's name and the strategy's settings. It
returns frame indices that count from 0 in presentation order, rise, and never repeat. A video with fewer
frames than requested gives all that it has. To add a strategy, write such a function and name it in
STRATEGIES.
"""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from deepfake.errors import UserError
from deepfake.hashing import seeded_hash


def uniform(frames: int, seed: int, video: str, count: int) -> list[int]:
    """`count` frames, evenly spaced from the first to the last, both included."""
    count = min(count, frames)
    return [i * (frames - 1) // (count - 1) for i in range(count)] if count > 1 else list(range(count))


def boosted(frames: int, seed: int, video: str, count: int, base: int) -> list[int]:
    """The frames of `uniform` for `base`, and others spread evenly between them: `count` in all.

    So the frames of a fake are among those of its original where real videos give more of them.
    """
    kept = uniform(frames, seed, video, min(base, count))
    if len(kept) < 2:  # none to spread others between, and the first frame is in every sample
        return uniform(frames, seed, video, count)
    gaps, more = list(pairwise(kept)), min(count, frames) - len(kept)
    each, rest = divmod(more, len(gaps))
    roomy = [first for first, last in gaps if last - first > each + 1]
    fuller = {roomy[i * len(roomy) // rest] for i in range(rest)}
    indices = []
    for first, last in gaps:
        steps = each + 1 + (first in fuller)
        indices += [first + i * (last - first) // steps for i in range(steps)]
    return indices + kept[-1:]


def interval(frames: int, seed: int, video: str, every: int, max: int | None) -> list[int]:
    """Every `every`-th frame from the first on, at most `max` of them (None: no limit)."""
    return list(range(0, frames, every))[:max]


def fractions(frames: int, seed: int, video: str, at: list[str | float]) -> list[int]:
    """The frames at the given fractions of the video, each from 0 to 1: 1/3 of 300 frames is frame 100."""
    return sorted({min(int(frames * parse_fraction(part)), frames - 1) for part in at}) if frames else []


def random(frames: int, seed: int, video: str, count: int) -> list[int]:
    """`count` random frames, by `seed` and the video's name; a higher count keeps those of a lower one."""
    return sorted(sorted(range(frames), key=lambda i: seeded_hash(seed, video, i))[:count])


def sample_segments(
    times: Sequence[float],
    segments: Sequence[tuple[float, float]],
    cfg: dict,
    video: str,
    count: int | str,
    base: int | str,
) -> list[int]:
    """Return the indices of the frames to take from a partial fake: only of those that are fake.

    `times` are those of all frames in seconds, rising; `segments` the [start, end) that are fake. The
    strategy takes the frames in them for a video of its own. The other arguments are those of sample_indices.
    """
    spans = [(bisect_left(times, start), bisect_left(times, end)) for start, end in segments]
    inside = sorted({index for span in spans for index in range(*span)})
    return [inside[i] for i in sample_indices(len(inside), cfg, video, count, base)]


def parse_fraction(part: str | float) -> Fraction:
    """Return "1/3" or 0.25 as an exact number; raises UserError outside 0 to 1, ValueError for no number."""
    value = Fraction(part) if isinstance(part, str) else Fraction(part).limit_denominator(10**6)
    if not 0 <= value <= 1:
        raise UserError(f"a fraction lies between 0 and 1, not at {part}")
    return value


STRATEGIES = {
    "uniform": (uniform, ("count",)),
    "interval": (interval, ("every", "max")),
    "fractions": (fractions, ("at",)),
    "random": (random, ("count",)),
}
"""By name: the function, and the settings that it needs. `count` comes from the index, others from `cfg`."""


def sample_indices(frames: int, cfg: dict, video: str, count: int | str, base: int | str = "") -> list[int]:
    """Return the indices of the frames to take from a video of `frames` frames.

    `cfg` is the `frames` section of the config. `count` and `base` are the video's `frames_wanted` and
    `frames_base` in the index's tables, "" if the strategy needs none; without a `base` it is `count`.
    """
    if cfg["strategy"] == "uniform" and base:
        return boosted(frames, cfg.get("seed", 0), video, int(count), int(base))
    function, keys = STRATEGIES[cfg["strategy"]]
    settings = {**cfg, "count": int(count)} if "count" in keys else cfg
    return function(frames, cfg.get("seed", 0), video, **{key: settings[key] for key in keys})
