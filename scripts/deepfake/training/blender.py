"""Turns real images of a batch into self-blended fakes, as a model's section of the config says."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from deepfake.networks.blend_settings import keeps_originals, takes_neighbours
from deepfake.training.blend_sources import find_sources
from deepfake.training.data import Images
from deepfake.training.self_blending import Sources, self_blend


class Blender:
    """Blends batches of `images`, those of train.

    `model` is the section of the config. `landmarks` are those of the images, float32 (n, P, 2), in fractions
    of the side, NaN where no face was found; None for mean faces. `people` says who is seen, text (n,), "" if
    unknown, so that nobody's face is taken for the same person's; None if that isn't known of anybody.
    """

    def __init__(
        self,
        model: dict,
        images: Images,
        landmarks: np.ndarray | None = None,
        people: np.ndarray | None = None,
        seed: int = 0,
    ):
        self.share, self.keeps_originals = model["self_blend"], keeps_originals(model)
        self.frames = model["frames"]
        self.images = images
        self.landmarks = None if landmarks is None else torch.from_numpy(landmarks)
        rows: pd.DataFrame = images.rows
        self.sources = None
        if takes_neighbours(model):
            self.sources = torch.from_numpy(find_sources(landmarks, rows, people, seed))

    def __call__(self, images: Tensor, labels: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """Return images and labels of a batch, in which real images have become fakes.

        `images` are uint8 (n, 3, H, W), `labels` float32 (n,), real = 0 and fake = 1, and `items` the images'
        numbers, int64 (n,). Each real image, or set of frames of one video, becomes a fake with the model's
        probability; or, where originals are kept, the batch becomes twice as large, and its second half has
        the fakes. The arguments are not changed. All random numbers come from torch's global CPU generator.
        """
        if self.keeps_originals:
            fakes = self._blend(images, items.cpu())
            return torch.cat((images, fakes)), torch.cat((labels, torch.ones_like(labels)))
        drawn = torch.rand(len(labels) // self.frames) < self.share
        selected = drawn.repeat_interleave(self.frames).to(labels.device)
        chosen = torch.nonzero((labels == 0) & selected).flatten()
        if len(chosen) == 0:
            return images, labels
        labels, result = labels.clone(), images.clone()
        labels[chosen] = 1.0
        result[chosen] = self._blend(images[chosen], items[chosen.to(items.device)].cpu())
        return result, labels

    def _blend(self, images: Tensor, items: Tensor) -> Tensor:
        landmarks = None if self.landmarks is None else self.landmarks[items]
        return self_blend(images, landmarks, self._draw_sources(items, images.device))

    def _draw_sources(self, items: Tensor, device: torch.device) -> Sources | None:
        """Draw one of the neighbours of each image."""
        if self.sources is None:
            return None
        near = self.sources[items]
        count = (near >= 0).sum(1)
        drawn = (torch.rand(len(items)) * count).long().clamp_max((count - 1).clamp_min(0))
        numbers = near.gather(1, drawn.unsqueeze(1)).flatten()
        numbers = torch.where(count > 0, numbers, items)
        others = self.images.__getitems__(numbers.tolist()).images
        return Sources(others.to(device), self.landmarks[numbers], count > 0)
