"""Losses equal values computed by hand, and stay finite where a batch says little."""

import math

import pytest
import torch
from made.decoded import MODEL
from torch.nn import functional

from deepfake.networks.detector import Outputs
from deepfake.training.losses import alignment, pool_frames, training_loss, uniformity, weighted_loss

FEATURES = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
CLASSES = torch.tensor([False, False, True, True])
SQUARED = [0.0, 0.8, 2.0, 0.8, 2.0, 0.4]  # distances of the pairs 01, 02, 03, 12, 13, 23


def loss_of(outputs: Outputs, labels: list[float], weights=None, total=None, **changes) -> torch.Tensor:
    weights = torch.ones(len(labels)) if weights is None else torch.tensor(weights)
    total = None if total is None else torch.tensor(float(total))
    return training_loss(outputs, torch.tensor(labels), weights, total, MODEL | changes)


def test_the_loss_is_the_weighted_mean_over_images():
    labels, weights = torch.tensor([0.0, 1.0, 1.0]), torch.tensor([1.0, 3.0, 3.0])
    logits = torch.tensor([0.3, -0.2, 2.0])
    each = torch.stack([(1 + logits[0].exp()).log(), *((1 + (-logits[1:]).exp()).log())])
    expected = (each * weights).sum() / 7
    assert torch.allclose(weighted_loss(logits, labels, weights), expected)


def test_the_focal_loss_weighs_each_image_by_how_wrong_it_is():
    logits, labels, weights = [0.3, -0.2, 2.0], [0.0, 1.0, 1.0], [1.0, 3.0, 3.0]
    right = [1 / (1 + math.exp(0.3)), 1 / (1 + math.exp(0.2)), 1 / (1 + math.exp(-2.0))]
    expected = sum(-w * (1 - p) ** 3 * math.log(p) for w, p in zip(weights, right, strict=True)) / 7
    found = loss_of(Outputs(torch.tensor(logits)), labels, weights, loss="focal", focal_gamma=3)
    assert found.item() == pytest.approx(expected, rel=1e-5)
    cross_entropy = loss_of(Outputs(torch.tensor(logits)), labels, weights)
    assert found < cross_entropy
    assert torch.equal(
        cross_entropy, weighted_loss(torch.tensor(logits), torch.tensor(labels), torch.tensor(weights))
    )


def test_smoothing_and_the_focal_loss_go_together():
    found = loss_of(Outputs(torch.tensor([0.7])), [1.0], loss="focal", label_smoothing=0.2)
    p = 1 / (1 + math.exp(-0.7))
    near = 0.9 * p + 0.1 * (1 - p)
    assert found.item() == pytest.approx(
        (1 - near) ** 2 * -(0.9 * math.log(p) + 0.1 * math.log(1 - p)), rel=1e-5
    )


def test_uniformity_is_the_log_of_the_mean_potential_of_all_pairs():
    expected = math.log(sum(math.exp(-2 * d) for d in SQUARED) / 6)
    assert uniformity(FEATURES).item() == pytest.approx(expected, rel=1e-5)
    assert uniformity(FEATURES[:2]).item() == 0
    far = functional.normalize(torch.eye(2) - 0.5, dim=1)  # opposite each other: exp(-8) is above the bound
    assert uniformity(far).item() == pytest.approx(-8, rel=1e-5)


def test_alignment_is_the_mean_squared_distance_within_classes():
    assert alignment(FEATURES, CLASSES).item() == pytest.approx((SQUARED[0] + SQUARED[5]) / 2, abs=1e-6)
    assert alignment(FEATURES[1:3], CLASSES[1:3]).item() == 0


def test_both_are_added_by_their_weights_on_features_of_length_one():
    outputs = Outputs(torch.tensor([0.1, 0.2, 0.3, 0.4]), 5 * FEATURES)
    labels = [0.0, 0.0, 1.0, 1.0]
    expected = loss_of(outputs, labels) + 0.5 * uniformity(FEATURES) + 0.1 * alignment(FEATURES, CLASSES)
    assert torch.allclose(loss_of(outputs, labels, uniformity=0.5, alignment=0.1), expected)


def test_the_shares_of_two_processes_add_up():
    """Of the cross-entropy to that of the whole batch, of the features' terms to the mean of both shares'."""
    outputs = Outputs(torch.tensor([0.1, 0.2, 0.3, 0.4]), FEATURES, torch.tensor([0.0, 1.0, 2.0, -1.0]))
    labels, weights = [0.0, 0.0, 1.0, 1.0], [2.0, 2.0, 1.0, 1.0]
    halves = [Outputs(*(part[half] for part in outputs)) for half in (slice(0, 2), slice(2, 4))]

    def summed(**changes) -> float:
        parts = [loss_of(halves[0], labels[:2], weights[:2], 6, **changes)]
        return sum([*parts, loss_of(halves[1], labels[2:], weights[2:], 6, **changes)]).item()

    assert summed() == pytest.approx(loss_of(outputs, labels, weights).item())
    assert summed(frames=2) == pytest.approx(loss_of(outputs, labels, weights, frames=2).item())
    mean = 4 / 6 * uniformity(FEATURES[:2]) + 2 / 6 * uniformity(FEATURES[2:])
    assert summed(uniformity=1) - summed() == pytest.approx(mean.item(), rel=1e-5)


def test_frames_are_pooled_by_attention_and_count_half_themselves():
    logits, scores = torch.tensor([0.5, -1.0, 2.0, 1.0]), torch.tensor([0.0, math.log(3), 5.0, 5.0])
    assert pool_frames(logits, scores, 2).tolist() == pytest.approx([0.25 * 0.5 - 0.75, 1.5])
    outputs, labels = Outputs(logits, None, scores), [0.0, 0.0, 1.0, 1.0]
    pooled = functional.binary_cross_entropy_with_logits(
        torch.tensor([-0.625, 1.5]), torch.tensor([0.0, 1.0])
    )
    expected = (loss_of(outputs, labels) + pooled) / 2
    assert loss_of(outputs, labels, frames=2).item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("labels", [[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0], [1.0]])
def test_loss_and_gradient_are_finite_for_batches_of_one_class_one_image_and_equal_features(labels, dtype):
    for features in (FEATURES, torch.ones(4, 2), torch.zeros(4, 2)):
        logits = torch.tensor([0.0, 80.0, -80.0, 1.0])[: len(labels)].to(dtype).requires_grad_()
        features = features[: len(labels)].to(dtype).requires_grad_()
        outputs = Outputs(logits, features, logits * 0.1)
        frames = min(2, len(labels))
        loss = loss_of(outputs, labels, loss="focal", uniformity=0.5, alignment=0.1, frames=frames)
        loss.backward()
        assert loss.dtype == torch.float32 and torch.isfinite(loss)
        assert torch.isfinite(logits.grad).all() and torch.isfinite(features.grad).all()
