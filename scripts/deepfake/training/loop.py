"""The training loop, from untrained weights or the state of a killed run to the weights of the best epoch."""

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from deepfake.console import log, progress_bar
from deepfake.errors import UserError
from deepfake.hashing import seeded_hash
from deepfake.networks.blend_settings import copies
from deepfake.networks.detector import Detector
from deepfake.networks.lora import merge_adapters, scaling_of
from deepfake.networks.tuning import Freezing
from deepfake.training.averages import make_averages
from deepfake.training.batch_settings import group_size
from deepfake.training.batches import train_batches, val_batches
from deepfake.training.data import Images, make_loader
from deepfake.training.distributed import Processes
from deepfake.training.epoch import memory_format, predict, train_epoch, val_metrics
from deepfake.training.history import HISTORY, write_events, write_history
from deepfake.training.loggers import Logging, open_logger
from deepfake.training.optimizer import make_optimizer
from deepfake.training.run_folder import (
    EVENTS,
    STATE,
    Progress,
    load_state,
    open_run,
    save_epoch,
    save_weights,
)
from deepfake.training.schedule import make_plateau


@dataclass(frozen=True, eq=False)
class Trained:
    """A run whose epochs are all done.

    `history` has the rows of history.HISTORY, and `best` the `epoch` (from 1) with the best validation, its
    `f1_macro` and `loss`; it is empty without epochs. `weights` are files by the names best, last, epoch_005
    and so on, each a state_dict of the detector's network, whose adapters, if it has some, count `scaling`.
    `check_owner` raises ConcurrentWrite once another process has begun the same run. `rest` is what the
    network has beside what was trained, and not in files.
    """

    history: list[dict]
    best: dict
    weights: dict[str, Path]
    check_owner: Callable[[], None]
    rest: Mapping[str, Tensor] = field(default_factory=dict)
    scaling: float = 1.0

    def state(self, name: str) -> dict[str, Tensor]:
        """Return the state_dict of the plain network with the weights `name`: adapters are merged."""
        return merge_adapters(self.raw_state(name), self.scaling)

    def raw_state(self, name: str) -> dict[str, Tensor]:
        """Return the state_dict of the network as it was trained, which may have adapters."""
        return {**self.rest, **torch.load(self.weights[name], weights_only=True)}


def fit(
    processes: Processes,
    detector: Detector,
    model: dict,
    class_weights: tuple[float, float],
    train: Images,
    val: Images,
    folder: Path,
    name: str,
    fingerprint: str,
    seed: int,
    logging: Logging | None = None,
) -> Trained | None:
    """Train `detector` on `train`, the images of that split, and validate it on `val`, epoch by epoch.

    `model` is a model's section of the config; `class_weights` weigh real and fake images in the loss. All
    files of the run are in `folder`. With an `ema` the moving averages of the weights are validated and saved
    in their place. The run resumes after the last epoch of an earlier one with the same
    `fingerprint`, which stands for all that decides the result; files of another run are deleted. Random
    numbers of an epoch depend on `seed`, the epoch and the process alone, so that a resumed run ends with the
    same weights, to the last bit on a CPU. Without epochs the weights stay as they are.
    `logging` says where the history goes beside TensorBoard.

    Several processes share each batch, and their number may change when a run is resumed. The first one
    writes all files; the others return None. Raises UserError if the batches are too small to share or
    the loss diverges, and ConcurrentWrite once another process has begun the same run.
    """
    fabric, epochs = processes.fabric, model["epochs"]
    rank, world_size, is_first = fabric.global_rank, fabric.world_size, fabric.is_global_zero
    order = train_batches(train.rows, model, seeded_hash(seed, "order") % 2**62, rank, world_size)
    if order.size < world_size:
        together = group_size(model)
        raise UserError(
            f"{name}: a batch_size of {model['batch_size']}, and {len(train)} images in train, are too few "
            f"for {world_size} processes to share" + f", {together} images together" * (together > 1)
        )
    train_loader = make_loader(train, order, fabric.device)
    order_of_val = val_batches(len(val), 2 * model["batch_size"], rank, world_size)
    val_loader = make_loader(val, order_of_val, fabric.device)

    detector.to(fabric.device, memory_format=memory_format(model))
    optimizer = make_optimizer(detector, model)
    plateau = make_plateau(optimizer, model)
    averages = make_averages(detector, model["ema"])
    evaluated = averages.module if averages else detector
    if averages:
        optimizer.register_step_post_hook(lambda *_: averages.update_parameters(detector))
    if model["compile"]:
        detector.compile()
    weights = torch.tensor(class_weights, dtype=torch.float32, device=fabric.device)

    progress = Progress()
    stateful = {"detector": detector, "optimizer": optimizer, "precision": fabric.strategy.precision}
    stateful |= {"plateau": plateau} if plateau else {}
    stateful |= {"averages": averages} if averages else {}
    check_owner = processes.run_together(lambda: open_run(folder, fingerprint) if is_first else _do_nothing)
    if processes.gather((folder / STATE).exists())[0]:
        progress, states = processes.run_together(lambda: load_state(folder))
        for key, part in stateful.items():
            part.load_state_dict(states[key])
    elif is_first and not epochs:
        save_weights(folder, detector, ["best", "last"])
    freezing, network = Freezing(detector, model), None

    images_left = (epochs - progress.epochs) * order.images * copies(model)
    events = SummaryWriter(folder / EVENTS) if is_first else nullcontext()
    bar = progress_bar(images_left, f"train {name}", "images") if is_first else nullcontext(_do_nothing)
    logger = open_logger(logging, folder, name) if is_first and logging else nullcontext(_do_nothing)
    with events as writer, bar as advance, logger as log_history:
        if is_first:
            write_events(writer, progress.history)
            log_history(progress.history)
        while not progress.is_over(epochs, model["patience"]):
            epoch, start = progress.epochs, time.monotonic()
            torch.manual_seed(seeded_hash(seed, "epoch", epoch, rank) % 2**63)
            order.epoch = epoch
            if freezing.begin(epoch) or network is None:
                network, stepping = fabric.setup(detector, optimizer)
            trained = train_epoch(fabric, network, stepping, train_loader, model, weights, epoch, advance)
            train_seconds = time.monotonic() - start
            logits, labels = predict(fabric, evaluated, val_loader, model)
            if not torch.isfinite(logits).all():
                raise UserError(
                    f"{name}: in epoch {epoch + 1} the network's outputs are not finite any more; "
                    "lower models.<model>.lr, or set clip or precision: 32"
                )
            validated = val_metrics(logits, labels, weights)
            if plateau and epoch >= model["freeze_epochs"]:
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
                save_epoch(folder, evaluated, progress, is_best, states)
                log_history(progress.history)

    processes.run_together(check_owner)
    if not is_first:
        return None
    files = {path.stem: path for path in sorted(folder.glob("*.weights"))}
    return Trained(progress.history, progress.best, files, check_owner, scaling=scaling_of(model))


def _do_nothing(*args: object) -> None:
    pass
