"""Which part of an image a face covers: convex hulls of its landmarks, or of those of a mean face.

Hulls lie in the coordinates of the mean face, fractions of the side of a crop of it, (x, y). An image whose
landmarks are known has an affine map that leads from its own coordinates to those; others count as crops of
the mean face.
"""

from typing import NamedTuple

import torch
from torch import Tensor

# Landmarks of a mean face in a crop with margin 1.3, as iBUG 300-W numbers them: symmetrical medians over
# 347 faces of FaceForensics++, Celeb-DF and DFDC.
JAW = ((0.14, 0.38), (0.15, 0.47), (0.16, 0.56), (0.17, 0.65), (0.21, 0.74), (0.26, 0.82), (0.33, 0.88))
JAW += ((0.41, 0.92), (0.50, 0.93))
BROW = ((0.22, 0.28), (0.26, 0.24), (0.32, 0.22), (0.38, 0.23), (0.44, 0.25))
MOUTH = ((0.37, 0.69), (0.41, 0.74), (0.46, 0.75))  # corner and lower edge
FIVE = ((0.713, 0.351), (0.592, 0.354), (0.287, 0.351), (0.408, 0.354), (0.500, 0.570))
"""The points of dlib's 5-point model: corners of the eyes, and the base of the nose."""

LIFT = 0.11  # by how much a hull with the forehead reaches above the brows
HULLS = (
    JAW + BROW,
    JAW + BROW + tuple((x, y - LIFT) for x, y in BROW),
    BROW + MOUTH,
)
"""The left halves of the hulls: all landmarks; these and the forehead; brows, eyes, nose and mouth alone.

As in the paper on self-blended images, a mask is the hull of all landmarks or of some of them."""

FIVE_OF_68 = [45, 42, 36, 39, 33]
FACE, BROWS, INNER = slice(0, 27), slice(17, 27), slice(17, 68)  # of the 68 points

SIZES = (0.3, 3.0)  # of a face, as multiples of the mean face's; landmarks that give others are not believed
MOST_ASIDE = 0.1  # of the nose, in the mean face's coordinates
TURNED = 2.0
"""By how much the hull of a face that is turned away is moved, as a multiple of how far the nose is aside,
the other way. On 100 real crops the intersection over union with the hull of 68 points was then 0.87;
0.82 without, and 0.76 with an affine map, which squeezes the hull, in place of a similarity."""


class Faces(NamedTuple):
    """Where the faces of n images lie, and their landmarks.

    `to_mean`, float32 (n, 2, 3), leads from fractions of an image's side to the mean face's coordinates: it
    turns, scales by `scales`, float32 (n,), and shifts. `turned`, float32 (n,), is by how much to the right
    the hull of a face is seen there that is turned away. `points`, float32 (n, 68, 2), are landmarks in the
    mean face's coordinates, None where five are known. `known`, bool (n,), says which images have landmarks:
    the others have the map that changes nothing, and points that mean nothing.
    """

    to_mean: Tensor
    scales: Tensor
    turned: Tensor
    points: Tensor | None
    known: Tensor


def place_faces(landmarks: Tensor) -> Faces:
    """Return where the faces lie whose `landmarks` are given, float32 (n, 5, 2) or (n, 68, 2), on the CPU.

    Landmarks are (x, y) in fractions of the side, those of dlib's models in their order, NaN where no face
    was found. Of five points only the mean face's hull can be seen, moved for a face that is turned away.
    """
    has_hull = landmarks.shape[1] == 68
    five = landmarks[:, FIVE_OF_68] if has_hull else landmarks
    known = torch.isfinite(landmarks).flatten(1).all(1)
    template = torch.tensor(FIVE, dtype=torch.float64)
    five = torch.where(known.view(-1, 1, 1), five.double(), template)
    to_mean = similarity(five, template)
    scales = torch.linalg.det(to_mean[:, :, :2]).abs().sqrt()
    known &= (1 / SIZES[1] < scales) & (scales < 1 / SIZES[0])
    none = torch.eye(2, 3, dtype=torch.float64)
    to_mean = torch.where(known.view(-1, 1, 1), to_mean, none)
    scales = torch.where(known, scales, 1.0)
    if has_hull:
        points, turned = apply(to_mean, landmarks.double().nan_to_num()).float(), torch.zeros(len(landmarks))
    else:
        nose = apply(to_mean, five)[:, 4, 0] - apply(to_mean, five)[:, :4, 0].mean(1)
        points, turned = None, torch.where(known, -TURNED * nose.clamp(-MOST_ASIDE, MOST_ASIDE), 0.0)
    return Faces(to_mean.float(), scales.float(), turned.float(), points, known)


def similarity(points: Tensor, targets: Tensor) -> Tensor:
    """Return the maps that turn, scale and shift `points` (n, k, 2) nearest to `targets` (k, 2): (n, 2, 3).

    By least squares (Umeyama 1991). Points that are all at one place give a map to the targets' middle.
    """
    middle = points.mean(1, keepdim=True)
    p = torch.view_as_complex((points - middle).contiguous())
    q = torch.view_as_complex((targets - targets.mean(0)).contiguous())
    a = (p.conj() * q).sum(1) / (p.abs() ** 2).sum(1).clamp_min(1e-9)
    linear = torch.stack((a.real, -a.imag, a.imag, a.real), 1).view(-1, 2, 2)
    return torch.cat((linear, targets.mean(0).view(1, 2, 1) - linear @ middle.mT), 2)


def apply(maps: Tensor, points: Tensor) -> Tensor:
    """Return `points` (n, k, 2) after affine `maps` (n, 2, 3)."""
    return points @ maps[:, :, :2].mT + maps[:, None, :, 2]


def hull_extents(count: int, normals: Tensor, faces: Faces | None = None) -> Tensor:
    """Return how far a random hull of each face extends along `normals`, (2, k): float32 (count, k).

    The normals, and the extents, are those of the mean face's coordinates. `faces` are `count`; None for mean
    faces. The three kinds of hull are equally frequent.
    """
    kinds = torch.randint(len(HULLS), (count,))
    whole = (torch.tensor(points + tuple((1 - x, y) for x, y in points)) for points in HULLS)
    extents = torch.stack([(points @ normals).amax(0) for points in whole])[kinds]
    if faces is None:
        return extents
    if faces.points is None:
        return extents + faces.turned.unsqueeze(1) * normals[0]
    along = faces.points @ normals
    lift = -LIFT * normals[1]
    face, brows, inner = (along[:, part].amax(1) for part in (FACE, BROWS, INNER))
    own = torch.stack((face, torch.maximum(face, brows + lift), inner), 1)[torch.arange(count), kinds]
    return torch.where(faces.known.unsqueeze(1), own, extents)
