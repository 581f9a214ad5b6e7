"""What `augment` of a model's section means: which operations, how strong, and how often.

A setting is `off`, `light`, `strong`, or a dict from names of OPERATIONS to their values. A value is a
number, a range [low, high], or {value: a number or a range, probability: p}.
"""

from collections.abc import Callable
from dataclasses import dataclass

from deepfake.errors import UserError

PROBABILITY = 0.5  # that an image gets an operation, where the setting says no other


@dataclass(frozen=True)
class Operation:
    """What the values of an operation mean.

    `spread` turns one number into a range (low, high). Numbers may be from `least` to `most`. An image draws
    `numbers` of them, and has `neutral` where it isn't changed.
    """

    spread: Callable[[float], tuple[float, float]]
    least: float
    most: float
    neutral: float
    numbers: int = 1


@dataclass(frozen=True)
class Range:
    """The values from which an image draws evenly, if it is changed at all, with `probability`."""

    low: float
    high: float
    probability: float


def _about_zero(x: float) -> tuple[float, float]:
    return -x, x


def _about_one(x: float) -> tuple[float, float]:
    return max(0.0, 1 - x), 1 + x


def _up_to_one(x: float) -> tuple[float, float]:
    return x, 1.0


def _just(x: float) -> tuple[float, float]:
    return x, x


OPERATIONS: dict[str, Operation] = {
    "flip": Operation(_just, 0, 1, 0),  # its number is the probability
    "crop": Operation(_up_to_one, 0.05, 1, 1),  # part of the area
    "stretch": Operation(_about_zero, -1, 1, 0),  # width to height is 1 + x, or 1 / (1 - x) below 0
    "rotate": Operation(_about_zero, -180, 180, 0),  # degrees
    "shift": Operation(_about_zero, -1, 1, 0, numbers=2),  # parts of the side
    "scale": Operation(_about_one, 0, 4, 1),
    "colour": Operation(_about_one, 0, 4, 1, numbers=3),  # factors of brightness, contrast and saturation
    "hue": Operation(_about_zero, -0.5, 0.5, 0),  # parts of the circle
    "shuffle": Operation(_just, 2, 64, 1),  # patches along a side
    "blur": Operation(lambda x: (0.0, x), 0, 20, 0),  # pixels of an image of 256
    "rescale": Operation(_up_to_one, 0.05, 1, 1),
    "noise": Operation(lambda x: (0.0, x), 0, 1, 0),  # standard deviation, where 1 is 255 levels
    "frequency": Operation(_just, 0, 1, 0),  # part of the spectrum
    "jpeg": Operation(lambda x: (x, 100.0), 1, 100, 100),  # quality
}
"""In the order in which an image gets them."""

LIGHT = {
    "flip": 0.5,
    "crop": 0.85,
    "stretch": 0.05,
    "colour": 0.15,
    "hue": {"value": 0.02, "probability": 0.2},
    "blur": {"value": 1.0, "probability": 0.1},
    "rescale": {"value": 0.5, "probability": 0.15},
    "noise": {"value": [0.005, 0.02], "probability": 0.1},
    "jpeg": {"value": [60, 95], "probability": 0.3},
}
"""Mild changes, such as video platforms make."""

STRONG = {
    "flip": 0.5,
    "crop": {"value": 0.7, "probability": 0.8},
    "stretch": {"value": 0.18, "probability": 0.8},
    "colour": {"value": 0.3, "probability": 0.8},
    "hue": {"value": 0.03, "probability": 0.4},
    "blur": {"value": 2.5, "probability": 0.3},
    "rescale": {"value": 0.25, "probability": 0.4},
    "noise": {"value": [0.01, 0.05], "probability": 0.3},
    "jpeg": {"value": [30, 90], "probability": 0.6},
}
"""More and harder changes, for detectors of other corpora and of copies of low quality."""

SETS: dict[str, dict] = {"off": {}, "light": LIGHT, "strong": STRONG}


def ranges_of(setting: str | dict) -> dict[str, Range]:
    """Return the operations of a setting, in the order of OPERATIONS; UserError if it can't be used."""
    if isinstance(setting, str):
        if setting not in SETS:
            names = ", ".join(SETS)
            raise UserError(f"augment is {setting!r}: write {names}, or operations such as {{rotate: 10}}")
        setting = SETS[setting]
    if unknown := [name for name in setting if name not in OPERATIONS]:
        raise UserError(f"augment: unknown {', '.join(unknown)}; the operations are {', '.join(OPERATIONS)}")
    return {name: _range(name, setting[name]) for name in OPERATIONS if setting.get(name) is not None}


def _range(name: str, value: float | list | dict) -> Range:
    operation, probability = OPERATIONS[name], PROBABILITY
    if isinstance(value, dict):
        probability = value.get("probability", PROBABILITY)
        value = value["value"]
    if name == "flip":
        if isinstance(value, list):
            raise UserError(f"augment.flip: {value} can't be used; write its probability, such as 0.5")
        value, probability = 1.0, value
    given = value if isinstance(value, list) else [value]
    low, high = value if isinstance(value, list) else operation.spread(value)
    if low > high or not all(operation.least <= number <= operation.most for number in given):
        raise UserError(
            f"augment.{name}: {value} can't be used; write a number from {operation.least:g} to "
            f"{operation.most:g}, or two, the lower one first"
        )
    return Range(float(low), float(high), float(probability))
