"""Ensembles: several detectors, or several views of one, whose logits are summed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from torch import Tensor, nn

from deepfake.inputs.geometry import Geometry
from deepfake.networks.cost import Cost
from deepfake.networks.detector import Detector, scale_to_one
from deepfake.networks.views import WHOLE, View, apply_views, compose


@dataclass(frozen=True, eq=False)
class Part:
    """One detector of an ensemble: its geometry, the views that it gets of each image, and its weight."""

    detector: Detector
    geometry: Geometry
    views: Sequence[View]
    weight: float


class Ensemble(nn.Module):
    """The logit of fake: the sum over all parts of weight times mean logit over the part's views, over T.

    T is the `temperature`. `geometries` are the distinct ones of the parts, in their order, and `inputs` says
    which of them each part takes. `max_views` is the largest number of views of a part, `cost` what one image
    takes, None if unknown. One part of weight 1
    with the whole image and T = 1 gives exactly the logits of its detector.
    """

    def __init__(self, parts: Sequence[Part], temperature: float = 1.0):
        super().__init__()
        self.detectors = nn.ModuleList(part.detector for part in parts)
        self.views = [tuple(part.views) for part in parts]
        self.weights = [part.weight for part in parts]
        self.geometries = list(dict.fromkeys(part.geometry for part in parts))
        self.inputs = [self.geometries.index(part.geometry) for part in parts]
        self.temperature = temperature
        self.max_views = max(map(len, self.views))
        self.cost = _total_cost(parts)

    def forward(self, *images: Tensor) -> Tensor:
        """Return logits of fake, (N,).

        `images` are the same N images at each of `geometries`: (N, 3, size, size), uint8 or float in [0, 1].
        """
        pixels = [scale_to_one(batch) for batch in images]
        logits = [
            weight * detector(apply_views(pixels[number], views)).unflatten(0, (len(views), -1)).mean(0)
            for detector, views, weight, number in zip(
                self.detectors, self.views, self.weights, self.inputs, strict=True
            )
        ]
        return sum(logits[1:], logits[0]) / self.temperature


def _total_cost(parts: Sequence[Part]) -> Cost | None:
    """Return what one image takes of all parts: their operations in all, and the most memory of one."""
    costs = [(part.detector.cost, len(part.views)) for part in parts]
    if any(cost is None for cost, _ in costs):
        return None
    return Cost(
        max(cost.memory * views for cost, views in costs),
        sum(cost.operations * views for cost, views in costs),
    )


def parts_of(checkpoint: dict) -> list[dict]:
    """Return the parts that a checkpoint sums, its temperature in their weights; one for a single network.

    A part has the keys network, state, geometry, mean, std, views and weight.
    """
    if "parts" not in checkpoint:
        keys = ("network", "state", "geometry", "mean", "std")
        return [{key: checkpoint[key] for key in keys} | {"views": [asdict(WHOLE)], "weight": 1.0}]
    return [part | {"weight": part["weight"] / checkpoint["temperature"]} for part in checkpoint["parts"]]


def flatten(members: Sequence[dict], weights: Sequence[float], views: Sequence[View]) -> list[dict]:
    """Return the parts of the weighted sum of the checkpoints `members`, each seen in `views`.

    A member may be an ensemble itself; then its parts get views of views.
    """
    return [
        part
        | {
            "weight": weight * part["weight"],
            "views": [asdict(view) for view in compose(views, [View(**view) for view in part["views"]])],
        }
        for member, weight in zip(members, weights, strict=True)
        for part in parts_of(member)
    ]
