"""Features in place of images, as the batches that training takes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.utils.data import Dataset

from deepfake.checkpoints.inference import sigmoid
from deepfake.checkpoints.torch_inference import as_tensor
from deepfake.errors import UserError
from deepfake.inputs.decoded import Decoded
from deepfake.inputs.mapped import MappedArray, map_array
from deepfake.networks.detector import Detector
from deepfake.networks.feature_detector import features_of
from deepfake.training.data import GPU_SHARE, Batch

MEMORY = 2e9  # bytes of features that are read into memory as a whole; of more, what a batch needs
ROWS = 4096  # features that a head gets at once
TOLERANCE = 0.05  # of their length, by which features of another machine may differ
AS_THEY_ARE = {"augment": "off", "self_blend": 0, "channels_last": False, "compile": False}
"""The settings of training that are meant for images, as features need them."""


class Features(Dataset):
    """The features of the images of one split, which gives whole batches; see data.Images.

    `features` has those of all images that `splits`, the split of each row, have in this split; `decoded` may
    have fewer in it. Of several views of an image each batch takes one, by torch's global random numbers.
    """

    size = 0  # pixels: it has none
    blend = None  # images alone are blended
    reads_ahead = False

    def __init__(
        self, features: MappedArray, splits: np.ndarray, decoded: Decoded, split: str, device: torch.device
    ):
        numbers = decoded.split(split)
        self.rows = decoded.rows.iloc[numbers]
        self.places = torch.from_numpy(np.searchsorted(np.flatnonzero(splits == split), numbers))
        self.labels = torch.from_numpy(self.rows["label"].to_numpy(np.float32))
        self.features, self.held = features, None
        size = features.array.nbytes
        limit = GPU_SHARE * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else MEMORY
        if size < limit:
            self.held = torch.from_numpy(features.take(np.arange(len(features.array)))).to(device)
            self.labels = self.labels.to(device)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, items: list[int]) -> Batch:
        chosen, views = torch.tensor(items), len(self.features.array)
        view = torch.randint(views, (len(items),)) if views > 1 else torch.zeros_like(chosen)
        place = self.places[chosen]
        if self.held is None:
            values = torch.from_numpy(self.features.take(view.numpy(), place.numpy()))
            return Batch(values, self.labels[chosen], chosen)
        chosen, view, place = (numbers.to(self.held.device) for numbers in (chosen, view, place))
        return Batch(self.held[view, place], self.labels[chosen], chosen)


def read_features(
    paths: Sequence[str], rows: str | Path, decoded: Decoded, detector: Detector, device: torch.device
) -> tuple[Features, Features] | None:
    """Return the features of train and val in the files `paths`; None if the network has none to be kept.

    `rows` is the table of the images that they were computed of, and `decoded` has the same, of which some
    may belong to no split any more. Raises UserError where the files can't be read, or are of other images or
    of another network than `detector`, by their number and by the first image of val.
    """
    train, val = (map_array(path) for path in paths)
    if train.array.shape[-1:] == (0,):
        return None
    splits = pd.read_csv(rows, usecols=["split"], dtype=str, keep_default_na=False)["split"].to_numpy()
    for path, mapped, split in zip(paths, (train, val), ("train", "val"), strict=True):
        shape, dtype, number = mapped.array.shape, mapped.array.dtype, int((splits == split).sum())
        if dtype != np.float32 or shape != (*shape[:1], number, detector.head.in_features):
            raise UserError(
                f"{path} holds {shape} {dtype}, and there are {number} images of {split} with "
                f"{detector.head.in_features} features; delete it and run again"
            )
    kept = [
        Features(mapped, splits, decoded, split, device) for mapped, split in ((train, "train"), (val, "val"))
    ]
    image = as_tensor(decoded.take(decoded.split("val")[:1]))
    first = features_of(detector.eval(), image)[0].numpy()
    detector.train()
    if np.linalg.norm(first - val.array[0, kept[1].places[0]]) > TOLERANCE * np.linalg.norm(first):
        raise UserError(
            f"{paths[1]} holds features of another network or other images; delete it and run again"
        )
    return kept[0], kept[1]


def predict_features(detector: Detector, val: Features) -> np.ndarray:
    """Return the probability of fake of each image of val by the head of `detector`, float32 (n,)."""
    with torch.inference_mode():
        parts = (torch.from_numpy(val.features.array[0, places]) for places in val.places.split(ROWS))
        logits = torch.cat([detector.logits(detector.head(part)) for part in parts])
    return sigmoid(logits.float().numpy())
