"""Drawn trees: for each layout a small corpus with the names and label files of the real one.

A module is named after its layout, and has a TREE. tests/made/draw_tree.py draws the media of one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path


@dataclass(frozen=True)
class Tree:
    """The files of a corpus.

    `paths` are its videos, stills and tars of stills; their endings say what is drawn. `texts` are its other
    files, by path. `odd` are more media, with a part of the reason why each isn't used. `columns` are those
    that layout csv needs. With `frames` the stills of one folder are the frames of one video. `packed` is for
    files that hold images: it gets a function from a number to a drawn JPEG, and returns them by path.
    """

    paths: list[str]
    texts: dict[str, str] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    columns: dict | None = None
    frames: bool = False
    packed: Callable[[Callable[[int], bytes]], dict[str, bytes]] | None = None


TREES: dict[str, Tree] = {
    path.stem: import_module(f"{__name__}.{path.stem}").TREE
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))
}
"""By layout."""
