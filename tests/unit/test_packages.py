"""What is not installed is said at the start of a run and by each program, with the command to install it."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from deepfake.errors import UserError
from deepfake.packages import check_packages

WITHOUT_TORCH = """
import runpy, sys
sys.modules["torch"] = None
sys.argv[1:] = {args}
sys.path.insert(0, {scripts!r})
runpy.run_path({script!r}, run_name="__main__")
"""


@pytest.fixture
def python(tmp_path, monkeypatch):
    """A function that puts a `python` alone on the PATH, a shell script of some lines."""

    monkeypatch.chdir(ROOT)

    def write(*lines: str) -> Path:
        path = tmp_path / "python"
        path.write_text("\n".join(["#!/bin/sh", *lines]))
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return path

    return write


def test_the_python_of_the_tests_has_everything(python, monkeypatch):
    python(f'exec {sys.executable} "$@"')
    check_packages(["train"])
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    check_packages(["train"])


def test_a_python_without_packages_is_named_with_what_it_lacks(python):
    path = python(f'exec {sys.executable} -S "$@"')  # without site-packages
    with pytest.raises(UserError, match=f"{path}.* lacks av, cv2, pandas; .*requirements/dataset.txt"):
        check_packages()
    with pytest.raises(UserError, match="lacks av, cv2, pandas, torch; .* -r requirements.txt"):
        check_packages(["train"])


def test_torch_alone_may_be_missing_where_nothing_is_trained(python):
    python('for name; do if [ "$name" = torch ]; then echo torch; fi; done')
    check_packages()
    with pytest.raises(UserError, match=r"^finish, train need torch, .* -r requirements.txt.*models: \[\]"):
        check_packages({"train", "finish"})


def test_what_a_logger_lacks_is_said_where_something_is_trained(python):
    python('for name; do if [ "$name" = wandb ]; then echo wandb; fi; done')
    for steps, logger in (([], "wandb"), (["convert"], "wandb"), (["train"], "mlflow"), (["train"], "none")):
        check_packages(steps, logger=logger)
    with pytest.raises(UserError, match="needs wandb; install it: pip install -r requirements/loggers.txt"):
        check_packages(["finish", "train"], logger="wandb")


def test_no_python_or_one_that_fails_is_an_error(python):
    python("echo no libpython >&2", "exit 3").chmod(0o644)
    with pytest.raises(UserError, match="no `python` on the PATH"):
        check_packages()
    python("echo no libpython >&2", "exit 3")
    with pytest.raises(UserError, match="fails: no libpython"):
        check_packages()


@pytest.mark.parametrize(
    ("script", "args"),
    [
        ("finish.py", "--weights a --facts b --val c --threshold eer --output d --output-facts e"),
        ("detect.py", f"{ROOT}/docs/report.jpg --model {ROOT}/LICENSE"),
    ],
)
def test_a_program_that_lacks_torch_says_how_to_install_it(script, args, tmp_path):
    code = WITHOUT_TORCH.format(
        args=args.split(), script=f"{ROOT}/scripts/{script}", scripts=f"{ROOT}/scripts"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert (
        f"needs torch, which {sys.executable} lacks; install it: pip install -r {ROOT}/requirements.txt"
        in done.stderr
    )
