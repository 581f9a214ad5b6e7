"""A run's history in MLflow or Weights & Biases, by Lightning's loggers and offline by default.

Nothing here decides how a training ends: what can't be logged is a warning, and the same weights come out.
The packages are those of requirements/loggers.txt, which are imported once a logger is asked for.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deepfake import packages
from deepfake.console import log
from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.training.history import HISTORY

MARK = "logger.json"
"""In the folder of an unfinished run: by which the run is found again when the training is resumed."""

PROJECT = "deepfake"

Log = Callable[[Sequence[dict]], None]
"""Takes all rows of history.HISTORY so far, and logs those that it hasn't logged."""


@dataclass(frozen=True)
class Logging:
    """Where a training's history goes: `kind` is mlflow or wandb, `folder` is on this machine.

    `settings` are plain JSON to be shown beside the curves.
    """

    kind: str
    folder: Path
    settings: dict = field(default_factory=dict)


def check_logger(kind: str) -> None:
    """Raise UserError, which says what to install, if the packages of a logger are missing."""
    if missing := [name for name in packages.LOGGERS[kind] if find_spec(name) is None]:
        raise UserError(packages.lacks_logger(kind, missing))


@contextmanager
def open_logger(logging: Logging, run: Path, name: str) -> Iterator[Log]:
    """Yield the function that logs the history of the training `name`, such as small/meso4.

    `run` is the folder of the unfinished run. A training that is resumed continues the same run there, after
    the last epoch that was logged; one that ends in an error is marked as failed.
    """
    mark = _read_mark(run, logging.kind)
    logger: Any = None
    try:
        logger = LOGGERS[logging.kind](logging.folder.absolute(), name, mark)
        logger.log_hyperparams(logging.settings | {"name": name})
    except Exception as error:  # a server out of reach, a full disk: whatever is the matter with a logger
        log.warning("train.logger: %s can't log this training, which goes on: %s", logging.kind, error)
        logger = None

    def log_rows(history: Sequence[dict]) -> None:
        nonlocal logger
        if logger is None:
            return
        try:
            for row in history[mark["epochs"] :]:
                logger.log_metrics({column: row[column] for column in HISTORY[1:]}, row["epoch"])
                mark["epochs"] = row["epoch"]
            mark["id"] = logger.version
            with new_file(run / MARK) as part:
                part.write_text(json.dumps(mark), encoding="utf-8")
        except Exception as error:
            log.warning("train.logger: %s logs no more, and training goes on: %s", logging.kind, error)
            logger = None

    try:
        yield log_rows
    except BaseException:
        _finish(logger, "failed")
        raise
    _finish(logger, "success")


def _read_mark(run: Path, kind: str) -> dict:
    """Return the `id` of a run, "" before it has one, and how many `epochs` of it are logged."""
    try:
        mark = json.loads((run / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        mark = {}
    return mark if mark.get("kind") == kind else {"kind": kind, "id": "", "epochs": 0}


def _finish(logger: Any, status: str) -> None:
    if logger is None:
        return
    try:
        logger.finalize(status)
        if hasattr(logger.experiment, "finish"):  # wandb writes the rest of its file
            logger.experiment.finish(exit_code=int(status != "success"))
    except Exception as error:
        log.warning("train.logger: the end of the run wasn't logged: %s", error)


def _mlflow(folder: Path, name: str, mark: dict) -> Any:
    """Log to MLFLOW_TRACKING_URI where the user has set it, else to `folder`/mlflow.db."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # which reports to MLflow's makers
    from pytorch_lightning.loggers import MLFlowLogger

    uri = os.environ.get("MLFLOW_TRACKING_URI")
    folder.mkdir(parents=True, exist_ok=True)
    return MLFlowLogger(
        os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT),
        run_name=name,
        tracking_uri=uri or f"sqlite:///{folder / 'mlflow.db'}",
        artifact_location=None if uri else f"file://{folder / 'artifacts'}",
        run_id=mark["id"] or None,
    )


def _wandb(folder: Path, name: str, mark: dict) -> Any:
    """Log to `folder`, for `wandb sync`, or as the user's WANDB_MODE says."""
    mode = os.environ.setdefault("WANDB_MODE", "offline")
    if mode == "offline":
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # which reports to W&B's makers
    import wandb
    from pytorch_lightning.loggers import WandbLogger

    mark["id"] = mark["id"] or uuid.uuid4().hex[:16]
    folder.mkdir(parents=True, exist_ok=True)
    settings = wandb.Settings(
        silent=True,
        console="off",  # its own log is the step's
        disable_git=True,
        save_code=False,
        x_disable_stats=mode == "offline",  # of the machine
        x_disable_machine_info=mode == "offline",
    )
    return WandbLogger(
        name=name,
        save_dir=folder,
        project=os.environ.get("WANDB_PROJECT", PROJECT),
        id=mark["id"],
        offline=mode == "offline",
        settings=settings,
    )


LOGGERS = {"mlflow": _mlflow, "wandb": _wandb}
