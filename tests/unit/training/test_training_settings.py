"""Each setting of training does what it says, and batches are the images of the dataset."""

import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from made import decoded as made_decoded
from made.decoded import MODEL, SIZE
from made.training import STILL, column, linear, run, same
from torch.nn import functional
from torch.optim.optimizer import register_optimizer_step_post_hook

from deepfake.inputs.decoded import read_decoded
from deepfake.networks.build import build
from deepfake.training.curves import draw_curves
from deepfake.training.fit import Machine, UntrainableDataset, UnusableMachine, check, fit
from deepfake.training.history import HISTORY
from deepfake.training.loading import Images, Share, loader
from deepfake.training.module import Diverged, Training

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("few"), counts={"train": 16, "val": 8})


def test_class_weights_weigh_each_image_by_its_class():
    training = Training(linear(), MODEL, (1.0, 3.0), SIZE, 0, None)
    labels = torch.tensor([0.0, 1.0, 1.0])
    logits = torch.tensor([0.3, -0.2, 2.0])
    each = torch.stack([(1 + logits[0].exp()).log(), *((1 + (-logits[1:]).exp()).log())])
    expected = (each * torch.tensor([1.0, 3.0, 3.0])).sum() / 7
    assert torch.allclose(training.loss(logits, labels, labels), expected)


def test_label_smoothing_is_that_of_torch_for_two_classes(few, tmp_path):
    fitted = run(few, tmp_path, linear(), epochs=1, label_smoothing=0.2, batch_size=16, accumulate=2)
    decoded = read_decoded(few.images, few.rows)
    logits, labels = of_train(linear(), decoded)
    expected = functional.cross_entropy(
        torch.stack([torch.zeros_like(logits), logits], 1), labels.long(), label_smoothing=0.2
    )
    assert column(fitted, "train_loss")[0] == pytest.approx(expected.item(), rel=1e-5)


def of_train(detector, decoded) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = Images(decoded, "train", CPU).__getitems__(list(range(len(decoded.split("train")))))
    with torch.inference_mode():
        return detector(images), labels


def test_accumulation_is_a_larger_batch(made, tmp_path):
    one = run(made, tmp_path / "one", linear(), batch_size=16, clip=None)
    two = run(made, tmp_path / "two", linear(), batch_size=4, accumulate=4, clip=None)
    key = "1.weight"
    assert torch.allclose(one.state("last")[key], two.state("last")[key], atol=1e-5)
    assert not torch.allclose(one.state("last")[key], linear().network.state_dict()[key], atol=1e-3)
    assert column(one, "lr") == column(two, "lr")


@pytest.fixture
def steps():
    """The optimiser at each of its steps: its groups, and the norm of the gradient."""
    seen = []

    def look(optimizer, args, kwargs):
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        norm = torch.stack([p.grad.norm() for p in parameters]).norm().item()
        seen.append((norm, [dict(group) for group in optimizer.param_groups]))

    handle = register_optimizer_step_post_hook(look)
    yield seen
    handle.remove()


def test_gradients_are_clipped(few, tmp_path, steps):
    run(few, tmp_path / "free", linear(), clip=None, epochs=1)
    free = [norm for norm, _ in steps]
    steps.clear()
    run(few, tmp_path / "clipped", linear(), clip=0.01, epochs=1)
    assert min(free) > 0.02
    assert [norm for norm, _ in steps] == pytest.approx([0.01] * len(free), rel=1e-3)


def test_only_kernels_and_matrices_decay(few, tmp_path, steps):
    run(few, tmp_path, weight_decay=0.3, epochs=1)
    matrices, vectors = steps[0][1]
    assert matrices["weight_decay"] == 0.3 and {p.ndim for p in matrices["params"]} == {2, 4}
    assert vectors["weight_decay"] == 0 and {p.ndim for p in vectors["params"]} == {1}
    network = build(MODEL, 0).detector.network
    assert len(matrices["params"]) + len(vectors["params"]) == len(list(network.parameters()))


@pytest.mark.parametrize("name, kind", [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)])
def test_the_optimiser_is_the_one_asked_for(few, tmp_path, monkeypatch, name, kind):
    found = []
    step = kind.step
    monkeypatch.setattr(
        kind, "step", lambda self, closure: (found.append(type(self)), step(self, closure))[1]
    )
    run(few, tmp_path, linear(), optimizer=name, epochs=1)
    assert set(found) == {kind}


