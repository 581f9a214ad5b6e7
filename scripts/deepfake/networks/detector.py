"""A network and what makes it a detector: how its pixels are normalised, and which output means fake."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from deepfake.networks.cost import Cost


class Detector(nn.Module):
    """Returns the logit of fake, whatever outputs the network has.

    `network` maps float32 (N, 3, size, size), normalised by `mean` and `std` (of RGB in [0, 1]), to (N, 1),
    the logit of fake, or to (N, 2), a logit for each class, of which number `fake` is fake. In the latter
    case the logit of fake is the difference of the two: its binary cross-entropy equals the cross-entropy of
    both, so one loss serves all networks. `cost` is what the network takes for one image, None if unknown.
    """

    def __init__(
        self,
        network: nn.Module,
        mean: Sequence[float],
        std: Sequence[float],
        fake: int = 1,
        cost: Cost | None = None,
    ):
        super().__init__()
        self.network = network
        self.fake = fake
        self.cost = cost
        shape = (1, 3, 1, 1)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(shape), persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(shape), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits of fake, (N,), of `images` (N, 3, size, size), uint8 or float in [0, 1]."""
        outputs = self.network((scale_to_one(images) - self.mean) / self.std)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, self.fake] - outputs[:, 1 - self.fake]


def scale_to_one(images: Tensor) -> Tensor:
    """Return uint8 images as float32 in [0, 1]; float images as they are."""
    return images.float() / 255 if images.dtype == torch.uint8 else images
