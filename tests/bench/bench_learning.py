"""How well networks learn: `models:` of the config against a plain loop; same images, seeds and epochs.

    python tests/bench/bench_learning.py --seeds 1 2 3

The images are DFDC's face crops (dfdc_crops.zip in $DEEPFAKE_TEST_DATA, or in shared/data beside the
project), 128 pixels, as many real as fake, split by their originals 70/15/15. EfficientNet-lite0 starts from
its ImageNet weights, from the same folder; the small ViT and Meso-4 start from random ones. `ours` has the
defaults of config.yaml, whose learning rates the plain loop has too. Its test AUC is that of the best epoch
on validation, the plain loop's that of its last one. A row of lite0 takes ten minutes on one core. With
`--set 'tune: norms'`, head, lora or {last: 2}, the plain loop freezes the same parameters.
"""

import argparse
import io
import logging
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import timm
import torch
import yaml
from plain_training import predict_plain, train_plain
from sklearn.metrics import roc_auc_score
from torch import nn

from deepfake.checkpoints.dataset_inference import predict_split
from deepfake.checkpoints.torch_inference import logits_function
from deepfake.inputs.decoded import ROWS, Decoded, read_decoded, write_decoded
from deepfake.inputs.geometry import Geometry
from deepfake.networks.build import build
from deepfake.networks.heads import head_names
from deepfake.networks.lora import add_adapters, remove_adapters
from deepfake.networks.mesonet import Meso4
from deepfake.networks.settings import parse_arch
from deepfake.networks.tuning import trained_names
from deepfake.training.data import train_and_val
from deepfake.training.distributed import launch
from deepfake.training.loop import fit
from deepfake.training.optimizer import with_defaults

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("DEEPFAKE_TEST_DATA", ROOT.parent / "shared" / "data"))
DEFAULTS = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["models"]["meso4"]
SIZE, BATCH = 128, 32
SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}
HEAD_STD = 0.01  # of the plain loop's new heads


@dataclass(frozen=True)
class Network:
    """A row of the table: `arch` of the config, weights in the data folder, and the plain loop's rate."""

    arch: str
    weights: str | None
    lr: float

    def section(self, **changes: object) -> dict:
        """Return the section of `models`, with the defaults of config.yaml."""
        weights = self.weights and str(DATA / self.weights)
        own = {"arch": self.arch, "weights": weights, "image_size": SIZE}
        return DEFAULTS | own | {"batch_size": BATCH} | changes

    def plain(self, seed: int) -> tuple[nn.Module, list[float], list[float]]:
        """Return the network as a plain script makes it, and its mean and std."""
        torch.manual_seed(seed)
        if self.arch == "meso4":
            return Meso4(SIZE), [0.0] * 3, [1.0] * 3
        name = self.arch.partition("/")[2]
        options = {"img_size": SIZE} if "vit" in name else {}
        network = timm.create_model(name, num_classes=1, **options)
        if self.weights:
            state = torch.load(DATA / self.weights, weights_only=True)
            head = network.pretrained_cfg["classifier"]
            network.load_state_dict(
                {key: value for key, value in state.items() if not key.startswith(head)}, strict=False
            )
        nn.init.normal_(network.get_classifier().weight, std=HEAD_STD)
        nn.init.zeros_(network.get_classifier().bias)
        return network, network.pretrained_cfg["mean"], network.pretrained_cfg["std"]


NETWORKS = {
    "lite0": Network("timm/tf_efficientnet_lite0", "tf_efficientnet_lite0.pth", 3e-4),
    "vit": Network("timm/vit_tiny_patch16_224", None, 3e-4),
    "meso4": Network("meso4", None, 1e-3),
}


def main() -> None:
    args = parse_args()
    if missing := [
        name for name in ("dfdc_crops.zip", NETWORKS["lite0"].weights) if not (DATA / name).exists()
    ]:
        sys.exit(f"{', '.join(missing)} is not in {DATA}: set DEEPFAKE_TEST_DATA to the folder of real data")
    logging.getLogger("deepfake").setLevel(logging.ERROR)
    torch.set_num_threads(args.threads)
    changes = yaml.safe_load(f"{{{args.set}}}")
    with tempfile.TemporaryDirectory() as folder:
        decoded = decode(args.images, Path(folder))
        number = {split: len(decoded.split(split)) for split in SHARES}
        print(f"images: {number}; {args.epochs} epochs, batch {BATCH}, {SIZE} pixels {args.set}", flush=True)
        print(f"{'':18}{'loss of epoch 1':>20}{'test AUC':>20}", flush=True)
        print(
            f"{'network':10}{'seed':>8}{'plain':>10}{'ours':>10}{'plain':>10}{'ours':>10}{'ours - plain':>15}"
        )
        for name in args.networks:
            pairs = [
                compare(name, seed, decoded, args.epochs, Path(folder), changes, args.ours)
                for seed in args.seeds
            ]
            if not args.ours:
                plain, ours = np.transpose(pairs)
                show(name, "mean", (np.nan, plain.mean()), (np.nan, ours.mean()))
                print(f"{name:10} spread of the seeds: plain {np.ptp(plain):.3f}, ours {np.ptp(ours):.3f}")