COSINE = [0.5 * (1 + np.cos(np.pi * k / 6)) for k in range(6)]  # 4 epochs of 2 steps, of which 2 warm up
RATES = {
    "cosine": ({"schedule": "cosine", "warmup": 1}, [0.5, 1, *COSINE]),
    "cosine-cold": (
        {"schedule": "cosine", "warmup": 0},
        [0.5 * (1 + np.cos(np.pi * k / 8)) for k in range(8)],
    ),
    "constant": ({"schedule": "constant", "warmup": 2}, [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]),
    "plateau": ({"schedule": "plateau", "warmup": 0}, [1, 1, 1, 1, 1, 1, 0.5, 0.5]),
    "plateau-warm": ({"schedule": "plateau", "warmup": 2}, [0.25, 0.5, 0.75, 1, 1, 1, 0.5, 0.5]),
    "accumulated": ({"schedule": "constant", "warmup": 2, "accumulate": 2}, [0.5, 1, 1, 1]),
}


@pytest.mark.parametrize("name", RATES)
def test_the_rate_follows_its_schedule(few, tmp_path, steps, name):
    changes, expected = RATES[name]
    fitted = run(few, tmp_path, linear(), epochs=4, **STILL, **changes)
    used = [groups[0]["lr"] / STILL["lr"] for _, groups in steps]
    assert used == pytest.approx(expected)
    last_of_epochs = used[len(used) // 4 - 1 :: len(used) // 4]
    assert np.array(column(fitted, "lr")) / STILL["lr"] == pytest.approx(last_of_epochs)


def test_training_stops_once_macro_f1_has_not_risen_for_patience_epochs(few, tmp_path):
    fitted = run(few, tmp_path, epochs=9, patience=2, **STILL)
    assert len(set(column(fitted, "val_f1_macro"))) == 1
    assert column(fitted, "epoch") == [1, 2, 3]


def test_of_epochs_with_equal_macro_f1_the_one_with_the_lower_loss_is_best(few, tmp_path):
    fitted = run(few, tmp_path, linear(), epochs=5, **STILL)
    assert len(set(column(fitted, "val_f1_macro"))) == 1
    losses = column(fitted, "val_loss")
    assert fitted.best["epoch"] == 1 + int(np.argmin(losses)) and fitted.best["loss"] == min(losses)
    assert fitted.best["epoch"] != 1


def test_the_best_the_last_and_every_fifth_epoch_are_kept(made, tmp_path):
    fitted = run(made, tmp_path, epochs=6)
    assert set(fitted.weights) == {"best", "last", "epoch_005"}
    states = {name: fitted.state(name)["head.2.weight"] for name in fitted.weights}
    assert not torch.equal(states["epoch_005"], states["last"])
    rows = sorted(fitted.history, key=lambda row: (-row["val_f1_macro"], row["val_loss"]))
    assert fitted.best["epoch"] == rows[0]["epoch"]


def test_without_epochs_the_weights_stay(few, tmp_path):
    detector = linear(3)
    fitted = run(few, tmp_path, detector, epochs=0)
    assert torch.equal(fitted.state("best")["1.weight"], linear(3).network.state_dict()["1.weight"])
    assert fitted.history == [] and fitted.best == {} and set(fitted.weights) == {"best", "last"}


@pytest.mark.parametrize("changes", [{"precision": "bf16"}, {"channels_last": False}], ids=["bf16", "nchw"])
def test_other_precision_and_memory_formats_learn_too(made, tmp_path, changes):
    one = run(made, tmp_path / "one", epochs=5, **changes)
    assert one.best["f1_macro"] > 0.9
    assert same(one, run(made, tmp_path / "two", epochs=5, **changes))


def test_channels_last_or_not_is_what_the_network_gets(few, tmp_path):
    def formats(**changes) -> set:
        detector, found = build(MODEL, 0).detector, set()
        first = detector.network.features[0]
        first.register_forward_pre_hook(
            lambda _, args: found.add((args[0].is_contiguous(), first.weight.is_contiguous()))
        )
        run(few, tmp_path / str(changes), detector, epochs=1, **changes)
        return found

    assert formats(channels_last=True) == {(False, False)}
    assert formats(channels_last=False) == {(True, True)}


@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler")
def test_a_compiled_network_learns_too(few, tmp_path):
    fitted = run(few, tmp_path, linear(), epochs=2, compile=True)
    plain = run(few, tmp_path / "plain", linear(), epochs=2)
    assert column(fitted, "train_loss") == pytest.approx(column(plain, "train_loss"), rel=1e-3)
    assert fitted.state("last").keys() == plain.state("last").keys()


def test_gpus_that_are_not_there_are_an_error(few, tmp_path):
    machine = Machine("gpu", torch.cuda.device_count() + 1)
    decoded = read_decoded(few.images, few.rows)
    with pytest.raises(UnusableMachine, match="isn't possible here"):
        fit(linear(), MODEL, (1, 1), decoded, tmp_path / "run", "made/tiny", "mark", 0, machine)
    assert not (tmp_path / "run").exists()


def test_a_run_that_diverges_ends_with_an_error(few, tmp_path):
    with pytest.raises(Diverged, match="in epoch 1 .*lower models.<model>.lr"):
        run(few, tmp_path, linear(), lr=1e37, clip=None, warmup=0)


@pytest.mark.parametrize("epochs", [0, 1, 12])
def test_curves_are_the_same_bytes_each_time_and_count_whole_epochs(tmp_path, epochs):
    rows = [dict.fromkeys(HISTORY, 0.5) | {"epoch": number + 1} for number in range(epochs)]
    for name in ("one", "two"):
        draw_curves(rows, 1 if rows else None, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    text = (tmp_path / "one").read_text()
    assert ("there was no training" in text) == (epochs == 0)
    assert ("best epoch, 1" in text) == (epochs > 0)


# Data


def test_a_dataset_that_cannot_be_trained_on_is_an_error(made):
    decoded = read_decoded(made.images, made.rows)
    check(decoded)
    for change, message in (
        (lambda rows: rows[rows["split"] != "val"], "the split val is empty"),
        (lambda rows: rows[(rows["split"] != "train") | (rows["label"] == 1)], "has no real images"),
        (lambda rows: rows[rows["split"] != "train"], "no real and fake images"),
    ):
        with pytest.raises(UntrainableDataset, match=message):
            check(replace(decoded, rows=change(decoded.rows)))


@pytest.mark.parametrize("world", [1, 2, 3])
def test_each_image_is_shown_once_an_epoch_and_batches_are_the_same_however_many_share_them(made, world):
    images = Images(read_decoded(made.images, made.rows), "train", CPU)
    of = partial(loader, images, 8, 3)
    shares = [of(Share(rank, world), CPU) for rank in range(world)]
    batches = [sorted(sum(parts, [])) for parts in zip(*(s.batch_sampler for s in shares), strict=True)]
    assert batches == [sorted(items) for items in of(Share(), CPU).batch_sampler]
    assert sorted(sum(batches, [])) == list(range(48))
    first = list(shares[0].batch_sampler)
    shares[0].batch_sampler.sampler.set_epoch(1)
    assert first != list(shares[0].batch_sampler)
    assert {len(labels) for _, labels in shares[0]} == {-(-8 // world)}


def test_a_last_batch_that_is_not_full_is_left_out_unless_it_is_the_only_one(made):
    images = Images(read_decoded(made.images, made.rows), "train", CPU)
    for batch, expected in ((5, [5] * 9), (48, [48]), (50, [48])):
        assert [len(labels) for _, labels in loader(images, batch, 3, Share(), CPU)] == expected


def test_batches_are_the_images_and_labels_of_the_split(made):
    decoded = read_decoded(made.images, made.rows)
    images = Images(decoded, "val", CPU)
    batches = list(loader(images, 7, None, Share(), CPU))
    assert [len(labels) for _, labels in batches] == [7, 7, 7, 3]
    pixels = torch.cat([part for part, _ in batches]).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(pixels, decoded.take(decoded.split("val")))
    assert torch.cat([labels for _, labels in batches]).tolist() == [0.0, 1.0] * 12


def test_images_held_on_a_device_give_the_same_batches(made):
    images = Images(read_decoded(made.images, made.rows), "train", CPU)
    mapped = images.__getitems__([5, 0, 5])
    images.hold(CPU)
    held = images.__getitems__([5, 0, 5])
    assert torch.equal(mapped[0], held[0]) and torch.equal(mapped[1], held[1])
    assert held[0].is_contiguous(memory_format=torch.channels_last)
