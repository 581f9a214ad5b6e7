"""Packages that are not installed: torch in an environment for datasets, all of them in another Python.

requirements/dataset.txt has what all steps up to a dataset need, requirements.txt what networks need too.
"""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from deepfake.errors import UserError

FOR_DATASETS = "requirements/dataset.txt"
FOR_ALL = "requirements.txt"
SAMPLE = ("av", "cv2", "pandas")
"""Modules that stand for all of requirements/dataset.txt."""

FOR_LOGGERS = "requirements/loggers.txt"
LOGGERS = {"mlflow": ("pytorch_lightning", "mlflow", "alembic"), "wandb": ("pytorch_lightning", "wandb")}
"""Modules that each value of train.logger needs."""

TRAININGS = {"train", "train_left_out"}

FIND = "import sys, importlib.util as u; print(*[m for m in sys.argv[1:] if u.find_spec(m) is None])"


def is_foreign(module: str | None) -> bool:
    """Return whether a module that can't be imported belongs to a package, and not to this library."""
    return bool(module) and module.split(".")[0] not in ("deepfake", *sys.stdlib_module_names)


def install(file: str = FOR_ALL) -> str:
    """Return the command that installs the packages of a file of the project, or of a submission package."""
    folders = Path(__file__).resolve().parents[1:3]
    path = next((folder / file for folder in folders if (folder / file).is_file()), Path(file))
    here = Path.cwd()
    return f"pip install -r {shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))}"


def missing_package(module: str) -> str:
    """Return the message of a program about a module that it can't import."""
    return f"this step needs {module.split('.')[0]}, which {sys.executable} lacks; install it: {install()}"


def check_module(module: str, what: str, file: str) -> None:
    """Raise UserError unless there is a `module`, which `what` needs and the requirements in `file` have."""
    if find_spec(module) is None:
        raise UserError(f"{what} needs {module}, which {sys.executable} lacks; install it: {install(file)}")


def lacks_logger(logger: str, missing: Iterable[str]) -> str:
    """Return the message about what a value of train.logger lacks, with the command that installs it."""
    return (
        f"train.logger: {logger} needs {', '.join(missing)}; install it: {install(FOR_LOGGERS)}, or write "
        "train: {logger: none}"
    )


def check_packages(torch_for: Iterable[str] = (), python: str = "python", logger: str = "none") -> None:
    """Raise UserError unless the steps' Python, the first `python` on the PATH, has the packages they need.

    `torch_for` are the steps of a run that need torch; the others do without. `logger` is that of its
    trainings.
    """
    steps = sorted(torch_for)
    path = shutil.which(python)
    if path is None:
        raise UserError(f"no `{python}` on the PATH, by which the steps run; activate your environment")
    optional = LOGGERS.get(logger, ()) if TRAININGS & set(steps) else ()
    found = _missing(path, [*SAMPLE, *["torch"] * bool(steps), *optional])
    missing = [name for name in found if name not in optional]
    if "torch" in missing and missing[1:] == []:
        raise UserError(
            f"{', '.join(steps)} need torch, which {path} lacks; install it: {install()}. To make datasets "
            "and train nothing, write train: {models: []} in your config, or name a target: results/<dataset>"
        )
    if missing:
        raise UserError(
            f"the steps run by {path}, the first `{python}` on the PATH, which lacks {', '.join(missing)}; "
            "activate your environment, or install what it lacks: "
            f"{install(FOR_ALL if steps else FOR_DATASETS)}; or let Snakemake make environments: --sdm conda"
        )
    if found:
        raise UserError(f"the trainings run by {path}; {lacks_logger(logger, found)}")


def _missing(python: str, modules: list[str]) -> list[str]:
    """Return those of `modules` that a Python lacks. Raises UserError if it can't be run."""
    if Path(python).parent == Path(sys.executable).parent:  # the one that runs this, as nearly always
        return [module for module in modules if find_spec(module) is None]
    done = subprocess.run([python, "-c", FIND, *modules], capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"the steps run by {python}, which fails: {done.stderr.strip()[-500:]}")
    return done.stdout.split()
