"""Batches of a decoded dataset, as tensors."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, DistributedSampler

from deepfake.checkpoints.torch_inference import as_tensor
from deepfake.inputs.decoded import Decoded

ROOM = 0.5  # of a GPU's free memory that images may take
WORKERS = 2  # processes that read ahead for a GPU; on a CPU they would take the cores from training


@dataclass(frozen=True)
class Share:
    """Which part of the images one of several processes takes."""

    rank: int = 0
    world: int = 1


class Images(Dataset):
    """The images of one split; an item is a whole batch, uint8 (n, 3, size, size) and labels float32 (n,).

    They are read from the mapped file when asked for, or live on `device` where they fit there.
    """

    def __init__(self, decoded: Decoded, split: str, device: torch.device):
        self.decoded = decoded
        self.numbers = decoded.split(split)
        labels = decoded.rows["label"].to_numpy()[self.numbers]
        self.labels = torch.from_numpy(labels.astype(np.float32))
        self.held = None
        if device.type == "cuda" and self._bytes() < ROOM * torch.cuda.mem_get_info(device)[0]:
            self.hold(device)

    def hold(self, device: torch.device) -> None:
        """Copy all images to `device`, where batches are then gathered."""
        size = self.decoded.images.shape[1]
        self.held = torch.empty((len(self), size, size, 3), dtype=torch.uint8, device=device)
        for part in np.array_split(np.arange(len(self)), len(self) // 512 + 1):
            self.held[part[0] : part[-1] + 1] = torch.from_numpy(self.decoded.take(self.numbers[part]))
        self.labels = self.labels.to(device)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitems__(self, items: list[int]) -> tuple[Tensor, Tensor]:
        if self.held is None:
            return as_tensor(self.decoded.take(self.numbers[items])), self.labels[items]
        chosen = torch.tensor(items, device=self.held.device)
        return self.held[chosen].permute(0, 3, 1, 2), self.labels[chosen]

    def _bytes(self) -> int:
        return len(self) * int(np.prod(self.decoded.images.shape[1:]))


class Dealt(BatchSampler):
    """Batches of which each of several processes gets its share, dealt out one by one."""

    def __init__(self, order: DistributedSampler, batch: int, drop_last: bool, share: Share):
        super().__init__(order, batch, drop_last)
        self.share = share

    def __iter__(self) -> Iterator[list[int]]:
        for items in super().__iter__():
            yield items[self.share.rank :: self.share.world]


def loader(images: Images, batch: int, seed: int | None, share: Share, device: torch.device) -> DataLoader:
    """Batches in an order drawn from `seed` and the epoch, or in the split's own where `seed` is None.

    With a seed `batch` images are those of all processes together, and each gets its share of them: however
    many there are, a batch holds the same images. The last one is dropped where it isn't full, unless it is
    the only one. Without a seed each process gets its share of the split, in batches of its own, and some
    images come twice where they can't be shared out evenly.
    """
    if seed is not None:
        order = DistributedSampler(images, 1, 0, shuffle=True, seed=seed)
        batches = Dealt(order, batch, len(images) >= batch, share)
    else:
        order = DistributedSampler(images, share.world, share.rank, shuffle=False)
        batches = BatchSampler(order, batch, drop_last=False)
    ahead = device.type == "cuda" and images.held is None
    return DataLoader(
        images,
        batch_sampler=batches,
        generator=torch.Generator(),  # it draws a number for each epoch, which mustn't come out of training's
        collate_fn=_as_it_is,
        num_workers=WORKERS if ahead else 0,
        pin_memory=ahead,
        persistent_workers=ahead,
    )


def _as_it_is(batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return batch  # __getitems__ gives whole batches
