"""Training on a GPU: images a second and memory of the workflow, a bare step and a plain loop, in 6 minutes.

    python tests/bench/bench_gpu.py
    python tests/bench/bench_gpu.py --cpu --tiny    # a trial of this script itself

ViT-L/14 of CLIP's shape whose norms alone are tuned, in bf16, and EfficientNet-B4 all of whose weights are,
both from random weights on noise. The bare step has one batch in the GPU's memory, and the same network,
precision and memory format as the workflow; the plain loop takes uint8 images from the computer's memory. All
are timed in turns, and the median counts. The goal is 0.9 of the bare step.
"""

import argparse
import gc
import logging
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from speed_loops import bare_step, in_turns, plain_loop, section, train_here, write_noise

from deepfake.inputs.decoded import Decoded
from deepfake.networks.build import build

GOAL = 0.9  # of the bare step's images a second
LARGE = {
    "ViT-L/14, norms, bf16": section(
        "timm/vit_large_patch14_clip_quickgelu_224", tune="norms", precision="bf16", batch_size=64
    ),
    "EfficientNet-B4, all": section("timm/tf_efficientnet_b4", image_size=224, precision="32", batch_size=64),
}
TINY = {
    "ViT, norms, bf16": section("timm/test_vit", image_size=32, tune="norms", precision="bf16", batch_size=4),
    "EfficientNet, all": section("timm/test_efficientnet", image_size=32, precision="32", batch_size=4),
}


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    logging.getLogger("deepfake").setLevel(logging.ERROR)
    if not (args.cpu or torch.cuda.is_available()):
        print("there is no GPU here; --cpu --tiny tries this script without one")
        return
    device = torch.device("cpu" if args.cpu else "cuda")
    models = TINY if args.tiny else LARGE
    images = args.images or (16 if args.tiny else 2048)
    start = time.monotonic()
    print(f"{card(device)}; torch {torch.__version__}; {images} images, median of {args.rounds} rounds")
    print(f"{'':24}{'images/s':>30}{'ours to':>16}{'peak memory, GB':>26}")
    print(f"{'':24}{'bare':>10}{'ours':>10}{'plain':>10}{'bare':>8}{'plain':>8}", end="")
    print(f"{'bare':>10}{'ours':>8}{'plain':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for name, model in models.items():
            measure(name, model, Path(folder), images, args.rounds, device)
    print(f"{time.monotonic() - start:.0f} s; the goal is {GOAL} of the bare step")


def measure(name: str, model: dict, folder: Path, images: int, rounds: int, device: torch.device) -> None:
    """Time one network and print its row."""
    decoded = write_noise(folder, build(model, 0).geometry.size, images)
    loops = {
        "bare": partial(bare, model, device, images),
        "ours": partial(ours, model, decoded, device),
        "plain": partial(plain, model, decoded, device),
    }
    peaks = dict.fromkeys(loops, 0.0)
    timed = {key: partial(with_peak, key, run, peaks, device) for key, run in loops.items()}
    speeds = in_turns(timed, rounds)
    numbers = "".join(f"{speeds[key]:>10.1f}" for key in loops)
    ratios = "".join(f"{speeds['ours'] / speeds[key]:>8.2f}" for key in ("bare", "plain"))
    memory = "".join(f"{peaks[key]:>{width}.1f}" for key, width in zip(loops, (10, 8, 8), strict=True))
    print(f"{name:24}{numbers}{ratios}{memory}", flush=True)


def ours(model: dict, decoded: Decoded, device: torch.device) -> float:
    return train_here(model, decoded, "gpu" if device.type == "cuda" else "cpu")["images_per_second"]


def bare(model: dict, device: torch.device, images: int) -> float:
    built = build(model, 0)
    net = built.detector.to(device, memory_format=torch.channels_last)
    shape = (model["batch_size"], 3, built.geometry.size, built.geometry.size)
    batch = torch.randint(256, shape, dtype=torch.uint8, device=device)
    return bare_step(net, batch.to(memory_format=torch.channels_last), model, images // len(batch), "wall")


def plain(model: dict, decoded: Decoded, device: torch.device) -> float:
    built = build(model, 0)
    return plain_loop(built.detector.network.to(device), built.spec, decoded, model, device, "wall")


def with_peak(key: str, run: partial, peaks: dict[str, float], device: torch.device) -> float:
    """Return what `run` gives, and note the most memory of the GPU that it took in `peaks`."""
    if device.type == "cuda":
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    speed = run()
    if device.type == "cuda":
        peaks[key] = max(peaks[key], torch.cuda.max_memory_allocated() / 1e9)
    return speed


def card(device: torch.device) -> str:
    return (
        torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    )


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, help="training images (default: 2,048)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each")
    parser.add_argument("--cpu", action="store_true", help="run on the CPU")
    parser.add_argument("--tiny", action="store_true", help="tiny networks and few images")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
