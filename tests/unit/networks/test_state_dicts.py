"""The state_dict of a network is found however training programs wrap it and name its keys."""

import time

import pytest
import torch
from made.networks import same, section
from torch import nn

from deepfake.errors import ModelError
from deepfake.networks.build import build
from deepfake.networks.state_dicts import find_state_dict

pytestmark = pytest.mark.usefixtures("one_thread")

ARCH = "timm/test_resnet"


@pytest.fixture(scope="module")
def source():
    return build(section(ARCH), seed=1).detector.network


def prefixed(state: dict, prefix: str) -> dict:
    return {f"{prefix}{key}": value for key, value in state.items()}


def load(path, content, **keys) -> nn.Module:
    torch.save(content, path)
    return build(section(ARCH, path, head="keep", epochs=0, **keys), seed=2).detector.network


@pytest.mark.parametrize(
    "prefix",
    "module. model. backbone. encoder. net. _orig_mod. student. network. detector. module._orig_mod.model. "
    "my_own.name.of.it.".split(),
)
def test_any_prefix_of_all_keys_is_removed(tmp_path, source, prefix):
    assert same(load(tmp_path / "w.pt", prefixed(source.state_dict(), prefix)), source)


@pytest.mark.parametrize(
    "name", "state_dict model_state_dict model_state model net ema weights my_net".split()
)
def test_any_wrapper_is_opened(tmp_path, source, name):
    optimizer = {"state": {0: {"exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 0.1}]}
    content = {"epoch": 3, "optimizer": optimizer, name: source.state_dict(), "args": {"lr": 0.1}}
    assert same(load(tmp_path / "w.pt", content), source)
    assert same(load(tmp_path / "w.pt", {name: {"state_dict": source.state_dict()}}), source)


def test_of_several_wrappers_the_plain_weights_count_and_the_log_says_so(tmp_path, source, caplog):
    averaged = {key: value + 1 for key, value in source.state_dict().items()}
    with caplog.at_level("INFO"):
        loaded = load(tmp_path / "w.pt", {"ema": averaged, "model": source.state_dict()})
    assert same(loaded, source) and "those of model, and not of ema" in caplog.text


def test_several_state_dicts_without_known_names_are_an_error(tmp_path, source):
    content = {"generator": source.state_dict(), "critic": source.state_dict()}
    with pytest.raises(ModelError, match="several state_dicts, generator, critic; save the right one"):
        load(tmp_path / "w.pt", content)


def test_what_is_around_the_network_is_left_out_with_a_warning(tmp_path, source, caplog):
    others = {key: value + 1 for key, value in prefixed(source.state_dict(), "teacher.").items()}
    content = prefixed(source.state_dict(), "student.") | others | {"loss.margin": torch.zeros(2)}
    assert same(load(tmp_path / "w.pt", content), source)
    assert "around the network are left out" in caplog.text and "loss.margin, teacher." in caplog.text


def test_a_head_beside_the_backbone_is_the_network_s_by_its_name_or_as_the_only_layer(tmp_path, source):
    state = source.state_dict()
    backbone = prefixed(
        {key: value for key, value in state.items() if not key.startswith("fc.")}, "backbone."
    )
    for name in ("fc.", "head.1.", "classifier."):
        head = {f"{name}weight": state["fc.weight"], f"{name}bias": state["fc.bias"]}
        assert same(load(tmp_path / "w.pt", backbone | head), source), name
    wide = {"head.weight": torch.zeros(1, 9), "head.bias": torch.zeros(1)}
    for extra in (wide, head | {"neck.weight": torch.zeros(3)}):
        with pytest.raises(ModelError, match="w.pt has no head"):
            load(tmp_path / "w.pt", backbone | extra)


def test_keys_inside_the_prefix_that_do_not_fit_are_an_error(tmp_path, source):
    content = prefixed(source.state_dict() | {"extra.weight": torch.zeros(2, 2)}, "backbone.")
    with pytest.raises(ModelError, match="1 unknown: extra.weight"):
        load(tmp_path / "w.pt", content)


@pytest.mark.parametrize(
    "content",
    [{}, {"epoch": 3}, [torch.zeros(2)], {"model": {}}, {"model": {"a": {"b": {}}}}, torch.zeros(2)],
)
def test_no_state_dict_is_an_error(tmp_path, content):
    with pytest.raises(ModelError, match="w.pt holds no state_dict"):
        load(tmp_path / "w.pt", content)


@pytest.mark.parametrize("first", [2, 5000])
def test_many_keys_of_no_network_take_little_time(source, first):
    state = {f"{number % first}.a.b.{number}": torch.zeros(1) for number in range(50_000)}
    began = time.process_time()
    find_state_dict(state, "w.pt", source, ["fc"])
    assert time.process_time() - began < 5  # seconds; it takes half of one
