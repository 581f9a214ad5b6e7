"""The head of a network alone, on features that were computed before."""

import copy

import torch
from torch import Tensor, nn

from deepfake.networks.detector import Detector


class FeatureDetector(Detector):
    """A detector of features, float32 (N, D), instead of images: a copy of the head of another detector.

    Its network's state_dict has the keys of the head in the other one's.
    """

    def __init__(self, detector: Detector):
        head = copy.deepcopy(detector.head)
        mean, std = detector.mean.flatten().tolist(), detector.std.flatten().tolist()
        super().__init__(Alone(head, detector.head_name), mean, std, detector.fake, head=detector.head_name)

    def normalised(self, features: Tensor) -> Tensor:
        return features


class Alone(nn.Module):
    """A network of one layer, which is found by the `name` that it has in a larger network."""

    def __init__(self, layer: nn.Module, name: str):
        super().__init__()
        self.name = name
        *parents, last = name.split(".")
        module: nn.Module = self
        for parent in parents:
            module.add_module(parent, nn.Module())
            module = module.get_submodule(parent)
        module.add_module(last, layer)

    def forward(self, features: Tensor) -> Tensor:
        return self.get_submodule(self.name)(features)


def has_features(detector: Detector, size: int) -> bool:
    """Return whether the logits of `detector`, in evaluation mode, follow from an image's features alone.

    They don't where the last layers are no single Head, or it gets several rows of an image, or others come
    after it. Images have `size` pixels.
    """
    if detector.head is None:
        return False
    images = torch.randint(256, (2, 3, size, size), generator=torch.Generator(), dtype=torch.uint8)
    features = features_of(detector, images)
    if features.ndim != 2 or len(features) != len(images):
        return False
    with torch.inference_mode():
        logits = detector.logits(detector.head(features))
        return torch.allclose(logits, detector(images), rtol=1e-3, atol=1e-4)


def features_of(detector: Detector, images: Tensor) -> Tensor:
    """Return the features of `images` (N, 3, size, size) that the head of `detector` gets, float32 (N, D).

    They aren't scaled, whatever the head does. The detector is in evaluation mode.
    """
    head = detector.head
    l2, head.l2 = head.l2, False
    try:
        with torch.inference_mode():
            return detector(images, whole=True).features.float()
    finally:
        head.l2 = l2
