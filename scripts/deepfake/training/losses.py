"""The loss of a batch."""

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from deepfake.networks.detector import Outputs

UNIFORMITY_SCALE = 2  # t of the uniformity
LEAST_POTENTIAL = 1e-6  # of the uniformity's logarithm, which has no end where all features are far apart


def training_loss(
    outputs: Outputs, labels: Tensor, weights: Tensor, total: Tensor | None, model: dict
) -> Tensor:
    """Return the loss of a batch as a model's section describes it, a scalar.

    Of the section count `loss` and `focal_gamma`, `label_smoothing`, `uniformity` and `alignment`, and
    `frames`. `labels` (N,) are 0 to 1, `weights` (N,) those of the images, and `total` the sum of the weights
    of the whole batch, of which other processes may have a share.

    Where `frames` is n > 1, each n images in turn are frames of one video, and the loss is the mean of that
    of the images and that of the videos, whose logits are pooled by attention. Uniformity and alignment are
    those of this process's share, and count by its part of the weights.
    """
    smoothing, frames = model["label_smoothing"], model["frames"]
    targets = labels * (1 - smoothing) + smoothing / 2
    gamma = model["focal_gamma"] if model["loss"] == "focal" else 0
    loss = weighted_loss(outputs.logits, targets, weights, total, gamma)
    if frames > 1:
        pooled = pool_frames(outputs.logits, outputs.attention, frames)
        every = slice(None, None, frames)
        of_sets = None if total is None else total / frames
        loss = (loss + weighted_loss(pooled, targets[every], weights[every], of_sets, gamma)) / 2
    if model["uniformity"] or model["alignment"]:
        features = functional.normalize(outputs.features.float(), dim=-1)
        share = 1 if total is None else weights.sum() / total
        loss = loss + share * model["uniformity"] * uniformity(features)
        loss = loss + share * model["alignment"] * alignment(features, labels > 0.5)
    return loss


def weighted_loss(
    logits: Tensor, targets: Tensor, weights: Tensor, total: Tensor | None = None, gamma: float = 0
) -> Tensor:
    """Return the weighted mean of the images' focal loss, a scalar; with a `gamma` of 0 the cross-entropy.

    `logits`, `targets` (from 0 to 1) and `weights` have the shape (N,). `total` is the sum of the weights;
    it is larger than that of `weights` where other processes have a share of the batch. The loss of an image
    is its cross-entropy times (1 - p)^`gamma`, where p is the probability of its class (Lin et al., "Focal
    Loss for Dense Object Detection", ICCV 2017).
    """
    if gamma:
        losses = sigmoid_focal_loss(logits.float(), targets, alpha=-1, gamma=gamma, reduction="none")
    else:
        losses = functional.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none")
    return (losses * weights).sum() / (weights.sum() if total is None else total)


def pool_frames(logits: Tensor, attention: Tensor, frames: int) -> Tensor:
    """Return the logit of each video, (N / `frames`,): the mean of its frames' logits, weighed by attention.

    `logits` and the scores `attention` are (N,), `frames` images of each video in turn. The weights of a
    video are the softmax of its scores. For a linear head it is the logit of the features' weighed mean.
    """
    weights = attention.float().view(-1, frames).softmax(dim=1)
    return (weights * logits.float().view(-1, frames)).sum(dim=1)


def uniformity(features: Tensor) -> Tensor:
    """Return how near the features are to each other, a scalar: log of the mean of exp(-2 d^2) of all pairs.

    `features` (N, D) have length 1. It is 0 where all are the same, and for fewer than two (Wang and Isola,
    "Understanding Contrastive Representation Learning through Alignment and Uniformity on the Hypersphere",
    ICML 2020; here as GenD uses it for deepfakes, WACV 2026).
    """
    if len(features) < 2:
        return features.sum() * 0
    potentials = (-UNIFORMITY_SCALE * _distances(features)).exp()
    pairs = torch.ones_like(potentials).triu(diagonal=1)
    return ((potentials * pairs).sum() / pairs.sum()).clamp(min=LEAST_POTENTIAL).log()


def alignment(features: Tensor, classes: Tensor) -> Tensor:
    """Return the mean squared distance of the pairs of features (N, D) of one class, a scalar.

    `classes` (N,) are compared by equality. Without such a pair it is 0. For the source see `uniformity`.
    """
    pairs = (classes[:, None] == classes).to(features.dtype).triu(diagonal=1)
    return (_distances(features) * pairs).sum() / pairs.sum().clamp(min=1)


def _distances(features: Tensor) -> Tensor:
    """Return the squared distances of features (N, D) of length 1, (N, N)."""
    return (2 - 2 * features @ features.T).clamp(min=0)
