"""Layouts: how each corpus lies on disk, and what its paths and its small files say of every video."""

from deepfake.entries import Layout
from deepfake.layouts import celebdf, dfd, dfdc, faceforensics, imagefolder

LAYOUTS: dict[str, Layout] = {
    "celebdf": celebdf.read,
    "dfd": dfd.read,
    "dfdc": dfdc.read,
    "faceforensics": faceforensics.read,
    "imagefolder": imagefolder.read,
}

FAMILIES = {"faceforensics": "ffpp", "dfd": "ffpp", "celebdf": "celebdf", "dfdc": "dfdc"}
"""Layouts whose names of people, originals and groups mean the same in every corpus of one family; one that
is not among them shares names with no other corpus."""
