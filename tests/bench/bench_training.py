"""Images a second of training: the workflow's loop, the bare step on one batch, and the loop of tutorials.

    python tests/bench/bench_training.py --images 1536 --rounds 3

They are measured in turns, since the speed of machines drifts, and the median counts. The bare step has the
workflow's precision, memory format and optimiser, and reads nothing. The tutorial's loop opens each JPEG with
PIL, resizes it, and takes float32 batches from a DataLoader with 4 workers. Then follows the peak memory of
training on few and on many images; with a GPU also ViT-B/16 in bf16 and EfficientNet-B0.
"""

import argparse
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from speed_loops import section, train_here
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, Dataset

from deepfake.checkpoints.torch_inference import best_device
from deepfake.inputs.decoded import ROWS, read_decoded, write_decoded
from deepfake.inputs.geometry import Geometry
from deepfake.networks.build import Built, build

STORED = 224  # pixels, of the JPEG files
BATCH = 32
MODEL = section("meso4", batch_size=BATCH, lr=0.001)


def main() -> None:
    args = parse_args()
    logging.getLogger("deepfake").setLevel(logging.ERROR)
    device = best_device()
    name = (
        torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    )
    models = {"Meso-4": MODEL}
    if device.type == "cuda":
        timm = {"lr": 1e-5, "precision": "bf16"}
        models["ViT-B/16, bf16"] = MODEL | timm | {"arch": "timm/vit_base_patch16_224"}
        models["EfficientNet-B0, bf16"] = MODEL | timm | {"arch": "timm/efficientnet_b0"}
    with tempfile.TemporaryDirectory() as folder:
        files = write_images(Path(folder), args.images)
        print(f"{name}; images a second, median of {args.rounds}; batch {BATCH}, {args.images} images")
        columns = ["bare", "workflow", "light", "strong", "tutorial"]
        ratios = f"{'workflow/bare':>15}{'workflow/tutorial':>19}"
        print(f"{'':24}{''.join(f'{column:>10}' for column in columns)}{ratios}")
        for label, model in models.items():
            show(label, compare(model, files, Path(folder), args.rounds, device))
        print("\npeak memory of training Meso-4, one epoch")
        for number in (args.images // 4, args.images * 2):
            print(f"{number:>7} images: {peak(Path(folder), number):>6.0f} MB")


def compare(model: dict, files: list[Path], folder: Path, rounds: int, device: torch.device) -> dict:
    geometry = build(model, 0).geometry
    decode(files, geometry, folder)
    loops = {
        "bare": partial(bare_step, model, device),
        **{
            strength: partial(workflow, model | {"augment": strength}, folder)
            for strength in ("off", "light", "strong")
        },
        "tutorial": partial(tutorial, model, files, device),
    }
    speeds = {name: [] for name in loops}
    for _ in range(rounds):
        for name, loop in loops.items():
            speeds[name].append(loop())
    return {name: statistics.median(values) for name, values in speeds.items()}


def show(label: str, speeds: dict) -> None:
    numbers = "".join(f"{speeds[name]:>10.1f}" for name in ("bare", "off", "light", "strong", "tutorial"))
    ratios = [speeds["off"] / speeds[name] for name in ("bare", "tutorial")]
    print(f"{label:24}{numbers}{ratios[0]:>15.2f}{ratios[1]:>19.2f}")


def write_images(folder: Path, number: int) -> list[Path]:
    """Write JPEG files of smooth noise, with about the size of face crops."""
    rng, files = np.random.default_rng(0), []
    for index in range(number):
        small = Image.fromarray(rng.integers(0, 256, (28, 28, 3), np.uint8))
        files.append(folder / f"{index:05d}_{index % 2}.jpg")
        small.resize((STORED, STORED), Image.Resampling.BICUBIC).save(files[-1], quality=95)
    return files


def decode(files: list[Path], geometry: Geometry, folder: Path) -> None:
    """Write decoded.npy and decoded.csv to `folder`: all files in train, and 32 of them also in val."""
    rows = pd.DataFrame({name: "" for name in ROWS}, index=range(len(files) + 32))
    rows["image"] = [f"{number:06d}" for number in range(len(rows))]
    rows["label"] = np.arange(len(rows)) % 2
    rows["split"] = ["train"] * len(files) + ["val"] * 32
    images = (np.asarray(Image.open(path)) for path in [*files, *files[:32]])
    write_decoded(images, rows, geometry, folder / "decoded.npy", folder / "decoded.csv")


def workflow(model: dict, folder: Path) -> float:
    """Return the images a second of the last epoch of training.loop."""
    decoded = read_decoded(folder / "decoded.npy", folder / "decoded.csv")
    return train_here(model, decoded)["images_per_second"]


def bare_step(model: dict, device: torch.device, steps: int = 40) -> float:
    """Return the images a second of the same network, loss, clipping and optimiser on one batch."""
    built = build(model, 0)
    net = built.detector.to(device, memory_format=torch.channels_last).train()
    size = built.geometry.size
    images = torch.randint(256, (BATCH, 3, size, size), dtype=torch.uint8, device=device)
    images = images.to(memory_format=torch.channels_last)
    return time_steps(net, device, images, steps, model)


def tutorial(model: dict, files: list[Path], device: torch.device) -> float:
    """Return the images a second of a loop as tutorials have it."""
    built: Built = build(model, 0)
    net = built.detector.to(device).train()
    batches = DataLoader(JpegFiles(files, built.geometry), BATCH, shuffle=True, num_workers=4, drop_last=True)
    optimizer = torch.optim.Adam(net.parameters(), 0.001)
    start, seen = 0.0, 0
    for number, (images, labels) in enumerate(batches):
        if number == 2:  # the workers have started
            synchronize(device)
            start = time.monotonic()
        images, labels = images.to(device), labels.to(device)
        loss = binary_cross_entropy_with_logits(net(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()  # for the progress bar
        seen += len(labels) * (number >= 2)
    return seen / (time.monotonic() - start)


class JpegFiles(Dataset):
    def __init__(self, files: list[Path], geometry: Geometry):
        self.files, self.size = files, geometry.size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        image = Image.open(self.files[number]).convert("RGB").resize((self.size, self.size))
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
        return pixels, torch.tensor(float(self.files[number].stem[-1]))


def time_steps(net, device: torch.device, images: torch.Tensor, steps: int, model: dict) -> float:
    optimizer = torch.optim.AdamW(net.parameters(), model["lr"], weight_decay=model["weight_decay"])
    labels = (torch.arange(BATCH, device=device) % 2).float()
    mixed = torch.autocast(device.type, torch.bfloat16, enabled=model["precision"] == "bf16")
    for number in range(steps + 5):
        if number == 5:
            synchronize(device)
            start = time.monotonic()
        with mixed:
            logits = net(images)
        loss = binary_cross_entropy_with_logits(logits.float(), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), model["clip"])
        optimizer.step()
    synchronize(device)
    return steps * BATCH / (time.monotonic() - start)


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def peak(folder: Path, number: int) -> float:
    """Return the peak memory, in MB, of a process that trains one epoch on `number` images."""
    code = f"""
import json, logging, resource, sys
sys.path[:0] = {json.dumps(sys.path)}
import numpy as np
import bench_training as bench
from pathlib import Path
folder = Path({str(folder)!r})
files = sorted(folder.glob("*.jpg"))
files = [files[i % len(files)] for i in range({number})]
bench.decode(files, bench.build(bench.MODEL, 0).geometry, folder)
bench.workflow(bench.MODEL | {{"epochs": 1}}, folder)
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
"""
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = [{here!r}]\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.rpartition("peak ")[2])


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1536, help="training images")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each")
    return parser.parse_args()


if __name__ == "__main__":
    main()
