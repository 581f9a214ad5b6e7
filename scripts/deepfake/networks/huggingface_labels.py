"""Which of a transformers model's two labels means fake, by the words in their names."""

import re
from collections.abc import Mapping

from deepfake.errors import UserError

FAKE = frozenset(
    "fake fakes faked deepfake deepfakes ai artificial generated aigenerated synthetic synthesized forged "
    "forgery manipulated tampered altered swapped faceswap spoof spoofed gan".split()
)
REAL = frozenset(
    "real reals realism realistic authentic original originals genuine pristine bonafide bona human live "
    "natural untampered unaltered".split()
)
NEGATIONS = frozenset("not non no un".split())


def fake_label(labels: Mapping[int, str], source: str = "config.json") -> int:
    """Return the number of the label that means fake, such as `ai_generated`, among two (id2label).

    Raises UserError unless there are two labels, one with a word for fake and the other with one for real.
    """
    if sorted(labels) != [0, 1]:
        raise UserError(f"{source} has {len(labels)} labels in id2label, and two are needed; write head: new")
    meanings = [_meaning(labels[number]) for number in (0, 1)]
    if sorted(meanings, key=str) != ["fake", "real"]:
        raise UserError(
            f"{source}: id2label is {dict(labels)}, which doesn't say which is fake; set id2label there, "
            'such as {"0": "real", "1": "fake"}, or write head: new'
        )
    return meanings.index("fake")


def _meaning(label: str) -> str | None:
    """Return "fake" or "real"; None if the label's words mean both, neither or a negation."""
    parts = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", label)
    words = {part.lower() for part in parts} | {"".join(parts).lower()}
    if words & NEGATIONS or bool(words & FAKE) == bool(words & REAL):
        return None
    return "fake" if words & FAKE else "real"
