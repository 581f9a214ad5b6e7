"""Which of a transformers model's two outputs is fake: as its labels say, or the config."""

import re
from collections.abc import Mapping
from contextlib import suppress

from deepfake.console import log
from deepfake.errors import UserError

FAKE = frozenset(
    "fake fakes faked deepfake deepfakes ai artificial generated aigenerated synthetic synthesized forged "
    "forgery manipulated tampered altered swapped faceswap spoof spoofed gan".split()
)
REAL = frozenset(
    "real reals realism realistic authentic original originals genuine pristine bonafide bona human live "
    "natural untampered unaltered".split()
)
ADVICE = (
    "write head: {fake: 1}, if it is the second output, or head: {fake: 0}; head: new would train a new head "
    "in place of this one"
)
NEGATIONS = frozenset("not non no un".split())


def fake_label(labels: Mapping[int, str], source: str = "config.json") -> int:
    """Return the number of the label that means fake, such as `ai_generated`, among two (id2label).

    Raises UserError unless there are two labels, one with a word for fake and the other with one for real.
    """
    if not labels:
        raise UserError(f"{source} has no id2label, which says which output is fake; {ADVICE}")
    if sorted(labels) != [0, 1]:
        raise UserError(
            f"{source} has {len(labels)} labels in id2label, and two are needed; write head: new to train a "
            "new head in its place"
        )
    meanings = [_meaning(labels[number]) for number in (0, 1)]
    if sorted(meanings, key=str) != ["fake", "real"]:
        raise UserError(f"{source}: id2label is {dict(labels)}, which doesn't say which is fake; {ADVICE}")
    return meanings.index("fake")


def fake_output(settings: dict, head: str | dict | None, source: str) -> int | None:
    """Return which output of the head of a model with the config `settings` is fake; None if it isn't known.

    `head` is keep, {"fake": <index>}, which counts more than the labels, or None. Raises UserError unless
    there are two labels, or none and an index; for None it is a warning.
    """
    labels = {int(number): str(label) for number, label in settings.get("id2label", {}).items()}
    told = head["fake"] if isinstance(head, dict) else None
    if told is not None and (not labels or sorted(labels) == [0, 1]):
        with suppress(UserError):
            if fake_label(labels) != told:
                log.warning(
                    "%s: id2label is %s, and head: %s says otherwise; head counts", source, labels, head
                )
        return told
    try:
        return fake_label(labels, source)
    except UserError as error:
        if head is not None:
            raise
        log.warning("the head is replaced by a new one: %s", error)
        return None


def with_labels(settings: dict, fake: int) -> dict:
    """Return a config whose id2label says that the output `fake` is fake; the same if it says so already."""
    labels = {int(number): str(label) for number, label in settings.get("id2label", {}).items()}
    with suppress(UserError):
        if fake_label(labels) == fake:
            return settings
    return settings | label_keys({fake: "fake", 1 - fake: "real"})


def label_keys(labels: Mapping[int, str]) -> dict[str, dict]:
    """Return the keys of a config that name its labels."""
    return {"id2label": dict(sorted(labels.items())), "label2id": {name: n for n, name in labels.items()}}


def _meaning(label: str) -> str | None:
    """Return "fake" or "real"; None if the label's words mean both, neither or a negation."""
    parts = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", label)
    words = {part.lower() for part in parts} | {"".join(parts).lower()}
    if words & NEGATIONS or bool(words & FAKE) == bool(words & REAL):
        return None
    return "fake" if words & FAKE else "real"
