"""Distances between the unit vectors of faces by dlib's network, with which people are told apart.

They stand apart from the network, which needs ONNX Runtime, because the config is checked without it.
"""

DLIB_DISTANCES = {"link": 0.36, "guard": 0.35, "fail": 0.30}
"""By key of `people`: what null means there. docs/people.md has the evidence."""
