"""Views of an image for test-time augmentation: mirrored, or a square of it enlarged to the whole size."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class View:
    """A square of an image, mirrored or not: its top, left edge and side are fractions of the image."""

    flip: bool = False
    top: float = 0.0
    left: float = 0.0
    side: float = 1.0


WHOLE = View()


def tta_views(tta: dict | None) -> list[View]:
    """Return the views that the section `tta` of an ensemble asks for: large before small, then mirrored.

    `scales` are the sides of squares in the middle of the image, `crops` is the side of four squares in its
    corners (None: no such squares), and `flip` adds the mirror image of each. None: the whole image alone.
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
    flips = (False, True) if tta["flip"] else (False,)
    return [View(flip, view.top, view.left, view.side) for flip in flips for view in views]


def apply_views(pixels: Tensor, views: Sequence[View]) -> Tensor:
    """Return all `views` of float `pixels` (N, 3, S, S), one view after the other: (views * N, 3, S, S).

    A square is cropped to whole pixels and resized bilinearly. All sizes are constants, as export to ONNX
    needs.
    """
    return torch.cat([_apply(view, pixels) for view in views])


def _apply(view: View, pixels: Tensor) -> Tensor:
    size = pixels.shape[-1]
    side = max(1, round(view.side * size))
    top, left = (min(round(edge * size), size - side) for edge in (view.top, view.left))
    if side < size:
        pixels = pixels[:, :, top : top + side, left : left + side]
        pixels = functional.interpolate(pixels, size=(size, size), mode="bilinear", align_corners=False)
    return pixels.flip(3) if view.flip else pixels


def compose(outer: Sequence[View], inner: Sequence[View]) -> list[View]:
    """Return each of `inner` of each of `outer`; duplicates are dropped where that changes no mean."""
    every = [view_of_view(one, other) for one in outer for other in inner]
    distinct = list(dict.fromkeys(every))
    return distinct if len({every.count(view) for view in distinct}) == 1 else every


def view_of_view(outer: View, inner: View) -> View:
    """Return the view that shows what `inner` shows of `outer`; so pixels are resized only once."""
    left = 1 - inner.left - inner.side if outer.flip else inner.left
    return View(
        outer.flip != inner.flip,
        outer.top + outer.side * inner.top,
        outer.left + outer.side * left,
        outer.side * inner.side,
    )
