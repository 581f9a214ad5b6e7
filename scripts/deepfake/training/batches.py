"""Which images of a split are in which batch."""

from collections.abc import Iterator

import pandas as pd
import torch
from torch.utils.data import Sampler


def train_batches(rows: pd.DataFrame, model: dict, seed: int, rank: int, world_size: int) -> "TrainBatches":
    """Return the batches that a model's section asks for, of the images `rows` (decoded.ROWS) of train."""
    return TrainBatches(len(rows), model["batch_size"], seed, rank, world_size)


class TrainBatches(Sampler[list[int]]):
    """One process's batches of the numbers 0 to `number` - 1, in a random order for each `epoch`.

    `batch_size` counts the images of all processes together, and each process takes every `world_size`-th
    image of a batch: a batch holds the same images whatever the number of processes. The last batch is left
    out where it isn't full, unless it is the only one. Set `epoch` before each pass.
    """

    def __init__(self, number: int, batch_size: int, seed: int, rank: int = 0, world_size: int = 1):
        self.number = number
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0

    def __len__(self) -> int:
        return max(1, self.number // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(self.number, generator=generator).tolist()
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield order[start : start + self.batch_size][self.rank :: self.world_size]


def val_batches(number: int, batch_size: int, rank: int = 0, world_size: int = 1) -> list[list[int]]:
    """Return one process's batches of the numbers 0 to `number` - 1, in order.

    Each process takes every `world_size`-th number. Where that doesn't come out even, the first numbers come
    again at the end, so that all processes have batches of the same sizes.
    """
    own = [index % number for index in range(rank, -(-number // world_size) * world_size, world_size)]
    return [own[start : start + batch_size] for start in range(0, len(own), batch_size)]
