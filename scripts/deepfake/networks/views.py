"""Views of an image, whose logits are averaged: mirrored, and squares of it made as large as the whole."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn import functional

SLACK = 1e-9  # of sums of parts that are rounded


@dataclass(frozen=True)
class View:
    """A square of an image, mirrored or not: its upper and left edge and its side, as parts of the image."""

    flip: bool = False
    top: float = 0.0
    left: float = 0.0
    side: float = 1.0


WHOLE = View()


def views_of(tta: dict | None) -> list[View]:
    """The views that `tta` of an ensemble's section asks for: the largest first, upright before mirrored.

    `scales` are sides of squares about the middle, `crops` that of four squares in the corners (None: none),
    and with `flip` each of these is there mirrored too. None is the whole image alone.
    """
    if not tta:
        return [WHOLE]
    views = [
        View(top=(1 - side) / 2, left=(1 - side) / 2, side=float(side))
        for side in sorted(tta["scales"], reverse=True)
    ]
    if (side := tta["crops"]) is not None:
        edges = (0.0, 1 - side)
        views += [View(top=top, left=left, side=float(side)) for top in edges for left in edges]
    mirrors = (False, True) if tta["flip"] else (False,)
    return [View(flip, view.top, view.left, view.side) for flip in mirrors for view in views]


def view_of_view(outer: View, inner: View) -> View:
    """The view that shows what `inner` shows of what `outer` shows; pixels are then resized but once."""
    left = 1 - inner.left - inner.side if outer.flip else inner.left
    return View(
        outer.flip != inner.flip,
        outer.top + outer.side * inner.top,
        outer.left + outer.side * left,
        outer.side * inner.side,
    )


def compose(outer: Sequence[View], inner: Sequence[View]) -> list[View]:
    """Each of `inner` of each of `outer`; each once where all would be there equally often."""
    every = [view_of_view(one, other) for one in outer for other in inner]
    once = list(dict.fromkeys(every))
    return once if len({every.count(view) for view in once}) == 1 else every


def look(pixels: Tensor, views: Sequence[View]) -> Tensor:
    """All `views` of float `pixels` (N, 3, S, S), one view after the other: (views * N, 3, S, S).

    A square is cut out to whole pixels and resized bilinearly. Sizes are fixed, so that it can be exported.
    """
    return torch.cat([_seen(pixels, view) for view in views])


def _seen(pixels: Tensor, view: View) -> Tensor:
    size = pixels.shape[-1]
    side = max(1, round(view.side * size))
    top, left = (min(round(edge * size), size - side) for edge in (view.top, view.left))
    if side < size:
        pixels = pixels[:, :, top : top + side, left : left + side]
        pixels = functional.interpolate(pixels, size=(size, size), mode="bilinear", align_corners=False)
    return pixels.flip(3) if view.flip else pixels


def as_facts(views: Sequence[View]) -> list[dict]:
    """Views as a checkpoint holds them."""
    return [asdict(view) for view in views]


def is_view(facts: object) -> bool:
    """Whether `facts`, whoever wrote them, are a view's: a square inside the image."""
    if not isinstance(facts, dict) or facts.keys() != asdict(WHOLE).keys():
        return False
    flip, *edges = (facts[key] for key in ("flip", "top", "left", "side"))
    if type(flip) is not bool or any(type(edge) is not float for edge in edges):
        return False
    top, left, side = edges
    return side > 0 and 0 <= top <= 1 - side + SLACK and 0 <= left <= 1 - side + SLACK
