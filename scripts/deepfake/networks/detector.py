"""A network with what makes a detector of it: how pixels are scaled, and which output means fake."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Detector(nn.Module):
    """Gives the logit of fake, whatever the network's own outputs are.

    `network` maps float32 (N, 3, size, size), scaled by `mean` and `std` (of RGB, for pixels from 0 to 1), to
    (N, 1), the logit of fake, or (N, 2), a logit for each class, of which `fake` is the number of fake's. The
    loss of the difference of two logits is the cross-entropy of both, so that one loss serves all networks.
    """

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float], fake: int = 1):
        super().__init__()
        self.network = network
        self.fake = fake
        shape = (1, 3, 1, 1)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(shape), persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(shape), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of fake, (N,), of `images`, (N, 3, size, size): uint8, or float from 0 to 1."""
        pixels = images.float() / 255 if images.dtype == torch.uint8 else images
        out = self.network((pixels - self.mean) / self.std)
        return out[:, 0] if out.shape[1] == 1 else out[:, self.fake] - out[:, 1 - self.fake]
