"""The traits of synthetic people: what makes one person look different from another.

Everything follows from a seed and the person's number. Colours are RGB, 0 to 255.
"""

from dataclasses import dataclass

import numpy as np

from deepfake.hashing import seeded_hash

SKINS = (
    (230, 192, 168), (222, 180, 148), (138, 91, 66), (206, 158, 122),
    (104, 67, 49), (236, 202, 182), (180, 126, 92), (217, 170, 138),
)  # fmt: skip
IRISES = ((74, 50, 34), (96, 128, 150), (84, 110, 78), (58, 40, 30), (112, 86, 52), (70, 92, 120))
DARK_HAIR = ((28, 22, 20), (44, 30, 24), (62, 42, 30), (36, 26, 24))
LIGHT_HAIR = (
    (206, 168, 108), (150, 84, 44), (108, 74, 46), (58, 40, 30), (178, 132, 80), (84, 56, 38), (32, 26, 25),
)  # fmt: skip
GREY_HAIR = (186, 184, 182)
MENS_HAIR = ("side", "crop", "bald", "curls", "quiff", "receding", "afro", "beanie", "shoulder")
WOMENS_HAIR = ("long", "bob", "bun", "wavy", "scarf", "curtain", "cloud", "pixie", "fringe")
BEARDS = ("none", "stubble", "full", "none", "moustache", "goatee")
GLASSES = ("none", "none", "round", "none", "square", "none", "none")


@dataclass(frozen=True)
class Person:
    """The traits of one person. Lengths are factors around 1 unless a comment says otherwise."""

    skin: np.ndarray
    hair: np.ndarray
    iris: tuple[int, int, int]
    style: str  # of the hair: a key of hair.STYLES
    beard: str
    glasses: str
    age: float  # 0 young, 1 old
    woman: bool
    width: float
    jaw: float
    chin: float
    eyes: float  # size
    apart: float  # of each eye from the middle, face pixels
    tilt: float  # of the eyes, face pixels
    brow: float  # thickness
    nose: float
    lips: float  # fullness
    smile: float  # width of the mouth
    seed: int  # of the texture


def make_person(seed: int, number: int) -> Person:
    """Return the traits of person `number`. Tones and styles alternate, so that neighbours look different.

    Two men follow two women and so on: 0 and 1 are of one sex, 2 and 3 of the other.
    """
    first = seeded_hash(seed, "people")
    rng = np.random.default_rng(seeded_hash(seed, "person", number))
    position = number + first % 420 * 2
    woman = bool(position // 2 % 2)
    among = position // 4 * 2 + position % 2  # the number among the men, or among the women
    age = float(rng.beta(1.1, 1.6))
    skin = np.array(SKINS[(position * 3 + first // 840) % len(SKINS)], np.float32) * rng.uniform(0.96, 1.03)
    styles = WOMENS_HAIR if woman else MENS_HAIR
    return Person(
        skin=skin, hair=hair_colour(rng, float(skin.mean()), age),
        iris=IRISES[rng.integers(len(IRISES))] if skin.mean() > 165 else IRISES[rng.integers(2) * 3],
        style=styles[among % len(styles)],
        beard="none" if woman else BEARDS[(among + first // 7) % len(BEARDS)],
        glasses=GLASSES[(position + first // 11) % len(GLASSES)], age=age, woman=woman,
        width=rng.uniform(0.93, 1.05) - 0.03 * woman, jaw=rng.uniform(0.88, 1.08) - 0.08 * woman,
        chin=rng.uniform(0.95, 1.06) - 0.02 * woman, eyes=rng.uniform(0.94, 1.07) + 0.03 * woman,
        apart=rng.uniform(40.5, 44), tilt=rng.uniform(-1.5, 3.5), brow=rng.uniform(0.8, 1.35) - 0.3 * woman,
        nose=rng.uniform(0.85, 1.2) - 0.08 * woman, lips=rng.uniform(0.8, 1.25) + 0.15 * woman,
        smile=rng.uniform(0.94, 1.09), seed=seeded_hash(seed, "texture", number),
    )  # fmt: skip


def hair_colour(rng: np.random.Generator, skin: float, age: float) -> np.ndarray:
    """Return a colour of hair, float32 RGB, for a brightness of skin (0 to 255) and an age (0 to 1)."""
    tones = LIGHT_HAIR if skin > 165 else DARK_HAIR
    tone = np.array(tones[rng.integers(len(tones))], np.float32)
    grey = np.clip((age - 0.5) * 2.4, 0, 0.92) * rng.uniform(0.6, 1)
    return tone + (np.float32(GREY_HAIR) - tone) * np.float32(grey)
