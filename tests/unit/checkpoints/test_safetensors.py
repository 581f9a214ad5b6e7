"""Models in safetensors: laid in whole, and refused with the reason where they are no model of ours."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch
from made.decoded import MODEL
from made.forms import KINDS, save

from deepfake.checkpoints.best_pt import load_checkpoint
from deepfake.checkpoints.inference import open_model
from deepfake.checkpoints.metadata import KEY
from deepfake.checkpoints.safetensors import as_safetensors, facts_of, read_safetensors
from deepfake.networks.errors import WeightsDontFit, WeightsMissing

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def best(tmp_path_factory):
    return load_checkpoint(save(tmp_path_factory.mktemp("model") / "best.pt", MODEL))


def write(path, tensors: dict, facts: dict | str | None):
    text = facts if isinstance(facts, str) else json.dumps(facts)
    safetensors.torch.save_file(tensors, path, metadata=None if facts is None else {KEY: text})


def tensors_of(checkpoint: dict) -> dict:
    return {f"state.{key}": value for key, value in checkpoint["state"].items()}


@pytest.mark.parametrize("kind", ["meso", "hf", "ensemble"])
def test_what_is_read_is_what_was_written(tmp_path, kind):
    wanted = load_checkpoint(KINDS[kind](tmp_path))
    (tmp_path / "a.safetensors").write_bytes(as_safetensors(wanted))
    found = read_safetensors(tmp_path / "a.safetensors")
    assert facts_of(found) == facts_of(wanted)
    for one, other in zip(wanted.get("parts", [wanted]), found.get("parts", [found]), strict=True):
        assert one["state"].keys() == other["state"].keys()
        assert all(torch.equal(value, other["state"][key]) for key, value in one["state"].items())


def without(facts: dict, key: str) -> dict:
    return {name: value for name, value in facts.items() if name != key}


HOSTILE = {
    "facts absent": (lambda t, f: (t, None), "only files that convert.py wrote"),
    "facts no json": (lambda t, f: (t, "{"), "no JSON"),
    "facts threshold": (lambda t, f: (t, f | {"threshold": -1.0}), "threshold is -1.0"),
    "network absent": (lambda t, f: (t, without(f, "network")), "network missing"),
    "network unknown": (lambda t, f: (t, f | {"network": f["network"] | {"arch": "meso5"}}), "'meso5'"),
    "tensor unknown": (lambda t, f: (t | {"state.more": torch.zeros(1)}, f), "1 unknown: more"),
    "tensor foreign": (lambda t, f: (t | {"w": torch.zeros(1)}, f), "'w' belongs to no network"),
    "tensor of a part": (lambda t, f: (t | {"parts.7.state.w": torch.zeros(1)}, f), "belongs to no network"),
    "tensor infinite": (lambda t, f: ({k: v + torch.inf for k, v in t.items()}, f), "not finite"),
    "tensors absent": (lambda t, f: ({}, f), "state is empty"),
    "part unweighed": (lambda t, f: ({}, f | {"parts": [f], "temperature": 1.0}), "parts.0 has no views"),
}


@pytest.mark.parametrize("change, said", HOSTILE.values(), ids=[name.replace(" ", "-") for name in HOSTILE])
def test_what_is_no_model_of_ours_is_refused_with_the_reason(tmp_path, best, change, said):
    path = tmp_path / "a.safetensors"
    tensors, facts = change(tensors_of(best), facts_of(best))
    floats = {key: value.contiguous() for key, value in tensors.items()}
    write(path, floats, facts)
    with pytest.raises(WeightsDontFit, match=said) as error:
        open_model(path)
    assert str(path) in str(error.value)


def test_a_cut_or_changed_file_gives_no_other_error(tmp_path, best):
    whole, path = as_safetensors(best), tmp_path / "a.safetensors"
    for length in range(0, len(whole), len(whole) // 30):
        path.write_bytes(whole[:length])
        with pytest.raises(WeightsDontFit):
            read_safetensors(path)
    rng = np.random.default_rng(0)
    for _ in range(200):
        content = bytearray(whole)
        content[rng.integers(4000)] = rng.integers(256)
        path.write_bytes(content)
        try:
            read_safetensors(path)  # a changed name or number may pass
        except WeightsDontFit:
            continue


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsMissing, match="no model .*absent.safetensors"):
        open_model(tmp_path / "absent.safetensors")
