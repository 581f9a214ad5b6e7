"""train.logger: MLflow and Weights & Biases get the history, offline, and change nothing of the results.

They are tried where requirements/loggers.txt is installed.
"""

import json
import os
import sqlite3
from importlib.util import find_spec

import pytest
from made import decoded as made_decoded
from made.config import checked
from made.decoded import history_of, train, train_here
from made.training import Killed, timeless_files

from deepfake.config.sections import model_section
from deepfake.errors import UserError
from deepfake.training import loggers, loop
from deepfake.training.history import HISTORY
from deepfake.training.loggers import Logging, check_logger, open_logger

pytestmark = pytest.mark.usefixtures("one_thread")

needs_mlflow, needs_wandb = (
    pytest.mark.skipif(find_spec(name) is None, reason=f"{name} of requirements/loggers.txt is missing")
    for name in ("mlflow", "wandb")
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("made"))


@pytest.fixture(autouse=True)
def own_variables(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "WANDB_"))]:
        monkeypatch.delenv(name)


def options(kind: str, folder) -> list[str]:
    return ["--logger", kind, "--logger-folder", str(folder)]


def select(database, query: str) -> list[tuple]:
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchall()


def values_in(database) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for key, step, value in select(database, "SELECT key, step, value FROM metrics ORDER BY key, step"):
        found.setdefault(key, []).append((step, value))
    return found


def expected(history: list[dict]) -> dict[str, list[tuple[int, float]]]:
    return {key: [(row["epoch"], pytest.approx(row[key])) for row in history] for key in HISTORY[1:]}


@needs_mlflow
def test_mlflow_gets_every_epoch_once_also_of_a_run_that_is_resumed(made, tmp_path, monkeypatch):
    plain = train_here(made, tmp_path / "plain")
    database = tmp_path / "mlflow/mlflow.db"
    train_epoch = loop.train_epoch

    def killed(*args):
        if args[6] == 2:
            raise Killed
        return train_epoch(*args)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(loop, "train_epoch", killed)
        train_here(made, tmp_path / "logged", None, *options("mlflow", database.parent))
    assert select(database, "SELECT status FROM runs") == [("FAILED",)]
    out = train_here(made, tmp_path / "logged", None, *options("mlflow", database.parent))
    assert values_in(database) == expected(history_of(out))
    assert select(database, "SELECT name, status FROM runs") == [("made/tiny", "FINISHED")]
    parameters = dict(select(database, "SELECT key, value FROM params"))
    assert (parameters["arch"], parameters["lr"], parameters["dataset"]) == ("meso4", "0.01", "made")
    assert timeless_files(out) == timeless_files(plain)


@needs_mlflow
def test_a_run_of_its_own_for_each_training(made, tmp_path):
    for number in range(2):
        train_here(made, tmp_path / str(number), {"epochs": 1}, *options("mlflow", tmp_path / "mlflow"))
    assert len(select(tmp_path / "mlflow/mlflow.db", "SELECT run_uuid FROM runs")) == 2


@needs_wandb
def test_wandb_writes_an_offline_run_and_reaches_nobody(made, tmp_path):
    plain = train_here(made, tmp_path / "plain", {"epochs": 2})
    proxy = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    done = train(made, tmp_path / "logged", {"epochs": 2}, *options("wandb", tmp_path / "wandb"), **proxy)
    assert done.returncode == 0 and "train.logger" not in done.stderr, done.stderr
    (run,) = (tmp_path / "wandb/wandb").glob("offline-run-*/run-*.wandb")
    content = run.read_bytes()
    assert all(column.encode() in content for column in HISTORY[1:]) and b"made/tiny" in content
    assert timeless_files(tmp_path / "logged/out") == timeless_files(plain)


@needs_mlflow
def test_a_logger_out_of_order_is_a_warning_and_training_goes_on(made, tmp_path, caplog):
    (tmp_path / "file").write_text("a file where a folder should be")
    out = train_here(made, tmp_path, {"epochs": 1}, *options("mlflow", tmp_path / "file"))
    assert len(history_of(out)) == 1
    assert "mlflow can't log this training, which goes on" in caplog.text


def test_what_fails_later_is_a_warning_too(tmp_path, monkeypatch, caplog):
    class Logger:
        version = "abc"
        experiment = None

        def log_hyperparams(self, settings):
            (tmp_path / "settings").write_text(json.dumps(settings))

        def log_metrics(self, values, step):
            if step == 2:
                raise ConnectionError("the server is away")

        def finalize(self, status):
            pass

    monkeypatch.setitem(loggers.LOGGERS, "mlflow", lambda *_: Logger())
    rows = [{"epoch": number, **dict.fromkeys(HISTORY[1:], 0.5)} for number in (1, 2, 3)]
    logging = Logging("mlflow", tmp_path, {"lr": 0.1})
    with open_logger(logging, tmp_path, "made/tiny") as log_history:
        log_history(rows[:1])
        assert json.loads((tmp_path / "logger.json").read_text()) == {
            "kind": "mlflow",
            "id": "abc",
            "epochs": 1,
        }
        log_history(rows[:2])
        log_history(rows)
    assert "logs no more, and training goes on: the server is away" in caplog.text
    assert json.loads((tmp_path / "settings").read_text()) == {"lr": 0.1, "name": "made/tiny"}


def test_missing_packages_are_named_with_the_command_that_installs_them(monkeypatch, made, tmp_path, caplog):
    monkeypatch.setattr("deepfake.training.loggers.find_spec", lambda name: None)
    with pytest.raises(
        UserError, match=r"mlflow, alembic; install it: pip install -r .*requirements/loggers.txt"
    ):
        check_logger("mlflow")
    train_here(made, tmp_path, None, *options("wandb", tmp_path), code=1)
    assert "train.logger: wandb needs pytorch_lightning, wandb" in caplog.text


def test_the_logger_is_no_setting_of_a_model():
    one, two = checked("train: {logger: none}"), checked("train: {logger: mlflow}")
    assert model_section(one, "meso4") == model_section(two, "meso4")
    with pytest.raises(
        UserError, match=r"train.logger: 'comet' can't be used; write none \| mlflow \| wandb"
    ):
        checked("train: {logger: comet}")
