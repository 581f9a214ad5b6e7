"""What training has done so far, epoch by epoch: kept as a table, on disk and through a kill."""

import json
import time
from pathlib import Path

import lightning
import pandas as pd

from deepfake.console import log, progress_bar
from deepfake.files import new_file

HISTORY = (
    "epoch train_loss val_loss train_accuracy val_accuracy val_f1_macro lr images_per_second seconds".split()
)
TIMES = ["images_per_second", "seconds"]
"""The columns that differ from run to run."""


def write_history(rows: list[dict], folder: Path) -> None:
    """history.csv and history.json in `folder`; `rows` have HISTORY, `epoch` counts from 1."""
    with new_file(folder / "history.csv") as table, new_file(folder / "history.json") as facts:
        pd.DataFrame(rows, columns=HISTORY).to_csv(table, index=False, lineterminator="\n")
        facts.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


class History(lightning.Callback):
    """Writes the history after each epoch, tells TensorBoard and the log, and moves the progress bar."""

    def __init__(self, folder: Path, name: str):
        self.folder = folder
        self.name = name
        self.rows: list[dict] = []
        self.began = self.spent = 0.0

    def state_dict(self) -> dict:
        return {"rows": self.rows}

    def load_state_dict(self, state: dict) -> None:
        self.rows = state["rows"]

    def on_fit_start(self, trainer, module) -> None:
        """Tell TensorBoard of the epochs before a kill; their own events may not have reached the disk."""
        for row in self.rows:
            self._show(trainer, row)

    def on_train_start(self, trainer, module) -> None:
        if not trainer.is_global_zero:
            return
        images = (trainer.max_epochs - len(self.rows)) * len(trainer.train_dataloader.dataset)
        self.bar = progress_bar(images, f"train {self.name}", "images")
        self.advance = self.bar.__enter__()

    def on_train_epoch_start(self, trainer, module) -> None:
        self.began = time.monotonic()

    def on_train_batch_end(self, trainer, module, outputs, batch, number) -> None:
        if trainer.is_global_zero:
            self.advance(len(batch[1]) * trainer.world_size)

    def on_validation_epoch_start(self, trainer, module) -> None:
        self.spent = time.monotonic() - self.began  # without the validation

    def on_train_epoch_end(self, trainer, module) -> None:
        train = module.train_facts()
        times = {"images_per_second": train["images"] / self.spent, "seconds": time.monotonic() - self.began}
        found = {"epoch": trainer.current_epoch + 1, **train, **module.val_facts, "lr": module.lr, **times}
        row = {key: found[key] for key in HISTORY}
        self.rows.append(row)
        if trainer.is_global_zero:
            write_history(self.rows, self.folder)
            self._show(trainer, row)
            words = ", ".join(f"{key} {row[key]:.4g}" for key in HISTORY[1:])
            log.info("%s, epoch %d of %d: %s", self.name, row["epoch"], trainer.max_epochs, words)

    def _show(self, trainer, row: dict) -> None:
        if trainer.is_global_zero:
            trainer.logger.log_metrics({key: row[key] for key in HISTORY[1:]}, row["epoch"])
            trainer.logger.experiment.flush()  # by itself it waits for two minutes

    def teardown(self, trainer, module, stage: str) -> None:
        if hasattr(self, "bar"):
            self.bar.__exit__(None, None, None)
            del self.bar
