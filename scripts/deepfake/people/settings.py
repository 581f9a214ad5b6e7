"""What the config section `people` means: distances by which people are told apart, and the network's file.

Imports no ONNX Runtime: the workflow reads these before anything runs.
"""

from pathlib import Path

from deepfake.hashing import files_digest

DLIB_DISTANCES = {"link": 0.36, "guard": 0.35, "fail": 0.30}
"""By key of `people`: the distances between unit vectors that null means, those for dlib's network.

docs/people.md has the evidence."""


def network_digest(cfg: dict) -> str:
    """Return the digest of the network's file that `model` names; "" for dlib's, which has none."""
    return files_digest([Path(cfg["model"])]) if cfg.get("model") else ""
