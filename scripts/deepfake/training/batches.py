"""Which images of a split are in which batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from torch.utils.data import Sampler

from deepfake.errors import UserError
from deepfake.training.balanced import Balanced
from deepfake.training.batch_settings import batch_conflict, group_size
from deepfake.training.frame_sets import Videos, draw_sets
from deepfake.training.pairs import Pairs


class Groups(Protocol):
    """Images of train in groups that stay together, `number` of them in each epoch."""

    number: int

    def groups(self, epoch: int) -> np.ndarray:
        """Return the groups of an epoch, counted from 0, int64 (number, images of a group)."""


def train_batches(rows: pd.DataFrame, model: dict, seed: int, rank: int, world_size: int) -> "TrainBatches":
    """Return the batches that a model's section asks for, of the images `rows` (decoded.ROWS) of train.

    Raises UserError if `batch_size` isn't a multiple of what belongs together.
    """
    if problem := batch_conflict(model):
        raise UserError(problem)
    batches, frames = model["batches"], model["frames"]
    if batches == "pairs":
        groups: Groups = Pairs(rows, frames, seed)
    elif batches == "balanced":
        groups = Balanced(rows, frames, seed)
    else:
        groups = RandomImages(len(rows), seed) if frames == 1 else RandomSets(rows, frames, seed)
    return TrainBatches(groups, model["batch_size"] // group_size(model), rank, world_size)


class TrainBatches(Sampler[list[int]]):
    """One process's batches of the numbers of train's images, in a random order for each `epoch`.

    A batch has `size` of the groups, those of all processes together, and each process takes every
    `world_size`-th group of it: a batch holds the same images whatever the number of processes. The last
    batch is left out where it isn't full, unless it is the only one. Set `epoch` before each pass.
    """

    def __init__(self, groups: Groups, size: int, rank: int = 0, world_size: int = 1):
        self.groups = groups
        self.size = min(size, groups.number)
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0

    def __len__(self) -> int:
        return self.groups.number // self.size

    @property
    def images(self) -> int:
        """How many images an epoch has, those of all processes together."""
        return len(self) * self.size * self.groups.groups(0).shape[1]

    def __iter__(self) -> Iterator[list[int]]:
        groups = self.groups.groups(self.epoch)
        for start in range(0, len(self) * self.size, self.size):
            yield groups[start : start + self.size][self.rank :: self.world_size].ravel().tolist()


@dataclass(frozen=True)
class RandomImages:
    """Each of `number` images once in an epoch, a group of its own."""

    number: int
    seed: int

    def groups(self, epoch: int) -> np.ndarray:
        generator = torch.Generator().manual_seed(self.seed + epoch)
        return torch.randperm(self.number, generator=generator).numpy()[:, None]


class RandomSets:
    """Sets of frames of one video each (see `draw_sets`), a group each; `rows` are decoded.ROWS."""

    def __init__(self, rows: pd.DataFrame, frames: int, seed: int):
        self.of_video, self.frames, self.seed = Videos(rows).of_image, frames, seed
        self.number = len(self.groups(0))

    def groups(self, epoch: int) -> np.ndarray:
        rng = np.random.default_rng([self.seed, epoch])
        return draw_sets(np.arange(len(self.of_video)), self.of_video, self.frames, rng)


def val_batches(number: int, batch_size: int, rank: int = 0, world_size: int = 1) -> list[list[int]]:
    """Return one process's batches of the numbers 0 to `number` - 1, in order.

    Each process takes every `world_size`-th number. Where that doesn't come out even, the first numbers come
    again at the end, so that all processes have batches of the same sizes.
    """
    own = [index % number for index in range(rank, -(-number // world_size) * world_size, world_size)]
    return [own[start : start + batch_size] for start in range(0, len(own), batch_size)]
