"""The training loop, from untrained weights or the state of a killed run to the weights of the best epoch."""

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter

from deepfake.console import log, progress_bar
from deepfake.errors import UserError
from deepfake.evaluation.metrics import compute_metrics
from deepfake.hashing import seeded_hash
from deepfake.inputs.decoded import Decoded
from deepfake.networks.detector import Detector
from deepfake.training.augmentation import augmentation
from deepfake.training.data import Images, TrainBatches, make_loader, val_batches
from deepfake.training.distributed import Processes
from deepfake.training.history import HISTORY, write_events, write_history
from deepfake.training.optimizer import make_optimizer, make_plateau, set_learning_rate
from deepfake.training.run_folder import (
    EVENTS,
    STATE,
    Progress,
    load_state,
    open_run,
    save_epoch,
    save_weights,
)
from deepfake.training.self_blending import blend_reals


@dataclass(frozen=True, eq=False)
class Trained:
    """A run whose epochs are all done.

    `history` has the rows of history.HISTORY, and `best` the `epoch` (from 1) with the best validation, its
    `f1_macro` and `loss`; it is empty without epochs. `weights` are files by the names best, last, epoch_005
    and so on, each a state_dict of the detector's network. `check_owner` raises ConcurrentWrite once another
    process has begun the same run.
    """

    history: list[dict]
    best: dict
    weights: dict[str, Path]
    check_owner: Callable[[], None]

    def state(self, name: str) -> dict[str, Tensor]:
        return torch.load(self.weights[name], weights_only=True)


def fit(
    processes: Processes,
    detector: Detector,
    model: dict,
    class_weights: tuple[float, float],
    decoded: Decoded,
    folder: Path,
    name: str,
    fingerprint: str,
    seed: int,
) -> Trained | None:
    """Train `detector` on the split train and validate it on val, epoch by epoch.

    `model` is a model's section of the config; `class_weights` weigh real and fake images in the loss. All
    files of the run are in `folder`. The run resumes after the last epoch of an earlier one with the same
    `fingerprint`, which stands for all that decides the result; files of another run are deleted. Random
    numbers of an epoch depend on `seed`, the epoch and the process alone, so that a resumed run ends with the
    same weights, to the last bit on a CPU. Without epochs the weights stay as they are.

    Several processes share each batch, and their number may change when a run is resumed. The first one
    writes all files; the others return None. Raises UserError if the batches are too small to share or
    the loss diverges, and ConcurrentWrite once another process has begun the same run.
    """
    fabric, epochs = processes.fabric, model["epochs"]
    rank, world_size, is_first = fabric.global_rank, fabric.world_size, fabric.is_global_zero
    train, val = (Images(decoded, split, fabric.device) for split in ("train", "val"))
    if min(model["batch_size"], len(train)) < world_size:
        raise UserError(
            f"{name}: a batch_size of {model['batch_size']}, and {len(train)} images in train, are too few "
            f"for {world_size} processes to share"
        )
    order = TrainBatches(
        len(train), model["batch_size"], seeded_hash(seed, "order") % 2**62, rank, world_size
    )
    train_loader = make_loader(train, order, fabric.device)
    order_of_val = val_batches(len(val), 2 * model["batch_size"], rank, world_size)
    val_loader = make_loader(val, order_of_val, fabric.device)

    detector.to(memory_format=memory_format(model))
    optimizer = make_optimizer(detector, model)
    plateau = make_plateau(optimizer, model)
    if model["compile"]:
        detector.compile()
    network, optimizer = fabric.setup(detector, optimizer)
    weights = torch.tensor(class_weights, dtype=torch.float32, device=fabric.device)

    progress = Progress()
    stateful = {"detector": detector, "optimizer": optimizer, "precision": fabric.strategy.precision}
    if plateau:
        stateful["plateau"] = plateau
    check_owner = processes.run_together(lambda: open_run(folder, fingerprint) if is_first else _do_nothing)
    if processes.gather((folder / STATE).exists())[0]:
        progress, states = processes.run_together(lambda: load_state(folder))
        for key, part in stateful.items():
            part.load_state_dict(states[key])
    elif is_first and not epochs:
        save_weights(folder, detector, ["best", "last"])

    images_left = (epochs - progress.epochs) * len(train)
    events = SummaryWriter(folder / EVENTS) if is_first else nullcontext()
    bar = progress_bar(images_left, f"train {name}", "images") if is_first else nullcontext(_do_nothing)
    with events as writer, bar as advance:
        if is_first:
            write_events(writer, progress.history)
        while not progress.is_over(epochs, model["patience"]):
            epoch, start = progress.epochs, time.monotonic()
            torch.manual_seed(seeded_hash(seed, "epoch", epoch, rank) % 2**63)
            order.epoch = epoch
            trained = train_epoch(fabric, network, optimizer, train_loader, model, weights, epoch, advance)
            train_seconds = time.monotonic() - start
            logits, labels = predict(fabric, detector, val_loader, model)
            if not torch.isfinite(logits).all():
                raise UserError(
                    f"{name}: in epoch {epoch + 1} the network's outputs are not finite any more; "
                    "lower models.<model>.lr, or set clip or precision: 32"
                )
            validated = val_metrics(logits, labels, weights)
            if plateau:
                plateau.step(validated["val_f1_macro"])
            times = {
                "images_per_second": trained["images"] / train_seconds,
                "seconds": time.monotonic() - start,
            }
            values = {"epoch": epoch + 1, **trained, **validated, **times}
            row = {column: values[column] for column in HISTORY}
            is_best = progress.add(row)
            processes.run_together(check_owner)
            if is_first:
                write_history(progress.history, folder)
                write_events(writer, [row])
                numbers = ", ".join(f"{column} {row[column]:.4g}" for column in HISTORY[1:])
                log.info("%s, epoch %d of %d: %s", name, row["epoch"], epochs, numbers)
                states = {key: part.state_dict() for key, part in stateful.items()}
                save_epoch(folder, detector, progress, is_best, states)

    processes.run_together(check_owner)
    if not is_first:
        return None
    files = {path.stem: path for path in sorted(folder.glob("*.weights"))}
    return Trained(progress.history, progress.best, files, check_owner)


