"""Faces as rectangles: what a detector finds in a scaled image, and the same in pixels of the frame."""

from dataclasses import dataclass, replace

Points = tuple[tuple[float, float], ...]
"""Landmarks as (x, y) in pixels; see `landmarks`."""


@dataclass(frozen=True)
class Box:
    """One face as a detector finds it, in pixels of the searched image: the frame scaled to `faces.width`.

    The sides are coordinates, so that right - left is the width. `found_by` is the name of the detector, and
    `points` are its landmarks, () of a detector that gives none.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float
    found_by: str = ""
    points: Points = ()

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        return self.width * self.height

    def shifted(self, x: float, y: float) -> "Box":
        """Return the box moved by so many pixels."""
        return replace(
            self,
            left=self.left + x,
            top=self.top + y,
            right=self.right + x,
            bottom=self.bottom + y,
            points=tuple((px + x, py + y) for px, py in self.points),
        )


@dataclass(frozen=True)
class Face:
    """One face in frame pixels. The rectangle may reach beyond the frame; `score` is the detector's.

    `found_by` is the name of the detector. `points` are the landmarks, and `landmarker` the name of their
    convention in `landmarks.CONVENTIONS`; () and "" if there are none; `refined` says that a landmarker has
    refined the points of the detector. `edges` are the left, top, right and bottom of the rectangle before
    they were cut to whole pixels; () where they were never anything else.
    """

    x: int
    y: int
    width: int
    height: int
    score: float
    found_by: str = ""
    points: Points = ()
    landmarker: str = ""
    edges: tuple[float, ...] = ()
    refined: bool = False

    @property
    def xywh(self) -> tuple[int, int, int, int]:
        """The rectangle (x, y, width, height), as `crops.crop_square` takes it."""
        return self.x, self.y, self.width, self.height


def to_faces(boxes: list[Box], scale: float) -> list[Face]:
    """Return the boxes of an image as faces of the frame, sorted by area, then by score, largest first.

    The image is the frame scaled by `scale` (see `detectors.shrink`).
    """
    faces = []
    for box in sorted(boxes, key=lambda box: (-box.area, -box.score, box.left, box.top)):
        edges = tuple(edge / scale for edge in (box.left, box.top, box.right, box.bottom))
        points = tuple((x / scale, y / scale) for x, y in box.points)
        landmarker = box.found_by if points else ""
        faces.append(Face(*whole_pixels(edges), box.score, box.found_by, points, landmarker, edges))
    return faces


def whole_pixels(edges: tuple[float, ...]) -> tuple[int, int, int, int]:
    """Return x, y, width and height of a rectangle, its left, top, right and bottom cut to whole pixels."""
    left, top, right, bottom = (int(edge) for edge in edges)
    return left, top, right - left, bottom - top


def distance(one: Box, other: Box) -> float:
    """Return the distance between the centres of two boxes, in pixels, along the axis where it is greater."""
    across = abs(one.left + one.right - other.left - other.right) / 2
    down = abs(one.top + one.bottom - other.top - other.bottom) / 2
    return max(across, down)


def overlap(one: Box, other: Box) -> float:
    """Return the intersection over union of two boxes, 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one.area + other.area - shared)
