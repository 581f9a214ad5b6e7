"""Models in safetensors: read as they were written, and refused with the reason where they are invalid."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch
from made.decoded import MODEL
from made.models import KINDS, save

from deepfake.checkpoints.best_pt import load_checkpoint
from deepfake.checkpoints.metadata import KEY, without_weights
from deepfake.checkpoints.open_model import open_model
from deepfake.checkpoints.safetensors import as_safetensors, read_safetensors
from deepfake.errors import ModelError

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def best(tmp_path_factory):
    return load_checkpoint(save(tmp_path_factory.mktemp("model") / "best.pt", MODEL))


def write(path, tensors: dict, metadata: dict | str | None):
    text = metadata if isinstance(metadata, str) else json.dumps(metadata)
    safetensors.torch.save_file(tensors, path, metadata=None if metadata is None else {KEY: text})


def tensors_of(checkpoint: dict) -> dict:
    return {f"state.{key}": value for key, value in checkpoint["state"].items()}


@pytest.mark.parametrize("kind", ["meso", "hf", "ensemble"])
def test_what_is_read_is_what_was_written(tmp_path, kind):
    written = load_checkpoint(KINDS[kind](tmp_path))
    (tmp_path / "a.safetensors").write_bytes(as_safetensors(written))
    read = read_safetensors(tmp_path / "a.safetensors")
    assert without_weights(read) == without_weights(written)
    for one, other in zip(written.get("parts", [written]), read.get("parts", [read]), strict=True):
        assert one["state"].keys() == other["state"].keys()
        assert all(torch.equal(value, other["state"][key]) for key, value in one["state"].items())


def without(metadata: dict, key: str) -> dict:
    return {name: value for name, value in metadata.items() if name != key}


HOSTILE = {
    "metadata absent": (lambda t, m: (t, None), "only files that convert.py wrote"),
    "metadata no json": (lambda t, m: (t, "{"), "no JSON"),
    "metadata threshold": (
        lambda t, m: (t, m | {"threshold": -1.0}),
        "threshold: -1.0 is less than the minimum of 0",
    ),
    "network absent": (lambda t, m: (t, without(m, "network")), "'network' is a required property"),
    "network unknown": (lambda t, m: (t, m | {"network": m["network"] | {"arch": "meso5"}}), "'meso5'"),
    "tensor unknown": (lambda t, m: (t | {"state.more": torch.zeros(1)}, m), "1 unknown: more"),
    "tensor foreign": (lambda t, m: (t | {"w": torch.zeros(1)}, m), "'w' belongs to no network"),
    "tensor of a part": (lambda t, m: (t | {"parts.7.state.w": torch.zeros(1)}, m), "belongs to no network"),
    "tensor infinite": (lambda t, m: ({k: v + torch.inf for k, v in t.items()}, m), "not finite"),
    "tensors absent": (lambda t, m: ({}, m), "state is missing or empty"),
    "part without views": (
        lambda t, m: ({}, m | {"parts": [m], "temperature": 1.0}),
        "parts.0: 'views' is a required property",
    ),
}


@pytest.mark.parametrize(
    "change, message", HOSTILE.values(), ids=[name.replace(" ", "-") for name in HOSTILE]
)
def test_an_invalid_file_is_refused_with_the_reason(tmp_path, best, change, message):
    path = tmp_path / "a.safetensors"
    tensors, metadata = change(tensors_of(best), without_weights(best))
    write(path, {key: value.contiguous() for key, value in tensors.items()}, metadata)
    with pytest.raises(ModelError, match=message) as error:
        open_model(path)
    assert str(path) in str(error.value)


def test_a_cut_or_changed_file_gives_no_other_error(tmp_path, best):
    whole, path = as_safetensors(best), tmp_path / "a.safetensors"
    for length in range(0, len(whole), len(whole) // 30):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            read_safetensors(path)
    rng = np.random.default_rng(0)
    for _ in range(200):
        content = bytearray(whole)
        content[rng.integers(4000)] = rng.integers(256)
        path.write_bytes(content)
        try:
            read_safetensors(path)  # a changed name or number may pass
        except ModelError:
            continue


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="no model .*absent.safetensors"):
        open_model(tmp_path / "absent.safetensors")
