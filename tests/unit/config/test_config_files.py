"""Keys that stand twice in a config file: errors with the file and both lines."""

import json

import pytest
from conftest import ROOT

from deepfake.config.files import check_files
from deepfake.errors import UserError


def errors_of(tmp_path, text: str, name: str = "mine.yaml") -> list[str]:
    path = (tmp_path / name).resolve()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        check_files([path])
    lines = str(caught.value).split("\n  ")[1:]
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def test_the_default_config_has_no_key_twice():
    check_files([ROOT / "config.yaml"])


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("seed: 1\nfaces: {size: 64}\nseed: 2\n", "seed is in lines 1 and 3, and the first would be ignored"),
        ("faces:\n  size: 64\n\nfaces:\n  margin: 2\n", "faces is in lines 1 and 4"),
        ("faces: {size: 64, size: 65}\n", "faces.size is in line 1 twice"),
        (
            "corpora:\n  a:\n    layout: dfdc\n  b: {}\n  a:\n    layout: dfd\n",
            "corpora.a is in lines 2 and 5",
        ),
        (
            "corpora:\n  a:\n    layout: x\n    folder: y\n    layout: z\n",
            "corpora.a.layout is in lines 3 and 5",
        ),
        ("frames: {at: [{a: 1,\n a: 2}]}\n", "frames.at.a is in lines 1 and 2"),
        ("\ufeffseed: 1\n'seed': 2\n", "seed is in lines 1 and 2"),
        ('{"seed": 1,\n\t"seed": 2}', "seed is in lines 1 and 2"),
    ],
)
def test_a_key_that_stands_twice(tmp_path, text, start):
    (line,) = errors_of(tmp_path, text)
    assert line.startswith(start) and line.endswith("put both into one")


def test_all_files_and_all_keys_are_named(tmp_path):
    assert len(errors_of(tmp_path, "a: 1\nb: 1\na: 2\nb: 2\na: 3\n")) == 3
    (tmp_path / "good.json").write_text(json.dumps({"a": {"b": [1, {"a": 2}]}}))
    (tmp_path / "bad.yaml").write_text("a: 1\na: 2")
    with pytest.raises(UserError, match=r"bad\.yaml: a is in lines 1 and 2"):
        check_files([tmp_path / "good.json", tmp_path / "bad.yaml", tmp_path / "bad.yaml"])


@pytest.mark.parametrize(
    "text",
    [
        "a: {x: 1}\nb: {x: 1}\n",
        "1: a\n'1': b\n",
        "base: &base {x: 1}\nmine: {<<: *base, x: 2}\nother: *base\n",
        "a: &a [*a]\n",
        "",
        "- a\n- a\n",
        "a: [",
        "a: 1\n\x00",
    ],
)
def test_everything_else_is_left_to_snakemake(tmp_path, text):
    (tmp_path / "mine.yaml").write_text(text)
    check_files([tmp_path / "mine.yaml", tmp_path / "gone.yaml", tmp_path])