def compare(
    name: str, seed: int, decoded: Decoded, epochs: int, folder: Path, changes: dict, only_ours: bool
) -> tuple[float, float]:
    """Train both, print a row and return their test AUCs, first the plain loop's."""
    network = NETWORKS[name]
    plain = (np.nan, np.nan) if only_ours else train_by_plain_loop(network, decoded, epochs, seed, changes)
    ours = train_by_workflow(network, decoded, epochs, seed, folder / f"{name}-{seed}", changes)
    show(name, str(seed), plain, ours)
    return plain[1], ours[1]


def show(name: str, seed: str, plain: tuple[float, float], ours: tuple[float, float]) -> None:
    numbers = [f"{value:>10.3f}" for value in (plain[0], ours[0], plain[1], ours[1])]
    print(f"{name:10}{seed:>8}{''.join(numbers)}{ours[1] - plain[1]:>+15.3f}", flush=True)


def train_by_plain_loop(
    network: Network, decoded: Decoded, epochs: int, seed: int, changes: dict
) -> tuple[float, float]:
    """Return the first epoch's loss and the test AUC of the plain loop."""
    made, mean, std = network.plain(seed)
    made.to(memory_format=torch.channels_last)
    model = network.section(**changes)
    how, library = model["tune"], parse_arch(network.arch)[0]
    if how == "lora":
        add_adapters(made, SIZE, model["lora"], head_names(library, made))
    trained = trained_names(library, made, how)
    for name, parameter in made.named_parameters():
        parameter.requires_grad_(name in trained)
    lr = network.lr if how == "all" and model["lr"] is None else with_defaults(model, made)["lr"]
    train, test = decoded.split("train"), decoded.split("test")
    labels = decoded.rows["label"].to_numpy()
    loss = train_plain(made, decoded.images[train], labels[train], mean, std, lr, epochs, BATCH, seed)
    logits = predict_plain(made, decoded.images[test], mean, std)
    return loss, float(roc_auc_score(labels[test], logits))


def train_by_workflow(
    network: Network, decoded: Decoded, epochs: int, seed: int, folder: Path, changes: dict
) -> tuple[float, float]:
    """Return the first epoch's loss and the test AUC of what `models:` trains."""
    model = network.section(epochs=epochs, **changes)
    built = build(model, seed)
    model = with_defaults(model, built.detector)
    with launch(model["precision"], threads=torch.get_num_threads()) as processes:
        splits = train_and_val(decoded, processes.fabric.device)
        trained = fit(processes, built.detector, model, (1.0, 1.0), *splits, folder, "bench", "", seed)
    remove_adapters(built.detector.network)
    built.detector.network.load_state_dict(trained.state("best"))
    scores = predict_split(logits_function(built.detector), [decoded], "test")
    labels = decoded.rows["label"].to_numpy()[decoded.split("test")]
    return trained.history[0]["train_loss"], float(roc_auc_score(labels, scores))


def decode(images: int | None, folder: Path) -> Decoded:
    """Decode the crops to `folder`; of train at most `images`."""
    with zipfile.ZipFile(DATA / "dfdc_crops.zip") as archive:
        rows = split(pd.read_csv(io.BytesIO(archive.read("metadata.csv"))), images)
        files = folder / "images.npy", folder / "rows.csv"
        write_decoded(read_images(archive, rows["image"]), rows, Geometry(SIZE, SIZE, "bicubic"), *files)
    return read_decoded(*files)


def split(table: pd.DataFrame, images: int | None) -> pd.DataFrame:
    """Return the columns ROWS of all real images and of as many fakes, all of one original in one split."""
    table["group"] = table["original"].fillna(table["file"])
    groups = np.random.default_rng(0).permutation(np.unique(table["group"]))
    edges = (np.cumsum(list(SHARES.values()))[:-1] * len(groups)).astype(int)
    parts = zip(SHARES, np.split(groups, edges), strict=True)
    table["split"] = table["group"].map({group: name for name, part in parts for group in part})
    table["label"] = (table["label"] == "FAKE").astype(int)
    chosen = []
    for _, part in table.groupby("split"):
        number = part["label"].value_counts().min()
        if images and part["split"].iloc[0] == "train":
            number = min(number, images // 2)
        chosen += [part[part["label"] == label].sample(number, random_state=0) for label in (0, 1)]
    rows = pd.concat(chosen).sort_values("file").rename(columns={"file": "image"}).reset_index(drop=True)
    return rows.assign(corpus="dfdc", video=rows["image"], frame="0", method="", target="", attributes="")[
        ROWS
    ]


def read_images(archive: zipfile.ZipFile, names: pd.Series) -> Iterator[np.ndarray]:
    for name in names:
        coded = np.frombuffer(archive.read(name), np.uint8)
        yield cv2.cvtColor(cv2.imdecode(coded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--images", type=int, help="training images at most; by default all")
    parser.add_argument("--set", default="", help="other settings of ours, such as 'warmup: 0, clip: null'")
    parser.add_argument("--ours", action="store_true", help="leave the plain loop out")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


if __name__ == "__main__":
    main()
