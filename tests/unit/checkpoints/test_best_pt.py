"""best.pt: reads as written, equal content gives equal bytes, and invalid files are refused."""

import copy
import io
import os
import pickle
import zipfile
from collections import OrderedDict
from importlib import metadata

import pytest
import torch
from made.huggingface import vit
from made.models import load_detector

from deepfake.checkpoints.best_pt import load_checkpoint, save_checkpoint
from deepfake.errors import ModelError
from deepfake.networks.build import build

pytestmark = pytest.mark.usefixtures("one_thread")

TRAINING = {"epochs": 3, "lr": 1e-3, "augment": "light", "scheduler": None}
DATASET = {"name": "dataset_2gb", "sha256": "ab" * 32, "images": 10}


@pytest.fixture(scope="module")
def built():
    return build({"arch": "meso4", "weights": None, "image_size": 64}, seed=1)


def save(path, built, **keys):
    keys = {"threshold": 0.4, "training": TRAINING, "dataset": DATASET, "metrics": {"f1_macro": 0.9}} | keys
    save_checkpoint(path, built.spec, built.detector.network.state_dict(), **keys)


def images(size: int = 64) -> torch.Tensor:
    return torch.randint(0, 256, (2, 3, size, size), generator=torch.Generator().manual_seed(1)).byte()


def test_a_detector_reads_as_it_was_written(tmp_path, built):
    save(tmp_path / "best.pt", built)
    detector, checkpoint = load_detector(tmp_path / "best.pt")
    assert not detector.training
    with torch.inference_mode():
        assert torch.equal(detector(images()), built.detector.eval()(images()))
    assert checkpoint["geometry"] == {"size": 64, "resize": 64, "resample": "bilinear"}
    assert checkpoint["classes"] == ["real", "fake"] and checkpoint["threshold"] == 0.4
    assert checkpoint["training"] == TRAINING and checkpoint["dataset"] == DATASET
    assert checkpoint["versions"]["torch"] == metadata.version("torch")
    assert torch.load(tmp_path / "best.pt", weights_only=True).keys() == checkpoint.keys()


def test_the_same_content_gives_the_same_bytes(tmp_path, built):
    save(tmp_path / "one.pt", built)
    other = copy.deepcopy(built)
    other.detector.network.to(memory_format=torch.channels_last)
    training = {key: copy.deepcopy(value) for key, value in TRAINING.items()}
    training["augment"] = "".join(["li", "ght"])  # equal, but another object
    (tmp_path / "deep").mkdir()
    save(tmp_path / "deep" / "two.ckpt", other, training=training, metrics={"f1_macro": 0.9})
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "deep" / "two.ckpt").read_bytes()
    save(tmp_path / "three.pt", built, threshold=0.5)
    assert (tmp_path / "three.pt").read_bytes() != (tmp_path / "one.pt").read_bytes()


def test_a_checkpoint_of_transformers_needs_no_folder(tmp_path):
    vit(tmp_path / "vit")
    made = build({"arch": f"hf/{tmp_path}/vit", "image_size": 32, "head": "new"}, seed=1)
    save(tmp_path / "best.pt", made)
    os.rename(tmp_path / "vit", tmp_path / "gone")
    detector, checkpoint = load_detector(tmp_path / "best.pt")
    with torch.inference_mode():
        assert torch.equal(detector(images(32)), made.detector.eval()(images(32)))
    checkpoint["network"]["config"]["hidden_size"] = 10**9  # the memory for it is not taken
    with open(tmp_path / "invalid.pt", "wb") as file:
        torch.save(checkpoint, file)
    with pytest.raises(ModelError, match="invalid.pt"):
        load_detector(tmp_path / "invalid.pt")


def test_another_training_can_start_from_it(tmp_path, built):
    save(tmp_path / "best.pt", built)
    again = build({"arch": "meso4", "weights": str(tmp_path / "best.pt"), "image_size": 64}, seed=9)
    for key, value in built.detector.network.state_dict().items():
        assert torch.equal(again.detector.network.state_dict()[key], value), key


