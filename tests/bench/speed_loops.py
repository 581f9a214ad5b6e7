"""Training loops that are timed: the workflow's, a step on one batch in memory, and a plain script's.

All train on noise; bench_features.py and bench_gpu.py time them.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch
import yaml
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from deepfake.inputs.decoded import ROWS, Decoded, read_decoded, write_decoded
from deepfake.inputs.geometry import Geometry
from deepfake.networks.build import build
from deepfake.training import loop
from deepfake.training.distributed import launch
from deepfake.training.task import make_task

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["models"]["meso4"]
CLOCKS = {"wall": time.monotonic, "cpu": time.process_time}
FIRST = 2  # steps before the clock starts


def section(arch: str, **keys: object) -> dict:
    """Return the section of `models` that is timed: config.yaml's defaults, but nothing random."""
    plain = {"weights": None, "head": "new", "image_size": None, "epochs": 2, "schedule": "constant"}
    plain |= {"lr": 1e-5, "warmup": 0, "class_weights": "none", "patience": None, "augment": "off"}
    return DEFAULTS | plain | {"arch": arch} | keys


def write_noise(folder: Path, size: int, train: int, val: int = 8) -> Decoded:
    """Write a decoded dataset of noise to `folder`, and return it."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({name: "" for name in ROWS}, index=range(train + val))
    rows["image"] = rows["video"] = [f"{number:06d}" for number in range(len(rows))]
    rows["label"] = np.arange(len(rows)) % 2
    rows["split"] = ["train"] * train + ["val"] * val
    rows["frame"] = "0"
    images = (rng.integers(0, 256, (size, size, 3), np.uint8) for _ in range(len(rows)))
    files = folder / f"{size}.npy", folder / f"{size}.csv"
    write_decoded(images, rows, Geometry(size, size, "bilinear"), *files)
    return read_decoded(*files)


def use_clock(name: str) -> None:
    """Have the workflow's loop, too, count seconds of the clock `name`.

    Seconds of the CPU, on one thread, are those of an idle machine also where others work on it.
    """
    loop.time = SimpleNamespace(monotonic=CLOCKS[name])


def train_here(
    model: dict, decoded: Decoded, accelerator: str = "auto", features: Sequence[str] = ()
) -> dict:
    """Return the last row of the history of the workflow's training: `images_per_second`, `seconds`, ...

    `features` are files of train's and val's features, for `tune: head`.
    """
    built, threads = build(model, 0), torch.get_num_threads()
    with (
        tempfile.TemporaryDirectory() as folder,
        launch(model["precision"], accelerator, 1, threads) as processes,
    ):
        task = make_task(built, decoded, model, processes.fabric.device, features)
        own = task.detector, task.model, (1.0, 1.0), task.train, task.val
        trained = loop.fit(processes, *own, Path(folder) / "run", "bench", "", 0)
    return trained.history[-1]


def bare_step(net: nn.Module, batch: torch.Tensor, model: dict, steps: int, clock: str) -> float:
    """Return images a second of training steps of `net`, on `batch`, (N, 3, size, size), again and again."""
    optimizer = make_optimizer(net, model)
    labels = (torch.arange(len(batch), device=batch.device) % 2).float()
    for number in range(steps + FIRST):
        if number == FIRST:
            start = now(clock, batch.device)
        step(net, optimizer, batch, labels, model)
    return steps * len(batch) / (now(clock, batch.device) - start)


def plain_loop(
    net: nn.Module, scaling: Mapping, decoded: Decoded, model: dict, device: torch.device, clock: str
) -> float:
    """Return images a second of a script's last epoch, with uint8 images in memory, normalised in batches.

    `scaling` has the network's `mean` and `std`.
    """
    mean, std = (torch.tensor(scaling[name], device=device).view(1, 3, 1, 1) for name in ("mean", "std"))
    optimizer = make_optimizer(net, model)
    numbers, size = decoded.split("train"), model["batch_size"]
    labels = torch.tensor(decoded.rows["label"].to_numpy(), dtype=torch.float32)
    rng, first_of_batch = np.random.default_rng(0), range(0, len(numbers) - size + 1, size)
    for _ in range(model["epochs"]):
        start, order = now(clock, device), rng.permutation(numbers)
        for first in first_of_batch:
            chosen = order[first : first + size]
            images = torch.from_numpy(decoded.images[chosen]).to(device).permute(0, 3, 1, 2).float() / 255
            loss = step(net, optimizer, (images - mean) / std, labels[chosen].to(device), model)
            loss.item()  # for the progress bar
    return len(first_of_batch) * size / (now(clock, device) - start)


def make_optimizer(net: nn.Module, model: dict) -> torch.optim.Optimizer:
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(trained, model["lr"], weight_decay=model["weight_decay"])


def step(net: nn.Module, optimizer, images: torch.Tensor, labels: torch.Tensor, model: dict) -> torch.Tensor:
    """Make one step of cross-entropy with the gradient's norm limited, and return the loss."""
    with torch.autocast(images.device.type, torch.bfloat16, enabled=model["precision"] == "bf16"):
        logits = net(images)
    loss = binary_cross_entropy_with_logits(logits.float().flatten(), labels)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), model["clip"])
    optimizer.step()
    return loss


def now(clock: str, device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return CLOCKS[clock]()


def in_turns(loops: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Return the median of what each of `loops` gives, called in turns: the speed of machines drifts."""
    values = {name: [] for name in loops}
    for _ in range(rounds):
        for name, run in loops.items():
            values[name].append(run())
    return {name: statistics.median(numbers) for name, numbers in values.items()}
