"""Which frames of a video are taken: one function for each strategy of the config's `frames` section.

Indices count from 0 in presentation order, rise, and never repeat; a video with fewer frames than asked for
gives what it has.
"""

from fractions import Fraction

from deepfake.names import draw


def uniform(frames: int, seed: int, video: str, count: int) -> list[int]:
    """`count` frames evenly spaced from the first to the last, both included."""
    count = min(count, frames)
    return [i * (frames - 1) // (count - 1) for i in range(count)] if count > 1 else list(range(count))


def interval(frames: int, seed: int, video: str, every: int, max: int | None) -> list[int]:
    """Every `every`-th frame from the first on, at most `max` of them (None: no limit)."""
    return list(range(0, frames, every))[:max]


def fractions(frames: int, seed: int, video: str, at: list[str | float]) -> list[int]:
    """The frames at the given parts of the video, each from 0 to 1: 1/3 of 300 frames is frame 100."""
    return sorted({min(int(frames * parse_fraction(part)), frames - 1) for part in at}) if frames else []


def random(frames: int, seed: int, video: str, count: int) -> list[int]:
    """`count` frames by chance, from `seed` and the video's name; a higher count keeps the earlier ones."""
    return sorted(sorted(range(frames), key=lambda i: draw(seed, video, i))[:count])


def parse_fraction(part: str | float) -> Fraction:
    """`1/3` or `0.25` as an exact number; raises ValueError outside 0 to 1."""
    value = Fraction(part) if isinstance(part, str) else Fraction(part).limit_denominator(10**6)
    if not 0 <= value <= 1:
        raise ValueError(f"a fraction lies between 0 and 1, not at {part}")
    return value


STRATEGIES = {
    "uniform": (uniform, ("count",)),
    "interval": (interval, ("every", "max")),
    "fractions": (fractions, ("at",)),
    "random": (random, ("count",)),
}
"""By name: the function, and the keys of the `frames` section that it needs."""


def wanted_frames(frames: int, cfg: dict, video: str) -> list[int]:
    """The indices to take from a video of `frames` frames, by the `frames` section `cfg`."""
    function, keys = STRATEGIES[cfg["strategy"]]
    return function(frames, cfg.get("seed", 0), video, **{key: cfg[key] for key in keys})
