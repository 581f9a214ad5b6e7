"""A network and what makes it a detector: how its pixels are normalised, and which output means fake."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from deepfake.networks.cost import Cost
from deepfake.networks.heads import Head


class Outputs(NamedTuple):
    """What a detector says of N images: `logits` of fake, (N,), and what training needs beside them.

    `features` are those that the head got, (N, D), None where the head is no single linear layer.
    `attention` are the scores by which an image is weighed among the frames of its video, (N,), None without.
    """

    logits: Tensor
    features: Tensor | None = None
    attention: Tensor | None = None


class Detector(nn.Module):
    """Returns the logit of fake, whatever outputs the network has.

    `network` maps float32 (N, 3, size, size), normalised by `mean` and `std` (of RGB in [0, 1]), to (N, 1),
    the logit of fake, or to (N, 2), a logit for each class, of which number `fake` is fake. In the latter
    case the logit of fake is the difference of the two: its binary cross-entropy equals the cross-entropy of
    both, so one loss serves all networks. `cost` is what the network takes for one image, None if unknown.
    `head` is the name of its Head, None where it has none. `still` are the modules that stay in evaluation
    mode when the others are trained.
    """

    def __init__(
        self,
        network: nn.Module,
        mean: Sequence[float],
        std: Sequence[float],
        fake: int = 1,
        cost: Cost | None = None,
        head: str | None = None,
    ):
        super().__init__()
        self.network = network
        self.fake = fake
        self.cost = cost
        self.head_name = head
        self.still: Sequence[nn.Module] = ()
        shape = (1, 3, 1, 1)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(shape), persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(shape), persistent=False)

    @property
    def head(self) -> Head | None:
        return None if self.head_name is None else self.network.get_submodule(self.head_name)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        for module in self.still:
            module.training = False
        return self

    def forward(self, images: Tensor, whole: bool = False) -> Tensor | Outputs:
        """Return logits of fake, (N,), of `images` (N, 3, size, size), uint8 or float in [0, 1].

        With `whole` these are Outputs.
        """
        head = self.head if whole else None
        if head is not None:
            head.keeps = True
        outputs = self.network(self.normalised(images))
        logits = self.logits(outputs)
        if not whole:
            return logits
        if head is None:
            return Outputs(logits)
        head.keeps = False
        return Outputs(logits, *head.take_features())

    def normalised(self, images: Tensor) -> Tensor:
        """Return images, uint8 or float in [0, 1], as the network takes them."""
        return (scale_to_one(images) - self.mean) / self.std

    def logits(self, outputs: Tensor) -> Tensor:
        """Return logits of fake, (N,), of the outputs (N, 1) or (N, 2) of the network, or of its head."""
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, self.fake] - outputs[:, 1 - self.fake]


def scale_to_one(images: Tensor) -> Tensor:
    """Return uint8 images as float32 in [0, 1]; float images as they are."""
    return images.float() / 255 if images.dtype == torch.uint8 else images