def test_training_from_it_takes_its_mean_and_std(tmp_path):
    one = build({"arch": "torchvision/mobilenet_v3_small", "image_size": 64}, seed=1)
    spec = one.spec | {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.5, 0.5]}
    keys = {"threshold": 0.5, "training": {}, "dataset": DATASET, "metrics": {}}
    save_checkpoint(tmp_path / "b.pt", spec, one.detector.network.state_dict(), **keys)
    two = build(
        {"arch": "torchvision/mobilenet_v3_small", "weights": str(tmp_path / "b.pt"), "image_size": 64}, 1
    )
    assert two.spec["mean"] == [0.1, 0.2, 0.3]
    assert two.detector.mean.flatten().tolist() == pytest.approx([0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    "value", [object(), {1: "x"}, {"a": {2, 3}}, b"bytes"], ids="object number set bytes".split()
)
def test_types_that_are_not_plain_are_not_written(tmp_path, built, value):
    with pytest.raises(TypeError, match=r"checkpoint\.training"):
        save(tmp_path / "best.pt", built, training={"x": value})
    assert not (tmp_path / "best.pt").exists()


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_is_a_probability(tmp_path, built, threshold):
    with pytest.raises(ModelError, match="threshold"):
        save(tmp_path / "best.pt", built, threshold=threshold)


def change(checkpoint, key, value):
    place, *rest = reversed(key.split("."))
    for name in reversed(rest):
        checkpoint = checkpoint[name]
    if value is None:
        del checkpoint[place]
    else:
        checkpoint[place] = value


STATE = "features.0.weight"


@pytest.mark.parametrize(
    "key, value, message",
    [
        *(
            (key, None, f"'{key}' is a required property")
            for key in "network geometry threshold classes".split()
        ),
        ("format", None, "it has no `format`"),
        ("format", 3, "format: 2 was expected"),
        ("format", True, "format: True is not of type 'integer'"),
        ("threshold", 1.5, "threshold: 1.5 is greater than the maximum of 1"),
        ("threshold", float("nan"), "threshold: nan is not of type 'finite float'"),
        ("threshold", "0.5", "threshold: '0.5' is not of type 'finite float'"),
        ("threshold", torch.tensor(0.5), r"threshold: tensor\(0.5000\) is not of type 'finite float'"),
        ("classes", ["fake", "real"], r"classes: \['real', 'fake'\] was expected"),
        ("mean", [0.0, 0.0], r"mean: \[0.0, 0.0\] is too short"),
        ("mean", [0.5, 0.5, 0.5], "differ from the network's"),
        ("std", [1.0, 1.0, 0.0], "std.2: 0.0 is less than or equal to the minimum of 0"),
        ("geometry", {"size": 64}, "geometry: 'resize' is a required property"),
        ("geometry", {"size": 65, "resize": 64, "resample": "bilinear"}, "size 65 is above resize 64"),
        (
            "geometry",
            {"size": 64, "resize": 10**9, "resample": "bilinear"},
            "geometry.resize: 10+ is greater",
        ),
        ("geometry", OrderedDict(size=64), "geometry: OrderedDict.* is not of type 'object'"),
        ("dataset", {"name": "x"}, "dataset: 'sha256' is a required property"),
        ("network", {}, "network: 'arch' is a required property"),
        ("network.arch", 7, "network.arch: 7 is not of type 'string'"),
        ("network.arch", "meso5", "no arch 'meso5'"),
        ("network.arch", "torchvision/nosuch", "no classifier"),
        ("network.arch", "mesoinception4", "doesn't fit the network"),
        ("network.arch", "hf/somewhere", "no network can be made"),
        ("network.fake", 2, r"network.fake: 2 is not one of \[0, 1\]"),
        ("network.fake", None, "network: 'fake' is a required property"),
        ("network.mean", torch.zeros(3), "network.mean: tensor.* is not of type 'array'"),
        ("state", None, "state is missing or empty"),
        ("state", {}, "state is missing or empty"),
        ("state.extra", torch.zeros(1), "1 unknown: extra"),
        ("state.extra", [1.0], "state.extra is no plain tensor"),
        ("state.extra", torch.zeros(1).expand(10**12), "more than the file has"),
    ],
)
def test_an_invalid_checkpoint_says_what_is_wrong(tmp_path, built, key, value, message):
    save(tmp_path / "best.pt", built)
    content = torch.load(tmp_path / "best.pt", weights_only=True)
    change(content, key, value)
    torch.save(content, tmp_path / "invalid.pt")
    with pytest.raises(ModelError, match=message) as error:
        load_detector(tmp_path / "invalid.pt")
    assert str(tmp_path / "invalid.pt") in str(error.value)


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("features.0.weight", torch.zeros(8, 3, 5, 5), "features.0.weight 8×3×5×5 instead of 8×3×3×3"),
        (
            "features.0.weight",
            torch.full((8, 3, 3, 3), torch.inf),
            "features.0.weight holds values that are not",
        ),
        ("features.0.weight", None, "1 missing: features.0.weight"),
        ("head.5.weight", torch.zeros(2, 16), "head.5.bias 1 instead of 2"),
    ],
    ids="shape infinite missing head".split(),
)
def test_weights_of_another_network_are_named(tmp_path, built, name, value, message):
    save(tmp_path / "best.pt", built)
    content = torch.load(tmp_path / "best.pt", weights_only=True)
    content["state"].pop(name)
    if value is not None:
        content["state"][name] = value
    torch.save(content, tmp_path / "invalid.pt")
    with pytest.raises(ModelError, match=message):
        load_detector(tmp_path / "invalid.pt")


