"""Learning rates of encoder, head and blocks, and the moving averages of weights."""

import pytest
import timm
import torch
from made.decoded import MODEL
from made.networks import section
from timm.optim import param_groups_layer_decay
from torch import nn

from deepfake.networks.build import build
from deepfake.training.averages import make_averages
from deepfake.training.optimizer import learning_rates, make_optimizer
from deepfake.training.tuning_settings import tuning_conflict

pytestmark = pytest.mark.usefixtures("one_thread")


def detector_of(arch: str, **changes):
    model = MODEL | section(arch, size=160) | changes
    return build(model, 0).detector, model


def test_encoder_and_head_have_their_own_rates():
    detector, model = detector_of("timm/test_vit", lr={"encoder": 1e-5, "head": 1e-2})
    rates = learning_rates(detector, model)
    assert {name for name, rate in rates.items() if rate == 1e-2} == {
        "network.head.weight",
        "network.head.bias",
    }
    assert set(rates.values()) == {1e-5, 1e-2}
    groups = make_optimizer(detector, model).param_groups
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [
        (1e-5, 0.0001),
        (1e-2, 0.0001),
        (1e-5, 0.0),
        (1e-2, 0.0),
    ]
    assert sum(len(group["params"]) for group in groups) == len(rates) == len(list(detector.parameters()))


def test_only_what_is_tuned_has_a_rate():
    detector, model = detector_of("timm/test_vit", tune={"last": 1})
    trained = {name for name, parameter in detector.named_parameters() if parameter.requires_grad}
    assert learning_rates(detector, model).keys() == trained


def test_layer_decay_is_timm_s():
    detector, model = detector_of("timm/vit_tiny_patch16_224", layer_decay=0.65, lr=0.1)
    ours = learning_rates(detector, model)
    names = {id(parameter): f"network.{name}" for name, parameter in detector.network.named_parameters()}
    theirs = {
        names[id(parameter)]: 0.1 * group["lr_scale"]
        for group in param_groups_layer_decay(detector.network, layer_decay=0.65)
        for parameter in group["params"]
    }
    assert ours == pytest.approx(theirs) and len(set(ours.values())) == 14
    assert isinstance(detector.network, timm.models.VisionTransformer)


@pytest.mark.parametrize("arch, blocks", [("torchvision/vit_b_32", 12), ("meso4", 5)])
def test_layer_decay_of_other_networks_falls_from_the_head_to_the_first_block(arch, blocks):
    with torch.device("meta"):
        model = MODEL | section(arch, size=32) | {"layer_decay": 0.5, "lr": 1.0}
        detector = build(model, 0).detector
    rates = list(learning_rates(detector, model).values())
    assert rates == sorted(rates) and max(rates) == 1 and min(rates) >= 0.5 ** (blocks + 1)
    assert len(set(rates)) in (blocks + 1, blocks + 2)


def test_averages_are_those_computed_by_hand():
    network = nn.BatchNorm1d(1)
    averages = make_averages(network, 0.5)
    expected = None
    for number, value in enumerate([1.0, 3.0, 8.0, -4.0]):
        with torch.no_grad():
            network.weight.fill_(value)
            network.running_mean.fill_(10 * value)
            network.num_batches_tracked.fill_(number)
        averages.update_parameters(network)
        decay = min(0.5, (1 + number) / (10 + number))
        expected = value if expected is None else decay * expected + (1 - decay) * value
        assert averages.module.weight.item() == pytest.approx(expected)
        assert averages.module.running_mean.item() == pytest.approx(10 * expected)
        assert averages.module.num_batches_tracked.item() == number
    assert make_averages(network, None) is None


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"freeze_epochs": 3}, "freeze_epochs: 3 leaves none of the 3 epochs"),
        ({"freeze_epochs": 1, "tune": "head"}, "freeze_epochs: tune: head trains the head alone"),
        ({"lr_min": 1e-6, "schedule": "plateau"}, "lr_min: only schedule: cosine has one"),
        ({"restart_every": 2, "schedule": "constant"}, "restart_every: .* or restart_every: null"),
    ],
)
def test_settings_without_an_effect_are_an_error(changes, message):
    assert tuning_conflict(MODEL) == ""
    with pytest.raises(AssertionError, match=message):
        assert not (problem := tuning_conflict(MODEL | changes)), problem
