"""Images a second of encoders that aren't trained, or little: inference, kept features, and tuned steps.

    python tests/bench/bench_features.py
    python tests/bench/bench_features.py --threads 1 --clock cpu    # where others work on the same machine

Inference and features, images in and arrays out, are compared with the bare network on one normalised batch
in memory; an epoch of `tune: head` on kept features with one of `tune: all`; steps of `norms` and `lora` with
a plain loop over timm's network in which the same parameters are trained. All weights are random, images are
noise, and the loops are timed in turns. The goals are 0.95, 20 and 1.
"""

import argparse
import logging
import tempfile
from functools import partial
from pathlib import Path

import timm
import torch
from speed_loops import in_turns, now, plain_loop, section, train_here, use_clock, write_noise

from deepfake.checkpoints.dataset_inference import predict_split
from deepfake.checkpoints.torch_inference import logits_function
from deepfake.inputs.decoded import Decoded
from deepfake.networks.build import Built, build
from deepfake.networks.heads import head_names
from deepfake.networks.lora import add_adapters
from deepfake.networks.memory import keep_freed_memory
from deepfake.training.distributed import launch
from deepfake.training.features import compute_features

SIZE = 224  # pixels
CPU = torch.device("cpu")
NETWORKS = {
    "EfficientNet-lite0": ("timm/tf_efficientnet_lite0", 4),
    "ViT-B/16": ("timm/vit_base_patch16_224", 1),
}
"""The arch of each, and how many times as many images it gets as ViT-B."""


def main() -> None:
    args = parse_args()
    logging.getLogger("deepfake").setLevel(logging.ERROR)
    torch.set_num_threads(args.threads)
    keep_freed_memory()
    use_clock(args.clock)
    print(f"{args.threads} threads, {args.clock} time, median of {args.rounds} rounds, {SIZE} pixels")
    with tempfile.TemporaryDirectory() as folder:
        for name in args.networks:
            arch, factor = NETWORKS[name]
            decoded = write_noise(Path(folder), SIZE, factor * args.images)
            print(f"\n{name}, {len(decoded.split('train'))} images")
            for part in args.parts:
                PARTS[part](arch, decoded, Path(folder), args)


def measure_inference(arch: str, decoded: Decoded, folder: Path, args: argparse.Namespace) -> None:
    """Print images a second of the bare network, of predictions and of features."""
    model = section(arch)
    built = build(model, 0)
    logits = logits_function(built.detector, CPU)
    loops = {
        "bare": partial(bare_network, built, len(decoded.split("train")), args.clock, args.batch),
        "predict": partial(predict, logits, decoded, args.clock),
        "features": partial(features, built, decoded, folder, args.clock),
    }
    show(in_turns(loops, args.rounds), "bare")


def bare_network(built: Built, number: int, clock: str, batch: int) -> float:
    images = torch.rand(min(batch, number), 3, SIZE, SIZE).to(memory_format=torch.channels_last)
    start = now(clock, CPU)
    with torch.inference_mode():
        for _ in range(number // len(images)):
            built.detector.network(images)
    return number // len(images) * len(images) / (now(clock, CPU) - start)


def predict(logits, decoded: Decoded, clock: str) -> float:
    start = now(clock, CPU)
    predict_split(logits, [decoded], "train")
    return len(decoded.split("train")) / (now(clock, CPU) - start)


def features(built: Built, decoded: Decoded, folder: Path, clock: str, split: str = "train") -> float:
    """Write train.npy or val.npy to `folder`, and return images a second."""
    path = folder / f"{split}.npy"
    path.unlink(missing_ok=True)
    own = {"augment": "off", "feature_views": 1, "seed": 0}
    built.detector.eval()
    with launch("32", "cpu", 1, torch.get_num_threads()) as processes:
        start = now(clock, CPU)
        compute_features(processes.fabric, built.detector, own, decoded, split, path, nothing, nothing)
        return len(decoded.split(split)) / (now(clock, CPU) - start)


def measure_epochs(arch: str, decoded: Decoded, folder: Path, args: argparse.Namespace) -> None:
    """Print images a second of an epoch, with its validation, of all weights and of the head on features."""
    built = build(section(arch), 0)
    for split in ("train", "val"):
        features(built, decoded, folder, args.clock, split)
    files = [str(folder / "train.npy"), str(folder / "val.npy")]
    number = len(decoded.rows)
    sizes = {"batch_size": args.batch}
    sections = {
        "all": (section(arch, **sizes),),
        "head": (section(arch, tune="head", epochs=5, **sizes), files),
    }
    loops = {
        name: lambda model=model, files=files: number / train_here(model, decoded, "cpu", *files)["seconds"]
        for name, (model, *files) in sections.items()
    }
    show(in_turns(loops, args.rounds), "all")


def measure_steps(arch: str, decoded: Decoded, folder: Path, args: argparse.Namespace) -> None:
    """Print images a second of training with `norms` and `lora`, by a plain loop and by the workflow."""
    for how in ("norms", "lora"):
        model = section(arch, tune=how, batch_size=args.batch)
        loops = {
            f"plain {how}": partial(plain_step, model, decoded, args.clock),
            how: lambda model=model: train_here(model, decoded, "cpu")["images_per_second"],
        }
        show(in_turns(loops, args.rounds), f"plain {how}")


def plain_step(model: dict, decoded: Decoded, clock: str) -> float:
    """Return images a second of a plain loop over timm's network, which trains what the workflow would."""
    net = timm.create_model(model["arch"].partition("/")[2], num_classes=1)
    scaling = {name: list(net.pretrained_cfg[name]) for name in ("mean", "std")}
    if model["tune"] == "lora":
        add_adapters(net, SIZE, model["lora"], head_names("timm", net))
    ours = build(model, 0).detector.network.named_parameters()
    trained = {name for name, value in ours if value.requires_grad}
    for name, value in net.named_parameters():
        value.requires_grad_(name in trained)
    net.train().to(memory_format=torch.channels_last)
    return plain_loop(net, scaling, decoded, model, CPU, clock)


def show(speeds: dict[str, float], reference: str) -> None:
    for name, speed in speeds.items():
        ratio = "" if name == reference else f"{speed / speeds[reference]:>10.2f} of {reference}"
        print(f"  {name:16}{speed:>12.1f} images/s{ratio}", flush=True)


def nothing(*args: object) -> None:
    pass


PARTS = {"inference": measure_inference, "epochs": measure_epochs, "steps": measure_steps}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--images", type=int, default=128, help="of train, for ViT-B")
    parser.add_argument("--batch", type=int, default=32, help="images, of training and of the bare network")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    return parser.parse_args()


if __name__ == "__main__":
    main()
