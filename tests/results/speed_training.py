"""Images per second of CPU time in training and for features: the workflow's, timm's own, and a plain loop.

All train the same network on the same files, on one thread, without augmentation if not said otherwise. They
run in turns. timm's own program, train.py, isn't in its package: it is run from a checkout.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import bench_features
import timm
import torch
from bench_training import BATCH, decode, tutorial
from results.speed_process import run_measured
from speed_loops import bare_step, in_turns, section, train_here
from timm.data import create_dataset, create_loader
from torch.nn.functional import binary_cross_entropy_with_logits
from videos import cpu_seconds

from deepfake.inputs.decoded import Decoded, read_decoded
from deepfake.networks.build import build

CPU = torch.device("cpu")
LITE0 = "tf_efficientnet_lite0"
SIZE = 128  # pixels, of EfficientNet-lite0 in training
STEPS = 4  # of the bare step

MODELS = {
    "Meso-4": section("meso4", batch_size=BATCH, lr=0.001),
    "EfficientNet-lite0": section(f"timm/{LITE0}", batch_size=BATCH, lr=0.001, image_size=SIZE),
}


def measure_training(
    label: str, files: list[Path], folder: Path, rounds: int, others: Path
) -> dict[str, Any]:
    """Return the network's size in pixels, and images/s by loop; `files` are in folders of their class."""
    model = MODELS[label]
    geometry = build(model, 0).geometry
    seconds, _ = cpu_seconds(lambda: decode(files, geometry, folder))
    decoded = read_decoded(folder / "decoded.npy", folder / "decoded.csv")
    loops: dict[str, Callable[[], float]] = {
        "ours": partial(ours, model, decoded),
        "ours, augment: light": partial(ours, model | {"augment": "light"}, decoded),
        "the bare step, on one batch in memory": partial(bare, model),
        "plain loop, files and a DataLoader": partial(plain, model, files),
    }
    if label == "EfficientNet-lite0":
        root = files[0].parents[1]
        loops["a loop over timm's create_model and create_loader"] = partial(timm_loop, root, len(files))
        program = timm_program_of(others)
        if program.is_file():
            run = partial(timm_program, program, root, len(files), folder)
            loops |= {"timm's train.py": partial(run, ["--no-aug"])}
            loops |= {"timm's train.py, its augmentation": partial(run, [])}
    speeds = in_turns(loops, rounds)
    decoding = 1000 * seconds / (len(files) + 32)
    return {"size": geometry.size, "images": len(files), "decoding_ms": decoding, "speeds": speeds}


def timm_program_of(others: Path) -> Path:
    """Return the path of timm's program in a folder of checkouts; it may not exist."""
    return others.resolve() / "pytorch-image-models" / "train.py"


def ours(model: dict, decoded: Decoded) -> float:
    """Return the workflow's images/s in its second epoch; use_clock("cpu") has to have been called."""
    return train_here(model, decoded, "cpu")["images_per_second"]


def bare(model: dict) -> float:
    built = build(model, 0)
    size = built.geometry.size
    batch = torch.randint(256, (BATCH, 3, size, size), dtype=torch.uint8)
    batch = batch.to(memory_format=torch.channels_last)
    return bare_step(built.detector.train().to(memory_format=torch.channels_last), batch, model, STEPS, "cpu")


def plain(model: dict, files: list[Path]) -> float:
    """Return images/s of the loop of tutorials, with the CPU time of its DataLoader's four workers."""

    def run(epochs: int) -> float:
        return cpu_seconds(lambda: tutorial(model, files * epochs, CPU))[0]

    return rate_of_epoch(run, len(files))


def rate_of_epoch(run: Callable[[int], float], number: int) -> float:
    """Return images/s of an epoch of `number` images, without the start.

    `run` gives the CPU seconds of so many epochs: three of them less one are two.
    """
    return 2 * (number // BATCH * BATCH) / (run(3) - run(1))


def timm_loop(root: Path, number: int) -> float:
    """Return images/s of a plain loop over timm's network and loader, with the CPU time of its workers."""
    return rate_of_epoch(lambda epochs: cpu_seconds(lambda: timm_epochs(root, epochs))[0], number)


def timm_epochs(root: Path, epochs: int) -> None:
    net = timm.create_model(LITE0, num_classes=1).train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), 0.001)
    batches = loader(root, SIZE, is_training=True)
    for _ in range(epochs):
        for images, labels in batches:
            images = images.to(memory_format=torch.channels_last)
            loss = binary_cross_entropy_with_logits(net(images).flatten(), labels.float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def loader(root: Path, size: int, is_training: bool):
    """Return timm's loader of the files below `root`, with two workers, without augmentation."""
    dataset = create_dataset("", root=str(root))
    return create_loader(
        dataset, (3, size, size), BATCH, is_training, no_aug=True, num_workers=2, use_prefetcher=False
    )


def timm_program(program: Path, root: Path, number: int, folder: Path, flags: list[str]) -> float:
    """Return images/s of timm's program. Its epochs have a validation, here on 8 images."""
    val = folder / "timm_val"
    for path in [file for label in sorted(root.iterdir()) for file in sorted(label.iterdir())[:4]]:
        link = val / path.parent.name / path.name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(path)
    sets = folder / "timm_sets"
    sets.mkdir(exist_ok=True)
    for name, target in {"train": root, "validation": val}.items():
        if not (sets / name).exists():
            (sets / name).symlink_to(target)
    command = [sys.executable, str(program), "--data-dir", str(sets), "--model", LITE0, "--num-classes", "2"]
    command += ["--img-size", str(SIZE), "--batch-size", str(BATCH), "--opt", "adamw", "--lr", "1e-3"]
    command += ["--warmup-epochs", "0", "--workers", "2", "--device", "cpu", "--channels-last", *flags]

    def run(epochs: int) -> float:
        output = folder / f"timm_{time.monotonic_ns()}"
        more = ["--epochs", str(epochs), "--output", str(output), "--cooldown-epochs", "0"]
        return run_measured([*command, *more], folder, os.environ | {"OMP_NUM_THREADS": "1"}).cpu

    return rate_of_epoch(run, number)


def measure_features(files: list[Path], folder: Path, rounds: int) -> dict[str, Any]:
    """Return images/s of features of EfficientNet-lite0 at 224 pixels: `tune: head`'s, and timm's own."""
    model = section(f"timm/{LITE0}", batch_size=BATCH)
    built = build(model, 0)
    decode(files, built.geometry, folder)
    decoded = read_decoded(folder / "decoded.npy", folder / "decoded.csv")
    size, root = built.geometry.size, files[0].parents[1]
    loops = {
        "ours, for tune: head": partial(bench_features.features, built, decoded, folder, "cpu"),
        "timm's forward_features on its loader": partial(timm_features, root, len(files), size),
    }
    return {"size": size, "images": len(files), "speeds": in_turns(loops, rounds)}


def timm_features(root: Path, number: int, size: int) -> float:
    net = timm.create_model(LITE0, num_classes=0).eval().to(memory_format=torch.channels_last)

    def run(times: int) -> None:
        batches = loader(root, size, is_training=False)
        with torch.inference_mode():
            for _ in range(times):
                for images, _ in batches:
                    net.global_pool(net.forward_features(images.to(memory_format=torch.channels_last)))

    return rate_of_epoch(lambda times: cpu_seconds(lambda: run(times))[0], number)
