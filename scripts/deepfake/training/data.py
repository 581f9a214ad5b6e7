"""The images of a decoded dataset, as the batches of tensors that training takes."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from deepfake.checkpoints.torch_inference import as_tensor
from deepfake.errors import UserError
from deepfake.inputs.decoded import Decoded

GPU_SHARE = 0.5  # of a GPU's free memory that the images may take
WORKERS = 2  # processes that read ahead for a GPU; on a CPU they would take the cores from training


class Batch(NamedTuple):
    """`images` uint8 (n, 3, size, size), `labels` float32 (n,), and their `items`, int64 (n,).

    An item is the number of an image among those of its split, in the order of its rows.
    """

    images: Tensor
    labels: Tensor
    items: Tensor


def check_trainable(decoded: Decoded, source: object, fakes: bool = True) -> None:
    """Raise UserError, naming the file `source`, where train lacks a class or val has no images.

    Without `fakes` train needs none.
    """
    labels = decoded.rows["label"].to_numpy()
    needed = {0, 1} if fakes else {0}
    if missing := needed - set(labels[decoded.split("train")]):
        names = " and ".join({0: "real", 1: "fake"}[label] for label in sorted(missing))
        needs = "both classes are needed" if fakes else "they are needed, also with fakes: false"
        raise UserError(f"{source}: the split train has no {names} images; {needs}")
    if not len(decoded.split("val")):
        raise UserError(
            f"{source}: the split val is empty, and the best epoch is chosen by it; give val a part of the "
            "dataset's splits"
        )


def without_fakes(decoded: Decoded) -> Decoded:
    """Return the same images, but those of train that are fake belong to no split."""
    rows = decoded.rows
    left_out = (rows["split"] == "train") & (rows["label"] == 1)
    return replace(decoded, rows=rows.assign(split=rows["split"].mask(left_out, "")))


class Images(Dataset):
    """The images of one split, which gives whole batches.

    `rows` are theirs, with the columns decoded.ROWS. Images are read from the mapped file when they are
    requested, or held in the memory of a GPU where they take no more than GPU_SHARE of what is free. Tensors
    have the memory format channels_last.

    `blend`, if it is set, turns some images of a batch into fakes before they are augmented: it takes images,
    labels and items, and returns images and labels.
    """

    blend: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]] | None = None

    def __init__(self, decoded: Decoded, split: str, device: torch.device):
        self.decoded = decoded
        self.numbers = decoded.split(split)
        self.rows = decoded.rows.iloc[self.numbers]
        self.size = decoded.images.shape[1]
        self.labels = torch.from_numpy(self.rows["label"].to_numpy(np.float32))
        self.held = None
        in_bytes = len(self) * int(np.prod(decoded.images.shape[1:]))
        if device.type == "cuda" and in_bytes < GPU_SHARE * torch.cuda.mem_get_info(device)[0]:
            self.hold(device)

    def hold(self, device: torch.device) -> None:
        """Copy all images to `device`; batches are then gathered there."""
        self.held = torch.empty((len(self), self.size, self.size, 3), dtype=torch.uint8, device=device)
        for part in np.array_split(np.arange(len(self)), len(self) // 512 + 1):
            self.held[part[0] : part[-1] + 1] = torch.from_numpy(self.decoded.take(self.numbers[part]))
        self.labels = self.labels.to(device)

    @property
    def reads_ahead(self) -> bool:
        """Whether processes should read batches for a GPU."""
        return self.held is None

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitems__(self, items: list[int]) -> Batch:
        chosen = torch.tensor(items)
        if self.held is None:
            return Batch(as_tensor(self.decoded.take(self.numbers[items])), self.labels[items], chosen)
        chosen = chosen.to(self.held.device)
        return Batch(self.held[chosen].permute(0, 3, 1, 2), self.labels[chosen], chosen)


def train_and_val(decoded: Decoded, device: torch.device) -> tuple[Images, Images]:
    """Return the images of the two splits that training uses."""
    return Images(decoded, "train", device), Images(decoded, "val", device)


def make_loader(images: Dataset, batches: Iterable[list[int]], device: torch.device) -> DataLoader:
    """Return a loader of `batches` of `images`, which reads ahead for a GPU that doesn't hold them."""
    read_ahead = device.type == "cuda" and images.reads_ahead
    return DataLoader(
        images,
        batch_sampler=batches,
        generator=torch.Generator(),  # each pass draws from it, and would otherwise from training's generator
        collate_fn=_unchanged,
        num_workers=WORKERS if read_ahead else 0,
        pin_memory=read_ahead,
        persistent_workers=read_ahead,
    )


def _unchanged(batch: Batch) -> Batch:
    return batch  # __getitems__ returns whole batches
