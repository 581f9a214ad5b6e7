"""What a run leaves on disk while it goes: the best weights, some on the way, and all it takes to go on."""

import uuid
from collections.abc import Callable
from pathlib import Path

import lightning
import torch
from lightning.pytorch.plugins import TorchCheckpointIO

from deepfake.files import ConcurrentWrite, new_file
from deepfake.networks.detector import Detector
from deepfake.training.distributed import Group

EVERY = 5  # epochs
STATE = "state.ckpt"
OWNER = "owner"


def claim(folder: Path) -> Callable[[], None]:
    """Make the run in `folder` this process's own; return a function that raises ConcurrentWrite if not.

    A process that lives on after its parent was killed ends by this before it writes into a newer run.
    """
    owner, mine = folder / OWNER, uuid.uuid4().hex
    owner.write_text(mine)

    def check() -> None:
        if not owner.is_file() or owner.read_text() != mine:
            raise ConcurrentWrite(f"{folder}: another process has begun to train there; this one ends")

    return check


class Whole(TorchCheckpointIO):
    """Lightning's own way to write a state, but the old one stays until the new one is whole."""

    def save_checkpoint(self, checkpoint: dict, path: str | Path, storage_options: object = None) -> None:
        with new_file(path) as part:
            torch.save(checkpoint, part)


class Keep(lightning.Callback):
    """Writes best.weights, epoch_005.weights and so on, last.weights, and then the state to go on from.

    The best epoch is the one with the highest validation macro F1; of equals the one with the lower
    validation loss. Training stops where macro F1 hasn't risen for `patience` epochs (None: never). The state
    is written last: whatever a kill cuts off is done again, with the same result.
    """

    def __init__(self, folder: Path, patience: int | None, group: Group):
        self.folder = folder
        self.patience = patience
        self.group = group
        self.check: Callable[[], None] = lambda: None  # in the process that writes, what `claim` gave
        self.best: dict = {}  # of all epochs
        self.risen = 0  # the epoch in which macro F1 last rose
        self.epoch = 0

    def state_dict(self) -> dict:
        return {"best": self.best, "risen": self.risen, "epoch": self.epoch}

    def load_state_dict(self, state: dict) -> None:
        self.best, self.risen, self.epoch = state["best"], state["risen"], state["epoch"]

    def on_train_start(self, trainer, module) -> None:
        trainer.should_stop = self.is_over()  # the kill may have come right after the last epoch

    def on_validation_end(self, trainer, module) -> None:
        self.group.together(self.check)

    def on_train_epoch_end(self, trainer, module) -> None:
        self.epoch = trainer.current_epoch + 1
        f1_macro, loss = module.val_facts["val_f1_macro"], module.val_facts["val_loss"]
        higher = not self.best or f1_macro > self.best["f1_macro"]
        better = higher or (f1_macro == self.best["f1_macro"] and loss < self.best["loss"])
        if higher:
            self.risen = self.epoch
        if better:
            self.best = {"epoch": self.epoch, "f1_macro": f1_macro, "loss": loss}
        trainer.should_stop = trainer.should_stop or self.is_over()
        names = {"last": True, "best": better, f"epoch_{self.epoch:03d}": self.epoch % EVERY == 0}
        if trainer.is_global_zero:
            self.write_weights(module.detector, [name for name, wanted in names.items() if wanted])
        trainer.save_checkpoint(self.folder / STATE, weights_only=False)  # all take part in it

    def write_weights(self, detector: Detector, names: list[str]) -> None:
        """Write the network's state as each of `names`, on the CPU's side."""
        state = {key: value.cpu() for key, value in detector.network.state_dict().items()}
        for name in names:
            with new_file(self.folder / f"{name}.weights") as path:
                torch.save(state, path)

    def is_over(self) -> bool:
        return self.patience is not None and self.epoch - self.risen >= self.patience
