"""Paths of Windows are answered with the path to write under WSL, in a config and by programs."""

import subprocess
import sys

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from deepfake.windows import explain_windows_path


@pytest.mark.parametrize(
    ("path", "instead"),
    [
        ("C:/Datasets", "/mnt/c/Datasets"),
        ("D:\\Data\\FaceForensics++\\c23", "/mnt/d/Data/FaceForensics++/c23"),
        ("d:\\\\data\\\\", "/mnt/d/data"),
        ("E:\\", "/mnt/e"),
        ("\\\\wsl$\\Ubuntu\\home\\me\\data", "/home/me/data"),
        ("\\\\wsl.localhost\\Ubuntu-24.04\\", "/"),
        ("\\\\nas\\corpora\\dfdc", "/mnt/corpora/dfdc"),
    ],
)
def test_what_to_write_instead(path, instead):
    assert explain_windows_path(path).endswith(f"write {instead}")


def test_a_share_is_mounted_first():
    assert "mount -t drvfs '\\\\nas\\corpora' /mnt/corpora) and" in explain_windows_path(
        "\\\\nas\\corpora\\dfdc"
    )


@pytest.mark.parametrize(
    "path", ["", "/mnt/c/x", "c", "c:", "cc:/x", "a/C:/x", "//nas/x", "a\\b", "docker://a/b"]
)
def test_other_paths_are_none_of_windows(path):
    assert explain_windows_path(path) == ""


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1)),
    st.sampled_from("/\\"),
)
def test_names_stay_as_they_are(names, slash):
    instead = explain_windows_path(slash.join(["C:", *names, ""]))
    assert instead.endswith("write " + "/".join(["/mnt/c", *names]))


@pytest.mark.parametrize("args", ["audit_folder.py --folder D:/data", "verify.py --results D:/data"])
def test_a_program_answers_a_path_of_windows(args, tmp_path):
    command = [sys.executable, *f"{ROOT}/scripts/{args}".split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (
        done.returncode == 1
        and "D:/data: this is a path of Windows; under WSL write /mnt/d/data" in done.stderr
    )