def train_epoch(
    fabric: Fabric,
    network: nn.Module,
    optimizer: Optimizer,
    loader: DataLoader,
    model: dict,
    class_weights: Tensor,
    epoch: int,
    advance: Callable[[int], None],
) -> dict[str, float]:
    """Train for one epoch, counted from 0, on this process's share of the batches.

    Return `train_loss` and `train_accuracy` over the images of all processes as they were augmented, the
    number of these `images`, and `lr` of the last step.
    """
    network.train()
    augment = augmentation(model["augment"], loader.dataset.size)
    accumulate, smoothing, world_size = model["accumulate"], model["label_smoothing"], fabric.world_size
    steps_per_epoch = math.ceil(len(loader) / accumulate)
    losses, correct, images_seen, lr = [], [], 0, 0.0
    for number, (images, labels) in enumerate(loader):
        images, labels = to_device(images, fabric.device), to_device(labels, fabric.device)
        # outside of mixed precision, which only the network is made for
        if model["self_blend"]:
            images, labels = blend_reals(images, labels, model["self_blend"])
        images = augment(images).contiguous(memory_format=memory_format(model))
        weights = class_weights[labels.long()]
        total, count = weights.sum(), len(labels)
        if world_size > 1:  # of the whole batch, of which `labels` are this process's share
            sums = torch.stack([total, total.new_tensor(count)])
            total, count = fabric.all_reduce(sums, reduce_op="sum").unbind()

        is_step = (number + 1) % accumulate == 0 or number + 1 == len(loader)
        with fabric.no_backward_sync(network, enabled=not is_step):
            logits = network(images)
            targets = labels * (1 - smoothing) + smoothing / 2
            loss = weighted_loss(logits, targets, weights, total)
            # the processes' gradients are averaged, and those of their losses have to be added
            fabric.backward(loss * world_size / accumulate)
        if is_step:
            step = epoch * steps_per_epoch + number // accumulate
            lr = set_learning_rate(optimizer, model, step, steps_per_epoch)
            if model["clip"]:
                fabric.clip_gradients(network, optimizer, max_norm=model["clip"], error_if_nonfinite=False)
            optimizer.step()
            optimizer.zero_grad()

        losses.append(loss.detach() * count)
        correct.append(((logits.detach() >= 0) == (labels > 0.5)).sum())
        images_seen += len(labels)
        advance(len(labels) * world_size)
    sums = torch.stack(
        [
            torch.stack(losses).sum(),
            torch.stack(correct).sum(),
            torch.tensor(images_seen, device=fabric.device),
        ]
    )
    loss, right, images_seen = fabric.all_reduce(sums, reduce_op="sum").tolist()
    return {
        "train_loss": loss / images_seen,
        "train_accuracy": right / images_seen,
        "images": images_seen,
        "lr": lr,
    }


@torch.inference_mode()
def predict(fabric: Fabric, detector: Detector, loader: DataLoader, model: dict) -> tuple[Tensor, Tensor]:
    """Return logits of fake and labels, float32 (N,), of all images of `loader`'s dataset, in its order.

    Each process predicts its share, and all return the whole.
    """
    detector.eval()
    if fabric.world_size > 1:  # each process has its own moving averages; the first one's are saved
        for buffer in detector.buffers():
            torch.distributed.broadcast(buffer, 0)
    logits, labels = [], []
    for images, some_labels in loader:
        images = to_device(images, fabric.device).contiguous(memory_format=memory_format(model))
        with fabric.autocast():
            logits.append(detector(images).float())
        labels.append(to_device(some_labels, fabric.device))
    logits, labels = fabric.all_gather(torch.cat(logits)), fabric.all_gather(torch.cat(labels))
    if fabric.world_size > 1:  # from (processes, images of each) to the order of the dataset
        logits, labels = logits.T.flatten(), labels.T.flatten()
    number = len(loader.dataset)  # without the images that come twice
    return logits[:number], labels[:number]


def val_metrics(logits: Tensor, labels: Tensor, class_weights: Tensor) -> dict[str, float]:
    """Return `val_loss`, without smoothing, and `val_accuracy` and `val_f1_macro` at the threshold 0.5."""
    probabilities = logits.cpu().double().sigmoid().numpy()
    metrics = compute_metrics(labels.long().cpu().numpy(), probabilities, 0.5)
    return {
        "val_loss": float(weighted_loss(logits, labels, class_weights[labels.long()])),
        "val_accuracy": metrics["accuracy"],
        "val_f1_macro": metrics["f1_macro"],
    }


def weighted_loss(logits: Tensor, targets: Tensor, weights: Tensor, total: Tensor | None = None) -> Tensor:
    """Return the weighted mean of the images' cross-entropy, a scalar.

    `logits`, `targets` (from 0 to 1) and `weights` have the shape (N,). `total` is the sum of the weights;
    it is larger than that of `weights` where other processes have a share of the batch.
    """
    losses = functional.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none")
    return (losses * weights).sum() / (weights.sum() if total is None else total)


def memory_format(model: dict) -> torch.memory_format:
    return torch.channels_last if model["channels_last"] else torch.contiguous_format


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    return tensor.to(device, non_blocking=True)


def _do_nothing(*args: object) -> None:
    pass
