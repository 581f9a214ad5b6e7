"""What null means in the config section `people`: distances by which people are told apart.

Imports no ONNX Runtime: the workflow reads these before anything runs.
"""

DLIB_DISTANCES = {"link": 0.30, "guard": 0.35, "fail": 0.30}
"""By key of `people`: the distances between unit vectors that null means, those for dlib's network.

docs/people.md has the evidence."""
