"""The folder of a run that isn't finished: its weights so far, and the state that it is resumed from."""

import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from deepfake.console import log
from deepfake.files import ConcurrentWrite, new_file
from deepfake.networks.detector import Detector

STATE = "state.ckpt"
FINGERPRINT = "fingerprint"
OWNER = "owner"
EVENTS = "tensorboard"
SAVE_EVERY = 5  # epochs


@dataclass
class Progress:
    """What the epochs so far have reached.

    `history` has a row of history.HISTORY for each epoch. `best` is the epoch with the highest macro F1 on
    val, of equals the one with the lowest loss on val: `epoch` (from 1), `f1_macro` and `loss`; empty before
    the first epoch. `risen` is the epoch in which that macro F1 last rose.
    """

    history: list[dict] = field(default_factory=list)
    best: dict = field(default_factory=dict)
    risen: int = 0

    @property
    def epochs(self) -> int:
        return len(self.history)

    def add(self, row: dict) -> bool:
        """Add an epoch, and return whether it is the best so far."""
        self.history.append(row)
        f1_macro, loss = row["val_f1_macro"], row["val_loss"]
        rises = not self.best or f1_macro > self.best["f1_macro"]
        is_best = rises or (f1_macro == self.best["f1_macro"] and loss < self.best["loss"])
        if rises:
            self.risen = self.epochs
        if is_best:
            self.best = {"epoch": self.epochs, "f1_macro": f1_macro, "loss": loss}
        return is_best

    def is_over(self, epochs: int, patience: int | None) -> bool:
        """Return whether all `epochs` are done, or macro F1 hasn't risen for `patience` of them."""
        stale = patience is not None and self.epochs - self.risen >= patience
        return self.epochs >= epochs or stale


def open_run(folder: Path, fingerprint: str) -> Callable[[], None]:
    """Make `folder` this process's run: empty, or with the state of a run with the same `fingerprint`.

    Returns `claim`'s function.
    """
    path = folder / FINGERPRINT
    if not (path.is_file() and path.read_text() == fingerprint):
        if folder.exists():
            log.info("%s has other settings, data or code; it starts from the beginning", folder)
            delete_run(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with new_file(path) as part:
            part.write_text(fingerprint)
    shutil.rmtree(folder / EVENTS, ignore_errors=True)  # they are written again, from the history
    if (folder / STATE).exists():
        log.info("resuming from %s", folder / STATE)
    return claim(folder)


def claim(folder: Path) -> Callable[[], None]:
    """Make this process the owner of the run; return a function that raises ConcurrentWrite once it isn't.

    A process that lives on after its parent was killed ends by this before it writes into a newer run.
    """
    owner, own = folder / OWNER, uuid.uuid4().hex
    owner.write_text(own)

    def check_owner() -> None:
        if not owner.is_file() or owner.read_text() != own:
            raise ConcurrentWrite(f"{folder}: another process has begun to train there; this one ends")

    return check_owner


def save_epoch(folder: Path, detector: Detector, progress: Progress, is_best: bool, state: dict) -> None:
    """Write the weights of an epoch, then the state to resume from.

    The state comes last: an epoch that a kill cuts off is trained again, with the same result.
    """
    names = ["last", *(["best"] if is_best else [])]
    if progress.epochs % SAVE_EVERY == 0:
        names.append(f"epoch_{progress.epochs:03d}")
    save_weights(folder, detector, names)
    with new_file(folder / STATE) as part:
        torch.save({**vars(progress), **state}, part)


def save_weights(folder: Path, detector: Detector, names: Sequence[str]) -> None:
    """Write the network's state_dict, on the CPU, to `<name>.weights` for each of `names`."""
    state = {key: value.cpu() for key, value in detector.network.state_dict().items()}
    for name in names:
        with new_file(folder / f"{name}.weights") as part:
            torch.save(state, part)


def load_state(folder: Path) -> tuple[Progress, dict]:
    """Return what the last `save_epoch` wrote: the progress, and the state with tensors on the CPU."""
    state = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    return Progress(**{key: state.pop(key) for key in vars(Progress())}), state


def delete_run(folder: Path) -> None:
    """Delete a run, its fingerprint first: what a kill leaves of the folder is then not resumed from."""
    (folder / FINGERPRINT).unlink(missing_ok=True)
    shutil.rmtree(folder)
