"""The features of a dataset's images, computed once for all models that train a head on top of them.

Only train, in `feature_views` augmented views, and val, as it is, have them: nothing else is trained on.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from deepfake.checkpoints.torch_inference import as_tensor
from deepfake.hashing import seeded_hash
from deepfake.inputs.decoded import Decoded
from deepfake.inputs.mapped import write_header
from deepfake.networks.detector import Detector
from deepfake.networks.feature_detector import features_of
from deepfake.training.augmentation import augmentation

CHUNK = 256
"""Images that are augmented together. Their random numbers depend on it, and on no machine."""

BATCH = {"cuda": 128, "cpu": 32}  # images that the network takes at once, where they are fastest


@dataclass(frozen=True)
class Chunk:
    """Some images in one view: their row `numbers`, (n,), and the place `start` of the first in the split."""

    view: int
    start: int
    numbers: np.ndarray


def compute_features(
    fabric: Fabric,
    detector: Detector,
    section: dict,
    decoded: Decoded,
    split: str,
    path: Path,
    check_owner: Callable[[], None],
    advance: Callable[[int], None],
) -> None:
    """Write the features of a split to `path`, .npy, float32 (views, n, D), in the order of its rows.

    `section` is an `encoder_section`, and `detector`, in evaluation mode and on fabric's device, its network.
    train has `feature_views` views, each augmented by its own random numbers, and is computed in the
    section's precision; val is one view, not augmented, in float32, like all predictions. A file that an
    earlier call didn't finish is continued. `check_owner` is called before each write, and `advance` with the
    number of images after it.
    """
    is_train = split == "train"
    augment = augmentation(section["augment"] if is_train else "off", decoded.images.shape[1])
    numbers, views = decoded.split(split), section["feature_views"] if is_train else 1

    def load(chunk: Chunk) -> Tensor:
        images = as_tensor(decoded.take(chunk.numbers)).to(fabric.device)
        torch.manual_seed(seeded_hash(section["seed"] or 0, "features", chunk.view, chunk.start) % 2**63)
        return augment(images)

    chunks = [
        Chunk(view, start, numbers[start : start + CHUNK])
        for view in range(views)
        for start in range(0, len(numbers), CHUNK)
    ]
    shape = views, len(numbers), detector.head.in_features
    with open(path, "ab") as file:
        done = keep_whole(file, shape, [len(chunk.numbers) for chunk in chunks])
        advance(sum(len(chunk.numbers) for chunk in chunks[:done]))
        with fabric.autocast() if is_train else nullcontext():
            for images in ahead(chunks[done:], load):
                parts = images.split(BATCH.get(images.device.type, 32))
                features = torch.cat([features_of(detector, part) for part in parts])
                check_owner()
                file.write(features.cpu().numpy().data)
                file.flush()  # it outlives a kill
                advance(len(images))


def keep_whole(file: io.BufferedIOBase, shape: tuple[int, ...], sizes: list[int]) -> int:
    """Cut a file of features behind its last whole chunk, and return how many chunks it has.

    `file` is open to append. A new one gets its header. `shape` is that of the whole array, and `sizes` are
    the rows of the chunks.
    """
    header = io.BytesIO()
    write_header(header, "<f4", shape)
    length, row = len(header.getvalue()), 4 * shape[-1]
    if file.tell() < length:
        file.truncate(0)
        file.write(header.getvalue())
        return 0
    rows = (file.tell() - length) // row
    ends = np.cumsum(sizes)
    done = int(np.searchsorted(ends, rows, side="right"))
    file.truncate(length + row * int(ends[done - 1] if done else 0))
    return done


def ahead(items: Iterable[Chunk], load: Callable[[Chunk], Tensor]) -> Iterator[Tensor]:
    """Yield what `load` makes of each item; a thread makes the next one in the meantime."""
    with ThreadPoolExecutor(1) as thread:
        waiting = None
        for item in items:
            following = thread.submit(load, item)
            if waiting:
                yield waiting.result()
            waiting = following
        if waiting:
            yield waiting.result()
