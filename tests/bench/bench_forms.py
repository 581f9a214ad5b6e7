"""The formats of four networks: size, images a second on the CPU, and how far their logits move.

    python tests/bench/bench_forms.py --threads 2 --turns 5

The networks have new weights and the images are synthetic, so that there is no accuracy to lose: `r` is the
correlation of the logits with torch's over 64 images. The formats take turns, since a machine's speed drifts;
the median counts. `times` is the speed as a multiple of best.pt's, in torch and channels-last.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from deepfake.checkpoints.best_pt import save_checkpoint
from deepfake.checkpoints.compare_formats import measure_speed
from deepfake.checkpoints.convert import FORMATS, convert, on_cpu
from deepfake.checkpoints.open_model import open_model
from deepfake.networks.build import build

NETWORKS = {
    "Meso-4, 256": ("meso4", 256, 64),
    "MobileNetV3 small, 224": ("torchvision/mobilenet_v3_small", 224, 64),
    "ResNet-18, 224": ("torchvision/resnet18", 224, 32),
    "ViT-B/16, 224": ("timm/vit_base_patch16_224", 224, 16),
}
"""For each network its arch, the size of its images, and the number of images of a turn."""


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    print(f"CPU, {args.threads} threads of {os.cpu_count()} cores, median of {args.turns} turns")
    print(f"{'':24}{'format':22}{'MB':>8}{'r':>9}{'images/s':>10}{'times':>8}")
    for label in args.networks or NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            compare(label, Path(folder), args.threads, args.turns)


def compare(label: str, folder: Path, threads: int, turns: int) -> None:
    arch, size, number = NETWORKS[label]
    best = write(folder / "best.pt", arch, size)
    images = smooth_images(64, size)
    for name in FORMATS:
        convert(best, name, folder / name, [images[:32]] if "static" in name else None, threads)
    paths = [best, *(folder / name for name in FORMATS)]
    runs = [on_cpu(open_model(path, threads)) for path in paths]
    logits = [run([images]) for run in runs]
    speeds = measure_speed(runs, [images[:number]], turns)
    for path, found, speed in zip(paths, logits, speeds, strict=True):
        r = np.corrcoef(found, logits[0])[0, 1]
        size = path.stat().st_size / 1e6
        print(
            f"{label:24}{path.name:22}{size:>8.2f}{r:>9.4f}{speed:>10.1f}{speed / speeds[0]:>8.2f}",
            flush=True,
        )
        label = ""


def write(path: Path, arch: str, size: int) -> Path:
    """Write a best.pt with new weights; the last layer's are random, since ViT starts with zeros there."""
    built = build({"arch": arch, "weights": None, "image_size": size}, 0)
    state = built.detector.network.state_dict()
    last = [key for key, value in state.items() if value.ndim == 2][-1]
    state[last] = torch.randn(state[last].shape, generator=torch.Generator().manual_seed(0)) * 0.1
    dataset = {"name": "made", "sha256": "0" * 64}
    save_checkpoint(path, built.spec, state, threshold=0.5, training={}, dataset=dataset, metrics={})
    return path


def smooth_images(number: int, size: int) -> np.ndarray:
    """Return images of smooth noise, uint8 (number, size, size, 3)."""
    rough = np.random.default_rng(0).integers(0, 256, (number, 7, 7, 3), np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(one).resize((size, size), Image.Resampling.BICUBIC)) for one in rough]
    )


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads")
    parser.add_argument("--turns", type=int, default=5, help="measurements of each format")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, help="default: all")
    return parser.parse_args()


if __name__ == "__main__":
    main()
