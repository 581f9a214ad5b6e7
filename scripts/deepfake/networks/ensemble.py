"""Several detectors, or several views of one, that judge as one: the weighted sum of their logits."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from deepfake.inputs.geometry import Geometry
from deepfake.networks.detector import Detector
from deepfake.networks.views import WHOLE, View, as_facts, compose, look


@dataclass(frozen=True, eq=False)
class Part:
    """A detector of an ensemble: what it takes, the views that it takes of it, and how much it counts."""

    detector: Detector
    geometry: Geometry
    views: Sequence[View]
    weight: float


class Ensemble(nn.Module):
    """Gives the logit of fake: over its parts the sum of weight times mean logit of the part's views, over T.

    `geometries` are the distinct ones of its parts, in their order; `widest` is the largest number of views,
    by which a batch grows on its way. One part of weight 1, whole images and T = 1 is the plain detector.
    """

    def __init__(self, parts: Sequence[Part], temperature: float = 1.0):
        super().__init__()
        self.detectors = nn.ModuleList(part.detector for part in parts)
        self.views = [tuple(part.views) for part in parts]
        self.weights = [part.weight for part in parts]
        self.geometries = distinct([part.geometry for part in parts])
        self.places = [self.geometries.index(part.geometry) for part in parts]
        self.temperature = temperature
        self.widest = max(map(len, self.views))

    def forward(self, *images: Tensor) -> Tensor:
        """Logits of fake, (N,), of the same images at each of `geometries`: (N, 3, size, size) each, uint8 or
        float from 0 to 1."""
        pixels = [one.float() / 255 if one.dtype == torch.uint8 else one for one in images]
        logits = [
            weight * detector(look(pixels[place], views)).unflatten(0, (len(views), -1)).mean(0)
            for detector, views, weight, place in zip(
                self.detectors, self.views, self.weights, self.places, strict=True
            )
        ]
        return sum(logits[1:], logits[0]) / self.temperature


def distinct(geometries: Sequence[Geometry]) -> list[Geometry]:
    """Each once, in the order in which they come."""
    return list(dict.fromkeys(geometries))


def parts_of(checkpoint: dict) -> list[dict]:
    """The parts that a checkpoint is the sum of, its temperature in their weights; one for a single network.

    Of a part the keys are network, state, geometry, mean, std, views and weight.
    """
    if "parts" not in checkpoint:
        keys = ("network", "state", "geometry", "mean", "std")
        whole = {"views": as_facts([WHOLE]), "weight": 1.0}
        return [{key: checkpoint[key] for key in keys} | whole]
    return [part | {"weight": part["weight"] / checkpoint["temperature"]} for part in checkpoint["parts"]]


def flatten(members: Sequence[dict], weights: Sequence[float], views: Sequence[View]) -> list[dict]:
    """The parts of the sum of some checkpoints, with these `weights`, of these `views`.

    Members may be ensembles themselves; theirs are views of the views.
    """
    return [
        part
        | {
            "weight": weight * part["weight"],
            "views": as_facts(compose(views, [View(**facts) for facts in part["views"]])),
        }
        for member, weight in zip(members, weights, strict=True)
        for part in parts_of(member)
    ]
