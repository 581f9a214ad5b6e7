"""Each setting of training has its effect, and batches hold the images of the dataset."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made import decoded as made_decoded
from made.decoded import MODEL
from made.training import NO_PROGRESS, column, linear, run, same
from torch.nn import functional
from torch.optim.optimizer import register_optimizer_step_post_hook

from deepfake.errors import UserError
from deepfake.inputs.decoded import read_decoded
from deepfake.networks.build import build
from deepfake.training.batches import RandomImages, TrainBatches, val_batches
from deepfake.training.curves import draw_curves
from deepfake.training.data import Images, check_trainable, make_loader
from deepfake.training.distributed import launch
from deepfake.training.history import HISTORY
from deepfake.training.optimizer import make_optimizer, with_defaults

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("few"), counts={"train": 16, "val": 8})


def test_class_weights_are_those_of_real_and_fake(few, tmp_path):
    trained = run(few, tmp_path, linear(), weights=(1.0, 3.0), epochs=1, batch_size=16, accumulate=2)
    logits, labels = predicted_train(linear(), read_decoded(few.images, few.rows))
    expected = functional.binary_cross_entropy_with_logits(logits, labels, 1 + 2 * labels)
    assert column(trained, "train_loss")[0] == pytest.approx(expected.item() / 2, rel=1e-5)


def test_label_smoothing_is_that_of_torch_for_two_classes(few, tmp_path):
    trained = run(few, tmp_path, linear(), epochs=1, label_smoothing=0.2, batch_size=16, accumulate=2)
    decoded = read_decoded(few.images, few.rows)
    logits, labels = predicted_train(linear(), decoded)
    expected = functional.cross_entropy(
        torch.stack([torch.zeros_like(logits), logits], 1), labels.long(), label_smoothing=0.2
    )
    assert column(trained, "train_loss")[0] == pytest.approx(expected.item(), rel=1e-5)


def predicted_train(detector, decoded) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels, _ = Images(decoded, "train", CPU).__getitems__(list(range(len(decoded.split("train")))))
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

    def record(optimizer, args, kwargs):
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        norm = torch.stack([p.grad.norm() for p in parameters]).norm().item()
        seen.append((norm, [dict(group) for group in optimizer.param_groups]))

    handle = register_optimizer_step_post_hook(record)
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
def test_the_optimiser_is_the_configured_one(few, tmp_path, monkeypatch, name, kind):
    found = []
    step = kind.step
    monkeypatch.setattr(
        kind, "step", lambda self, closure=None: (found.append(type(self)), step(self, closure))[1]
    )
    run(few, tmp_path, linear(), optimizer=name, epochs=1)
    assert set(found) == {kind}


TUNES = ["head", "norms", "lora", {"last": 1}]
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
    "restarts": (
        {"schedule": "cosine", "warmup": 0, "restart_every": 2},
        [0.5 * (1 + np.cos(np.pi * k / 4)) for k in (0, 1, 2, 3, 0, 1, 2, 3)],
    ),
    "floor": (
        {"schedule": "cosine", "warmup": 1, "lr_min": NO_PROGRESS["lr"] / 5},
        [0.5, 1, *(0.2 + 0.8 * factor for factor in COSINE)],
    ),
    "frozen": (
        {"schedule": "cosine", "warmup": 1, "freeze_epochs": 2},
        [1, 1, 1, 1, 0.5, 1, 1, 0.5],
    ),
    "accumulated": ({"schedule": "constant", "warmup": 2, "accumulate": 2}, [0.5, 1, 1, 1]),
}


@pytest.mark.parametrize("name", RATES)
def test_the_learning_rate_follows_its_schedule(few, tmp_path, steps, name):
    changes, expected = RATES[name]
    trained = run(few, tmp_path, linear(), epochs=4, **NO_PROGRESS, **changes)
    used = [groups[0]["lr"] / NO_PROGRESS["lr"] for _, groups in steps]
    assert used == pytest.approx(expected)
    last_of_epochs = used[len(used) // 4 - 1 :: len(used) // 4]
    assert np.array(column(trained, "lr")) / NO_PROGRESS["lr"] == pytest.approx(last_of_epochs)


def test_training_stops_once_macro_f1_has_not_risen_for_patience_epochs(few, tmp_path):
    trained = run(few, tmp_path, epochs=9, patience=2, **NO_PROGRESS)
    assert len(set(column(trained, "val_f1_macro"))) == 1
    assert column(trained, "epoch") == [1, 2, 3]


def test_of_epochs_with_equal_macro_f1_the_one_with_the_lower_loss_is_best(few, tmp_path):
    trained = run(few, tmp_path, linear(), epochs=5, **NO_PROGRESS)
    assert len(set(column(trained, "val_f1_macro"))) == 1
    losses = column(trained, "val_loss")
    assert trained.best["epoch"] == 1 + int(np.argmin(losses)) and trained.best["loss"] == min(losses)
    assert trained.best["epoch"] != 1


def test_the_best_the_last_and_every_fifth_epoch_are_saved(made, tmp_path):
    trained = run(made, tmp_path, epochs=6)
    assert set(trained.weights) == {"best", "last", "epoch_005"}
    states = {name: trained.state(name)["head.2.weight"] for name in trained.weights}
    assert not torch.equal(states["epoch_005"], states["last"])
    rows = sorted(trained.history, key=lambda row: (-row["val_f1_macro"], row["val_loss"]))
    assert trained.best["epoch"] == rows[0]["epoch"]


def test_without_epochs_the_weights_stay(few, tmp_path):
    detector = linear(3)
    trained = run(few, tmp_path, detector, epochs=0)
    assert torch.equal(trained.state("best")["1.weight"], linear(3).network.state_dict()["1.weight"])
    assert trained.history == [] and trained.best == {} and set(trained.weights) == {"best", "last"}


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "bf16"},
        {"precision": "bf16", "self_blend": 0.2, "augment": "light"},
        {"channels_last": False},
    ],
    ids=["bf16", "bf16-augmented", "nchw"],
)
def test_other_precision_and_memory_formats_learn_too(made, tmp_path, changes):
    one = run(made, tmp_path / "one", epochs=8, **changes)
    assert one.best["f1_macro"] > 0.9
    assert same(one, run(made, tmp_path / "two", epochs=8, **changes))


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
    trained = run(few, tmp_path, linear(), epochs=2, compile=True)
    plain = run(few, tmp_path / "plain", linear(), epochs=2)
    assert column(trained, "train_loss") == pytest.approx(column(plain, "train_loss"), rel=1e-3)
    assert trained.state("last").keys() == plain.state("last").keys()


def test_gpus_that_do_not_exist_are_an_error():
    number = torch.cuda.device_count() + 1
    with (
        pytest.raises(UserError, match=f"accelerator gpu with devices {number} isn't possible here"),
        launch("32", "gpu", number),
    ):
        pytest.fail("it was launched")


def test_a_loss_that_diverges_is_an_error(few, tmp_path):
    with pytest.raises(UserError, match="made/tiny: in epoch 1 .*lower models.<model>.lr"):
        run(few, tmp_path, linear(), lr=1e37, clip=None, warmup=0)


@pytest.mark.parametrize("epochs", [0, 1, 12])
def test_curves_are_the_same_bytes_each_time(tmp_path, epochs):
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
    check_trainable(decoded, "rows.csv")
    for change, message in (
        (lambda rows: rows[rows["split"] != "val"], "the split val is empty"),
        (
            lambda rows: rows[(rows["split"] != "train") | (rows["label"] == 1)],
            "the split train has no real images",
        ),
        (lambda rows: rows[rows["split"] != "train"], "the split train has no real and fake images"),
    ):
        with pytest.raises(UserError, match=f"rows.csv: {message}"):
            check_trainable(replace(decoded, rows=change(decoded.rows)), "rows.csv")


def random_batches(number: int, size: int, seed: int, rank: int = 0, processes: int = 1) -> TrainBatches:
    return TrainBatches(RandomImages(number, seed), size, rank, processes)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_each_image_is_in_one_batch_of_an_epoch_whatever_the_number_of_processes(processes):
    shares = [random_batches(48, 8, 3, rank, processes) for rank in range(processes)]
    batches = [sorted(sum(parts, [])) for parts in zip(*shares, strict=True)]
    assert batches == [sorted(items) for items in random_batches(48, 8, 3)]
    assert sorted(sum(batches, [])) == list(range(48)) and len(batches) == len(shares[0])
    assert {len(items) for items in shares[0]} == {-(-8 // processes)}


def test_each_epoch_and_each_seed_has_its_own_order():
    batches, others = random_batches(48, 8, 3), random_batches(48, 8, 4)
    first = list(batches)
    assert first == list(batches) != list(others)
    batches.epoch = 1
    assert list(batches) != first and sorted(sum(batches, [])) == list(range(48))


@pytest.mark.parametrize("batch_size, expected", [(5, [5] * 9), (48, [48]), (50, [48])])
def test_an_incomplete_last_batch_is_left_out_unless_it_is_the_only_one(batch_size, expected):
    assert [len(items) for items in random_batches(48, batch_size, 3)] == expected


@given(number=st.integers(1, 50), batch_size=st.integers(1, 9), processes=st.integers(1, 5))
def test_processes_share_val_in_order_and_have_batches_of_the_same_sizes(number, batch_size, processes):
    shares = [val_batches(number, batch_size, rank, processes) for rank in range(processes)]
    assert len({tuple(map(len, share)) for share in shares}) == 1
    assert max(map(len, shares[0])) <= batch_size
    whole = [item for items in zip(*(sum(share, []) for share in shares), strict=True) for item in items]
    assert whole[:number] == list(range(number)) and len(whole) < number + processes


def test_batches_hold_the_images_and_labels_of_the_split(made):
    decoded = read_decoded(made.images, made.rows)
    images = Images(decoded, "val", CPU)
    batches = list(make_loader(images, val_batches(24, 7), CPU))
    assert [len(batch.labels) for batch in batches] == [7, 7, 7, 3]
    pixels = torch.cat([batch.images for batch in batches]).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(pixels, decoded.take(decoded.split("val")))
    assert torch.cat([batch.labels for batch in batches]).tolist() == [0.0, 1.0] * 12
    assert torch.cat([batch.items for batch in batches]).tolist() == list(range(24))


def test_images_held_on_a_device_give_the_same_batches(made):
    images = Images(read_decoded(made.images, made.rows), "train", CPU)
    mapped = images.__getitems__([5, 0, 5])
    images.hold(CPU)
    held = images.__getitems__([5, 0, 5])
    assert torch.equal(mapped[0], held[0]) and torch.equal(mapped[1], held[1])
    assert held[0].is_contiguous(memory_format=torch.channels_last)


# Defaults that depend on the network


@pytest.mark.parametrize(
    "arch, weights, expected",
    [
        ("meso4", None, 1e-3),
        ("timm/test_resnet", None, 1e-3),
        ("timm/test_resnet", "pretrained", 3e-4),
        ("timm/test_vit", None, 3e-4),
        ("timm/test_vit", "w.pt", 5e-5),
        ("hf/folder", None, 5e-5),
    ],
)
def test_the_learning_rate_of_null_is_lower_for_pretrained_networks_and_transformers(arch, weights, expected):
    made = "timm/test_vit" if arch.startswith("hf") else arch
    network = build({"arch": made, "weights": None, "image_size": 160}, 0).detector
    model = MODEL | {"arch": arch, "weights": weights, "lr": None}
    assert with_defaults(model, network)["lr"] == expected
    assert with_defaults(model | {"lr": 0.5}, network)["lr"] == 0.5
    new = with_defaults(MODEL | {"arch": "meso4" if arch == "meso4" else made, "lr": None}, network)["lr"]
    tuned = {str(tune): with_defaults(model | {"tune": tune}, network)["lr"] for tune in TUNES}
    assert tuned == {"head": new, "norms": new, "lora": new, "{'last': 1}": expected}


@pytest.mark.parametrize("epochs, expected", [(20, 1.0), (10, 1.0), (5, 0.5), (2, 0.2), (0, 0.0)])
def test_the_warm_up_of_null_is_a_tenth_of_the_epochs_and_at_most_one(epochs, expected):
    model = MODEL | {"epochs": epochs, "warmup": None}
    assert with_defaults(model, linear())["warmup"] == pytest.approx(expected)
    assert with_defaults(model | {"warmup": 0}, linear())["warmup"] == 0


@pytest.mark.parametrize(
    "arch, undecayed",
    [
        ("timm/test_vit", {"network.pos_embed", "network.cls_token"}),
        ("torchvision/vit_b_32", {"network.encoder.pos_embedding", "network.class_token"}),
        ("torchvision/swin_t", "relative_position_bias_table"),
        ("timm/levit_128s", "attention_biases"),
    ],
)
def test_embeddings_of_positions_and_tokens_do_not_decay(arch, undecayed):
    size = 160 if arch == "timm/test_vit" else 224
    with torch.device("meta"):
        detector = build({"arch": arch, "weights": None, "image_size": size}, 0).detector
    names = {id(value): name for name, value in detector.named_parameters()}
    decay, rest = ([names[id(p)] for p in g["params"]] for g in make_optimizer(detector, MODEL).param_groups)
    wide = {name for name in rest if detector.get_parameter(name).ndim > 1}
    assert len(decay) + len(rest) == len(names) and all(name.endswith("weight") for name in decay)
    if isinstance(undecayed, set):
        assert wide == undecayed
    else:
        assert wide and all(name.endswith(undecayed) for name in wide)
