"""Runs of training on a made dataset, and what is the same in two of them."""

import torch
from made.decoded import MODEL, SIZE, forget_times
from torch import nn

from deepfake.inputs.decoded import read_decoded
from deepfake.networks.build import build
from deepfake.networks.detector import Detector
from deepfake.training.fit import Fitted, Machine, fit

STILL = {"lr": 1e-7, "optimizer": "adam", "weight_decay": 0.0}  # so little that macro F1 stays


def run(made, folder, detector=None, seed=5, weights=(1.0, 1.0), mark="mark", **changes) -> Fitted:
    model = MODEL | changes
    detector = detector or build(model, seed).detector
    decoded = read_decoded(made.images, made.rows)
    return fit(detector, model, weights, decoded, folder, "made/tiny", mark, seed, Machine("cpu"))


def linear(seed: int = 0) -> Detector:
    """A detector without dropout and normalisation, so that only its inputs and the optimiser matter."""
    torch.manual_seed(seed)
    return Detector(nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE * SIZE, 1)), [0.5] * 3, [0.5] * 3)


def same(one: Fitted, other: Fitted) -> bool:
    """Whether histories, best epochs and all weights are the same to the last bit."""
    if forget_times(one.history) != forget_times(other.history) or one.best != other.best:
        return False
    states = [(one.state(name), other.state(name)) for name in one.weights]
    return one.weights.keys() == other.weights.keys() and all(
        a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a) for a, b in states
    )


def column(fitted: Fitted, name: str) -> list[float]:
    return [row[name] for row in fitted.history]
