"""Small files of torch that name large networks: refused within `limits`, before memory is taken."""

import copy
import resource
import zipfile
from pathlib import Path

import pytest
import torch
from made import huggingface as made_huggingface
from made.decoded import MODEL
from made.models import KINDS, images_for, save
from made.programs import run_program

from deepfake.checkpoints.open_model import open_model
from deepfake.errors import ModelError
from deepfake.networks.build import rebuild
from deepfake.networks.cost import cost_of


@pytest.fixture
def little_memory():
    """Fail the test if the process takes 2 GB more than it ever did before."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2e6  # kilobytes


def write(checkpoint: dict, folder: Path) -> Path:
    with open(folder / "changed.pt", "wb") as file:
        torch.save(checkpoint, file)
    return folder / "changed.pt"


def saved(folder: Path, arch: str = "meso4", size: int = 64) -> dict:
    return torch.load(save(folder / "a.pt", MODEL | {"arch": arch, "image_size": size}), weights_only=True)


def transformers(folder: Path, **changes: object) -> dict:
    made_huggingface.vit(folder / "vit", size=16)
    path = save(folder / "hf.pt", made_huggingface.section(folder / "vit", head="keep"), 0.2)
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["network"]["config"] |= changes
    return checkpoint


def renamed(folder: Path, arch: str) -> dict:
    checkpoint = saved(folder)
    checkpoint["network"]["arch"] = arch
    return checkpoint


def resized(folder: Path, size: int) -> dict:
    checkpoint = saved(folder, "torchvision/resnet18")
    for geometry in (checkpoint["geometry"], checkpoint["network"]["geometry"]):
        geometry.update(size=size, resize=size)
    return checkpoint


def ensemble(folder: Path, parts: int, views: int, shared: bool) -> dict:
    checkpoint = torch.load(KINDS["ensemble"](folder), weights_only=True)
    part = checkpoint["parts"][1] | {"views": checkpoint["parts"][1]["views"][:1] * views}
    checkpoint["parts"] = [part if shared else copy.deepcopy(part) for _ in range(parts)]
    return checkpoint


def repeated(folder: Path) -> dict:
    checkpoint, nested = saved(folder), ["lol"]
    for _ in range(40):
        nested = [nested] * 10
    checkpoint["training"] = {"settings": nested}
    return checkpoint


TOO_LARGE = {
    "giant": (lambda f: renamed(f, "timm/vit_giant_patch14_dinov2"), "568 missing: cls_token"),
    "giant regnet": (lambda f: renamed(f, "torchvision/regnet_y_128gf"), "missing: stem"),
    "images": (lambda f: resized(f, 8192), "a batch of 64 is 12.9 GB, more than limits.model_memory_gb = 4"),
    "layer": (lambda f: ensemble(f, 1, 256, shared=False), "limits.model_memory_gb = 0.02"),
    "same parts": (lambda f: ensemble(f, 64, 1, shared=True), "its tensors unfold to"),
    "views": (lambda f: ensemble(f, 2, 256, shared=False), "more than limits.model_tflop = 0.001"),
    "metadata": (repeated, "metadata has more than 4000000 characters"),
    "transformers layers": (lambda f: transformers(f, num_hidden_layers=10**6), "more than 10,800 modules"),
    "transformers width": (lambda f: transformers(f, hidden_size=10**6), "37 of another shape"),
    "transformers labels": (lambda f: transformers(f, num_labels=10**9), "has numbers of 1,000,000,160"),
    "transformers image": (lambda f: transformers(f, image_size=10**5), "1 of another shape"),
}


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    "make, message", TOO_LARGE.values(), ids=[name.replace(" ", "-") for name in TOO_LARGE]
)
def test_a_model_over_a_limit_is_refused_with_its_name(tmp_path, make, message):
    path = write(make(tmp_path), tmp_path)
    limits = {"model_memory_gb": 0.02} if "0.02" in message else {}
    limits |= {"model_tflop": 0.001} if "0.001" in message else {}
    with pytest.raises(ModelError, match=message) as error:
        open_model(path, limits=limits)
    assert str(path) in str(error.value)


def test_a_file_over_the_limit_of_its_size_is_not_read(tmp_path):
    path = tmp_path / "sparse.safetensors"
    with open(path, "wb") as file:
        file.truncate(21 * 10**9)
    for suffix in (".safetensors", ".pt"):
        path = path.rename(path.with_suffix(suffix))
        with pytest.raises(
            ModelError, match=r"21 GB of weights, more than limits.model_gb = 20|no file of torch"
        ):
            open_model(path)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda name, data: (data, zipfile.ZIP_DEFLATED), "is compressed or unpacks"),
        (
            lambda name, data: (b"]" * (17 << 20) if name.endswith("data.pkl") else data, zipfile.ZIP_STORED),
            "has a pickle of 17,825,792 bytes, and at most 16,777,216 are read",
        ),
    ],
    ids=["compressed", "long-pickle"],
)
def test_an_archive_that_torch_did_not_write_is_refused(tmp_path, change, message):
    whole = save(tmp_path / "a.pt", MODEL | {"image_size": 64})
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "b.pt", "w") as new:
        for name in old.namelist():
            data, kind = change(name, old.read(name))
            new.writestr(name, data, kind)
    with pytest.raises(ModelError, match=message):
        open_model(tmp_path / "b.pt")


def test_torchscript_is_named(tmp_path):
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "a.pt")
    with pytest.raises(ModelError, match="a TorchScript archive, which holds code"):
        open_model(tmp_path / "a.pt")


@pytest.mark.parametrize("arch", ["torchvision/regnet_y_400mf", "torchvision/swin_t", "timm/cait_xxs24_224"])
def test_networks_that_need_care_without_memory_are_rebuilt_exactly(tmp_path, arch):
    path = save(tmp_path / "a.pt", MODEL | {"arch": arch, "image_size": 224}, 0.1)
    checkpoint = torch.load(path, weights_only=True)
    detector = rebuild(checkpoint["network"], checkpoint["state"])
    state = detector.network.state_dict()
    assert state.keys() == checkpoint["state"].keys() and detector.cost.memory > 1e6
    assert all(torch.equal(state[key], value) for key, value in checkpoint["state"].items())
    assert not any(value.is_meta for value in [*detector.parameters(), *detector.buffers()])


def test_the_cost_of_a_layer_and_of_all_is_that_of_its_shapes():
    with torch.device("meta"):
        network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.Conv2d(8, 2, 1))
    cost = cost_of(network, 10)
    assert cost.operations == 2 * 100 * (27 * 8 + 8 * 2)
    assert cost.memory == 4 * (3 * 100 + 8 * 100 + 27 * 8 + 8)


def test_a_network_with_large_layers_gets_fewer_images_at_once(tmp_path, monkeypatch):
    model = open_model(save(tmp_path / "a.pt", MODEL | {"image_size": 64}))
    images, sizes = images_for(model, 40), []
    expected = model.logits(images)
    model.detector.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    from deepfake.checkpoints import torch_inference

    limit = model.detector.cost.memory * 8 / 1e9
    monkeypatch.setitem(torch_inference.MODEL_LIMITS, "model_memory_gb", limit * 1.01)
    logits = torch_inference.logits_function(model.detector)(images)
    assert sizes == [8] * 5 and logits == pytest.approx(expected, abs=1e-5)


def test_detect_says_it_in_one_line(tmp_path, caplog):
    path = write(renamed(tmp_path, "timm/vit_giant_patch14_dinov2"), tmp_path)
    assert run_program("detect.py", "--model", path, "--threads", 1, tmp_path / "none.jpg") == 1
    assert "changed.pt doesn't fit the network" in caplog.text and "Traceback" not in caplog.text
