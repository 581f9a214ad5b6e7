"""Layouts: how each corpus lies on disk, and what its paths and its small files say of every video."""

from deepfake.layouts import (
    celebdf,
    csv_table,
    deeperforensics,
    dfd,
    dfdc,
    dffd,
    faceforensics,
    imagefolder,
    labels,
    wilddeepfake,
)
from deepfake.layouts.entries import Layout

LAYOUTS: dict[str, Layout] = {
    "celebdf": celebdf.read,
    "csv": csv_table.read,  # takes the config's columns as well
    "deeperforensics": deeperforensics.read,
    "dfd": dfd.read,
    "dfdc": dfdc.read,
    "dffd": dffd.read,
    "faceforensics": faceforensics.read,
    "imagefolder": imagefolder.read,
    "labels": labels.read,
    "wilddeepfake": wilddeepfake.read,
}

FAMILIES = {
    "faceforensics": "ffpp",
    "dfd": "ffpp",
    "deeperforensics": "ffpp",
    "celebdf": "celebdf",
    "dfdc": "dfdc",
}
"""Layouts whose names of people, originals and groups mean the same in every corpus of one family; one that
is not among them shares names with no other corpus."""

ONE_CLASS = {"deeperforensics"}
"""Layouts of corpora that hold fakes only; their reals are another corpus."""