class Evil:
    def __reduce__(self):
        return (print, ("code has run",))


def bomb() -> bytes:
    """A small archive whose tensor unpacks to 64 MB."""
    file, packed = io.BytesIO(), io.BytesIO()
    torch.save({"state": torch.zeros(16 << 20)}, file)
    with zipfile.ZipFile(file) as plain, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as small:
        for item in plain.infolist():
            small.writestr(item.filename, plain.read(item), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def saved(content: object, **options) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "no file of torch.save"),
        (b"hello, I am a network", "no file of torch.save"),
        (pickle.dumps({"state": Evil()}), "no file of torch.save"),
        (saved({"state": Evil()}), "could run code"),
        (saved(torch.nn.Linear(2, 2)), "could run code"),
        (saved([1, 2]), "holds list"),
        (saved(OrderedDict(w=torch.zeros(2))), "is no checkpoint of this workflow.*models.<model>.weights"),
        (saved({"state_dict": {}, "pytorch-lightning_version": "2"}), "is no checkpoint of this workflow"),
        (bomb(), "unpacks to more than its own size"),
        (b"PK\x05\x06" + bytes(18), "no file of torch.save"),
    ],
    ids="empty text pickle code module list weights lightning bomb empty-zip".split(),
)
def test_a_foreign_or_hostile_file_is_refused_and_runs_nothing(tmp_path, capsys, content, message):
    path = tmp_path / "best.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message) as error:
        load_checkpoint(path)
    assert str(path) in str(error.value) and "code has run" not in capsys.readouterr().out


def test_a_cut_file_is_refused_and_a_changed_one_gives_no_other_error(tmp_path, built):
    save(tmp_path / "best.pt", built)
    whole = (tmp_path / "best.pt").read_bytes()
    path = tmp_path / "cut.pt"
    for length in range(0, len(whole), len(whole) // 20):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            load_checkpoint(path)
    generator = torch.Generator().manual_seed(0)
    for _ in range(150):
        place, byte = torch.randint(0, min(len(whole), 3000), (2,), generator=generator).tolist()
        path.write_bytes(whole[:place] + bytes([byte % 256]) + whole[place + 1 :])
        try:
            load_checkpoint(path)  # a changed name or number may pass
        except ModelError:
            continue


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="no weights file .*absent.pt"):
        load_detector(tmp_path / "absent.pt")
