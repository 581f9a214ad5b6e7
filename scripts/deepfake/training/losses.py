"""The loss of a batch."""

from torch import Tensor
from torch.nn import functional

from deepfake.networks.detector import Outputs


def training_loss(
    outputs: Outputs, labels: Tensor, weights: Tensor, total: Tensor | None, model: dict
) -> Tensor:
    """Return the loss of a batch as a model's section describes it (`label_smoothing`), a scalar.

    `labels` (N,) are 0 to 1, `weights` (N,) those of the images, and `total` the sum of the weights of the
    whole batch, of which other processes may have a share.
    """
    smoothing = model["label_smoothing"]
    targets = labels * (1 - smoothing) + smoothing / 2
    return weighted_loss(outputs.logits, targets, weights, total)


def weighted_loss(logits: Tensor, targets: Tensor, weights: Tensor, total: Tensor | None = None) -> Tensor:
    """Return the weighted mean of the images' cross-entropy, a scalar.

    `logits`, `targets` (from 0 to 1) and `weights` have the shape (N,). `total` is the sum of the weights;
    it is larger than that of `weights` where other processes have a share of the batch.
    """
    losses = functional.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none")
    return (losses * weights).sum() / (weights.sum() if total is None else total)
