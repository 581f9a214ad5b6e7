"""What is trained, and on what: a network on images, or its head alone on features that were kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from deepfake.checkpoints.dataset_inference import predict_split
from deepfake.checkpoints.torch_inference import logits_function
from deepfake.console import log
from deepfake.inputs.decoded import Decoded
from deepfake.networks.build import Built
from deepfake.networks.detector import Detector
from deepfake.networks.feature_detector import FeatureDetector
from deepfake.training.data import Images, train_and_val
from deepfake.training.feature_data import AS_THEY_ARE, Features, predict_features, read_features


@dataclass(frozen=True, eq=False)
class Task:
    """What `fit` gets: the detector, the items of train and val, and the model's section for these.

    `rest` is the state of the network beside what is trained, where `detector` is a part of it. `predict_val`
    returns the probability of fake of each image of val by the whole network, float32 (n,).
    """

    detector: Detector
    train: Images | Features
    val: Images | Features
    model: dict
    predict_val: Callable[[], np.ndarray]
    rest: Mapping[str, Tensor] = field(default_factory=dict)


def make_task(
    built: Built,
    decoded: Decoded,
    model: dict,
    device: torch.device,
    features: Sequence[str] = (),
    rows: str | Path = "",
) -> Task:
    """Return the task of training a network on a decoded dataset, or its head on the files `features`.

    These are the arrays of train and val that features.py wrote for the images of the table `rows`. Where
    they hold none, since they can't be kept for this network, it is trained on the images. Raises UserError
    if they don't belong to both.
    """
    if features:
        if kept := read_features(features, rows, decoded, built.detector, device):
            return _on_features(built, model, *kept)
        log.info("no features are kept of this network, so each epoch goes through its images")

    def predict_val() -> np.ndarray:
        return predict_split(logits_function(built.detector), [decoded], "val")

    return Task(built.detector, *train_and_val(decoded, device), model, predict_val)


def _on_features(built: Built, model: dict, train: Features, val: Features) -> Task:
    def predict_val() -> np.ndarray:
        return predict_features(built.detector, val)

    rest = {key: value.clone() for key, value in built.detector.network.state_dict().items()}
    return Task(FeatureDetector(built.detector), train, val, model | AS_THEY_ARE, predict_val, rest)
