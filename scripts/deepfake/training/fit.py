"""A training run from its settings to its best weights; killed, it goes on from its last whole epoch."""

import logging
import os
import shutil
import signal
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import LambdaCallback
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins.environments import LightningEnvironment, TorchElasticEnvironment
from lightning.pytorch.utilities.exceptions import MisconfigurationException, SIGTERMException
from torch import Tensor

from deepfake.console import log
from deepfake.files import new_file
from deepfake.hashing import seeded_hash
from deepfake.inputs.decoded import Decoded
from deepfake.networks.detector import Detector
from deepfake.training.distributed import ALONE, Group, UnusableMachine
from deepfake.training.history import History
from deepfake.training.loading import Images, Share, loader
from deepfake.training.module import Training
from deepfake.training.saving import STATE, Keep, Whole, claim

MARK = "fingerprint"
EVENTS = "tensorboard"
PRECISION = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed", "auto": None}
"""Of a model's section, in Lightning's words."""


class UntrainableDataset(ValueError):
    """The dataset lacks what training needs; the message says what."""


@dataclass(frozen=True)
class Machine:
    """What a run may use: `devices` processes, on GPUs where there are any.

    Where torchrun has started the processes, `devices` is what it started on each node.
    """

    accelerator: str = "auto"  # auto | cpu | gpu | mps
    devices: int | str = "auto"  # of a CPU, auto is 1

    def kind(self) -> str:
        """cpu, gpu or mps."""
        if self.accelerator != "auto":
            return self.accelerator
        if torch.cuda.is_available():
            return "gpu"
        return "mps" if torch.backends.mps.is_available() else "cpu"


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a run has come to: its history (history.HISTORY), the best epoch, and weights by name.

    `best` has `epoch` (from 1), `f1_macro` and `loss` of validation. The names of the weights are best, last,
    epoch_005 and so on; each is a state of the detector's network. `check` raises ConcurrentWrite once
    another process has begun the same run.
    """

    history: list[dict]
    best: dict
    weights: dict[str, Path]
    check: Callable[[], None]

    def state(self, name: str) -> dict[str, Tensor]:
        return torch.load(self.weights[name], weights_only=True)


def fit(
    detector: Detector,
    model: dict,
    weights: tuple[float, float],
    decoded: Decoded,
    folder: Path,
    name: str,
    fingerprint: str,
    seed: int,
    machine: Machine = Machine(),
    group: Group = ALONE,
) -> Fitted | None:
    """Train `detector` on the split train, watching val; None in processes that only helped.

    `model` is a model's section of the config, `weights` of the classes real and fake in the loss. All that
    the run writes lies in `folder`; what an earlier run left there is gone on from if its `fingerprint`, of
    all that decides the outcome, is the same, and deleted if not. Without epochs the weights stay as they
    are.

    Several processes share each batch: those that torchrun has started, which have met in `group`, or those
    that Lightning starts, one for each of the machine's devices. How many there are decides no more than on
    what hardware: a run may be gone on from by more or fewer. The first one alone writes.

    Raises UnusableMachine, Diverged, and ConcurrentWrite once another process has begun the same run; of a
    group's processes all raise. Asked to end by SIGTERM a process that is alone ends after the batch at hand,
    with exit code 143; one of several ends at once.
    """
    keep = Keep(folder, model["patience"], group)
    history = History(folder, name)
    callbacks = [history, keep, LambdaCallback(on_train_start=_end_at_once)]
    trainer = group.together(lambda: _trainer(model, folder, machine, group, callbacks))
    batch, processes = model["batch_size"], trainer.world_size
    if min(batch, len(decoded.split("train"))) < processes:
        raise UnusableMachine(
            f"a batch_size of {batch}, and {len(decoded.split('train'))} images in train, are too few for "
            f"{processes} processes to share"
        )
    if trainer.is_global_zero:  # Lightning starts its other processes later, in trainer.fit
        _start(folder, fingerprint)
        keep.check = claim(folder)
    if not model["epochs"]:
        if trainer.is_global_zero:
            keep.write_weights(detector, ["best", "last"])
        return _fitted(history, keep, folder) if trainer.is_global_zero else None
    state = folder / STATE if group.gather((folder / STATE).exists())[0] else None
    device, share = trainer.strategy.root_device, Share(trainer.global_rank, processes)
    train, val = (Images(decoded, split, device) for split in ("train", "val"))
    batches = loader(train, batch, seeded_hash(seed, "order") % 2**62, share, device)
    checks = loader(val, 2 * batch, None, share, device)
    order = batches.batch_sampler.sampler
    training = Training(detector, model, weights, decoded.images.shape[1], seed, order)
    if model["compile"]:
        detector.compile()
    with warnings.catch_warnings():
        # the images lie in memory or in one mapped file: processes that read ahead would only take cores
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        warnings.filterwarnings("ignore", ".*`srun` command is available.*")
        try:
            trainer.fit(training, batches, checks, ckpt_path=state, weights_only=True)
        except SIGTERMException:  # Lightning would end as if all had gone well
            raise SystemExit(128 + signal.SIGTERM) from None
    return group.together(lambda: _fitted(history, keep, folder) if trainer.is_global_zero else None)


def check(decoded: Decoded) -> None:
    """Raise UntrainableDataset where train lacks a class, or val has no images."""
    labels = decoded.rows["label"].to_numpy()
    if missing := {0, 1} - set(labels[decoded.split("train")]):
        names = " and ".join({0: "real", 1: "fake"}[label] for label in sorted(missing))
        raise UntrainableDataset(f"the split train has no {names} images; both classes are needed")
    if not len(decoded.split("val")):
        raise UntrainableDataset(
            "the split val is empty, and the best epoch is chosen by it; give val a part of the dataset's "
            "splits"
        )


def _fitted(history: History, keep: Keep, folder: Path) -> Fitted:
    keep.check()
    weights = {path.stem: path for path in sorted(folder.glob("*.weights"))}
    return Fitted(history.rows, keep.best, weights, keep.check)


def _mixed(accelerator: str) -> str:
    """Mixed precision where the device is made for it."""
    if accelerator != "gpu":
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"


def _end_at_once(trainer: lightning.Trainer, module: Training) -> None:
    """Of several processes, let SIGTERM end each where it is.

    They wait for each other in every batch, so that none can go on to the end of its batch once another has
    been asked to end before it. Nothing is lost but the epoch: what lies on disk is always whole.
    """
    if trainer.world_size == 1:
        return
    helpers = trainer.strategy.launcher.procs  # those that Lightning has started here

    def end(number: int, frame: object) -> None:
        trainer.strategy.launcher.kill(signal.SIGKILL)
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, end if helpers else signal.SIG_DFL)


def _trainer(model: dict, folder: Path, machine: Machine, group: Group, callbacks: list) -> lightning.Trainer:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it advertises
    accelerator, world = machine.kind(), group.world
    devices = 1 if accelerator == "cpu" and machine.devices == "auto" else machine.devices
    many = devices != 1 and (devices != "auto" or torch.cuda.device_count() > 1)
    if world.started:
        if machine.devices not in ("auto", world.local):
            raise UnusableMachine(
                f"--devices is {machine.devices}, and torchrun has started {world.local} processes on each "
                "node; leave --devices out"
            )
        devices, many = world.local, world.size > 1
    settings = dict(
        accelerator=accelerator,
        devices=devices,
        num_nodes=world.nodes,
        strategy="ddp" if many else "auto",
        # by default Lightning takes the number of processes from Slurm's variables
        plugins=[TorchElasticEnvironment() if world.started else LightningEnvironment(), Whole()],
        precision=PRECISION[model["precision"]] or _mixed(accelerator),
        max_epochs=model["epochs"],
        accumulate_grad_batches=model["accumulate"],
        gradient_clip_val=model["clip"],
        deterministic=accelerator == "cpu",
        benchmark=accelerator == "gpu",  # the fastest of cuDNN's ways, which may differ in the last bits
        callbacks=callbacks,
        logger=TensorBoardLogger(folder, name=None, version=EVENTS),
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1,  # nothing is logged but the history, once an epoch
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    try:
        return lightning.Trainer(**settings)
    except (MisconfigurationException, ValueError) as error:
        said = " ".join(str(error).split())
        raise UnusableMachine(
            f"precision {model['precision']} on accelerator {accelerator} with devices {devices} isn't "
            f"possible here: {said}"
        ) from None


def _start(folder: Path, fingerprint: str) -> None:
    """An empty `folder`, or what a run of the same fingerprint left in it."""
    mark = folder / MARK
    if not (mark.is_file() and mark.read_text() == fingerprint):
        if folder.exists():
            log.info("%s is of other settings, data or code; training starts anew", folder)
            clear(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with new_file(mark) as path:
            path.write_text(fingerprint)
    shutil.rmtree(folder / EVENTS, ignore_errors=True)  # they are written anew, from the history
    if (folder / STATE).exists():
        log.info("going on from %s", folder / STATE)


def clear(folder: Path) -> None:
    """Delete a run, its mark first: what a kill leaves of it is not gone on from."""
    (folder / MARK).unlink(missing_ok=True)
    shutil.rmtree(folder)
