"""The workflow's only source of randomness: hashes of a seed and of names."""

import hashlib


def seeded_hash(seed: int, *names: object) -> int:
    """Return a 64-bit integer that depends on `seed` and `names` only.

    It is the same on every machine, and independent of the order in which names are hashed. It serves as the
    seed of a random generator, and as a key by which names are sorted into a random order.
    """
    text = "\0".join(str(n) for n in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8], "big")
