"""Delta checkpoints: the same logits as whole ones, from the same encoder alone; hostile ones are refused."""

import shutil
from pathlib import Path

import pytest
import safetensors.torch
import torch
import torchvision
from made.huggingface import vit
from made.models import METADATA, load_detector
from made.networks import images, section

from deepfake.checkpoints.best_pt import load_checkpoint, read_checkpoint, save_checkpoint
from deepfake.checkpoints.metadata import as_text, parse_text, without_weights
from deepfake.checkpoints.safetensors import as_safetensors, read_safetensors
from deepfake.errors import ModelError, UserError
from deepfake.networks.build import Built, build
from deepfake.networks.deltas import as_delta, encoder_of
from deepfake.networks.encoders import fingerprint
from deepfake.networks.lora import adapter_state, is_adapter, merge_adapters
from deepfake.networks.settings import checkpoint_conflict

pytestmark = pytest.mark.usefixtures("one_thread")


def file_of(arch: str, path: Path, outputs: int | None = None) -> str:
    """Write a network's weights, of half precision where the suffix is .safetensors; return the path."""
    state = build(section(arch), 5).detector.network.state_dict()
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(
            {k: v.half() if v.is_floating_point() else v for k, v in state.items()}, path
        )
    else:
        torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}}, path)
    return str(path)


def timm_section(folder: Path) -> dict:
    return section("timm/test_vit", file_of("timm/test_vit", folder / "encoder.pth"), head="new")


def torchvision_section(folder: Path) -> dict:
    weights = file_of("torchvision/mobilenet_v3_small", folder / "encoder.safetensors")
    return section("torchvision/mobilenet_v3_small", weights, head="new", head_norm="l2")


def pooled_section(folder: Path) -> dict:
    weights = file_of("timm/test_vit", folder / "encoder.pth")
    return section("timm/test_vit", weights, head="new", pooling="mean", frames=2)


def hf_section(folder: Path) -> dict:
    vit(folder / "encoder")
    return section(f"hf/{folder / 'encoder'}", head="keep", size=None)


KINDS = {"timm": timm_section, "torchvision": torchvision_section, "hf": hf_section}
KINDS |= {"pooled": pooled_section, "hf pooled": lambda folder: hf_section(folder) | {"pooling": "mean"}}


def trained_state(built: Built) -> dict[str, torch.Tensor]:
    """The state_dict of a network whose vectors and last layer were trained, and nothing else."""
    state = {key: value.clone() for key, value in built.detector.network.state_dict().items()}
    last = [key for key, value in state.items() if value.ndim == 2][-1]
    generator = torch.Generator().manual_seed(0)
    for key, value in state.items():
        if value.ndim == 1 or key == last:
            value += 0.1 * torch.randn(value.shape, generator=generator)
    return state


def save(folder: Path, kind: str) -> tuple[Path, Path]:
    """Write an encoder, and a network trained from it as a whole and as a delta; return these two files."""
    built = build(KINDS[kind](folder), 4)
    state, encoder = trained_state(built), encoder_of(built.spec, built.detector.network)
    save_checkpoint(folder / "full.pt", built.spec, state, **METADATA)
    save_checkpoint(folder / "delta.pt", built.spec, *as_delta(state, encoder), **METADATA)
    return folder / "full.pt", folder / "delta.pt"


@pytest.mark.parametrize("kind", KINDS)
def test_a_delta_gives_the_logits_of_the_whole_network(tmp_path, kind):
    full, delta = save(tmp_path, kind)
    whole, completed, kept = load_checkpoint(full), load_checkpoint(delta), read_checkpoint(delta)["state"]
    assert completed.keys() == whole.keys() and "encoder" not in completed
    assert list(completed["state"]) == list(whole["state"])
    assert all(torch.equal(value, completed["state"][key]) for key, value in whole["state"].items())
    assert {len(value.shape) for value in kept.values()} <= {0, 1, 2} and len(kept) < len(whole["state"])
    assert as_safetensors(completed) == as_safetensors(whole)
    batch = images(completed["geometry"]["size"])
    assert torch.equal(load_detector(full)[0](batch), load_detector(delta)[0](batch))
    before = delta.read_bytes()
    content = read_checkpoint(delta)
    metadata = {key: content[key] for key in METADATA}
    save_checkpoint(delta, content["network"], content["state"], content["encoder"], **metadata)
    assert delta.read_bytes() == before and len(before) < full.stat().st_size


@pytest.mark.parametrize("kind", KINDS)
def test_the_encoder_may_be_beside_the_delta_and_must_be_the_same(tmp_path, kind):
    _, delta = save(tmp_path, kind)
    (tmp_path / "moved").mkdir()
    moved = Path(shutil.copy(delta, tmp_path / "moved"))
    state = load_checkpoint(delta)["state"]
    encoder = next(path for path in tmp_path.iterdir() if path.stem == "encoder")
    shutil.move(encoder, tmp_path / "moved")
    with pytest.raises(
        ModelError, match=rf"delta.pt is a delta.*{encoder} or .* doesn't exist; copy it there"
    ):
        load_checkpoint(delta)
    assert all(torch.equal(value, state[key]) for key, value in load_checkpoint(moved)["state"].items())
    change_a_weight(tmp_path / "moved" / encoder.name)
    wanted = read_checkpoint(moved)["encoder"]["sha256"][:16]
    with pytest.raises(
        ModelError, match=f"another encoder than .*moved.*{encoder.name}: .*fingerprint {wanted}"
    ):
        load_checkpoint(moved)


def test_an_encoder_that_a_library_knows_by_name_is_found_in_its_store(monkeypatch, tmp_path):
    published = torchvision.models.MobileNet_V3_Small_Weights.IMAGENET1K_V1
    store = tmp_path / "hub/checkpoints" / published.url.rpartition("/")[2]
    store.parent.mkdir(parents=True)
    torch.save(torchvision.models.mobilenet_v3_small().state_dict(), store)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    built = build(section("torchvision/mobilenet_v3_small", published.name, head="new"), 4)
    state = trained_state(built)
    delta = as_delta(state, encoder_of(built.spec, built.detector.network))
    save_checkpoint(tmp_path / "delta.pt", built.spec, *delta, **METADATA)
    completed = load_checkpoint(tmp_path / "delta.pt")["state"]
    assert len(delta[0]) < len(state) and list(completed) == list(state)
    assert all(torch.equal(value, completed[key]) for key, value in state.items())


def change_a_weight(path: Path) -> None:
    """Change the last bits of one weight of an encoder."""
    if path.is_dir():
        path /= "model.safetensors"
    if path.suffix == ".safetensors":
        state = safetensors.torch.load_file(path)
        key = max(state, key=lambda key: state[key].numel())
        state[key].flatten()[0] *= 1.01
        safetensors.torch.save_file(state, path, {"format": "pt"})
    else:
        content = torch.load(path, weights_only=True)
        max(content["state_dict"].values(), key=torch.numel).flatten()[0].mul_(1.01)
        torch.save(content, path)


def test_another_network_is_no_encoder(tmp_path):
    _, delta = save(tmp_path, "timm")
    file_of("timm/test_resnet", tmp_path / "encoder.pth")
    with pytest.raises(ModelError, match="another encoder"):
        load_checkpoint(delta)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("encoder", {}, "encoder: .*'sha256' is a required property"),
        ("encoder", {"sha256": "x"}, "encoder.sha256: 'x' does not match"),
        ("encoder", None, "encoder: None is not of type 'object'"),
        ("weights", 7, "network.weights is 7; it must be text"),
        ("weights", None, "there is no encoder: the network was trained from random weights"),
        ("weights", "/etc/passwd", "/etc/passwd can't be an encoder; it is a file that ends with .pt"),
        ("weights", "/dev/zero", "/dev/zero can't be an encoder"),
        ("weights", "../nowhere.pt", "nowhere.pt doesn't exist"),
        ("weights", "folder.pt", "folder.pt doesn't exist"),
        ("weights", "text.pt", "text.pt is no file of torch.save"),
        ("arch", "hf/nobody/nothing", "nobody/nothing isn't in the local store of the hub"),
        ("arch", "timm/nothing", "timm has no network 'nothing'"),
        ("arch", "nothing", "there is no arch 'nothing'"),
        ("state.extra", torch.zeros(1), "the network has no extra"),
        (
            "state.norm.weight",
            torch.zeros(3),
            r"norm.weight has the shape \(3,\), and \(64,\) in the network",
        ),
    ],
)
def test_a_hostile_delta_is_refused(tmp_path, monkeypatch, key, value, message):
    monkeypatch.chdir(tmp_path)
    _, delta = save(tmp_path, "timm")
    (tmp_path / "folder.pt").mkdir()
    (tmp_path / "text.pt").write_text("text")
    content = torch.load(delta, weights_only=True)
    target = content["state"] if "state." in key else content if key == "encoder" else content["network"]
    target[key.removeprefix("state.")] = value
    if key == "arch":
        content["network"]["weights"] = None if "hf/" in value else content["network"]["weights"]
    torch.save(content, tmp_path / "hostile.pt")
    with pytest.raises(ModelError, match=f"hostile.pt.*{message}"):
        load_checkpoint(tmp_path / "hostile.pt")


A, B = (f"blocks.0.attn.qkv.lora_{name}.default.weight" for name in "AB")
BOTH = {A: torch.ones(2, 64), B: torch.ones(192, 2)}


@pytest.mark.parametrize(
    ("adapters", "scaling", "message"),
    [
        ({A: BOTH[A]}, 1.0, "it has one of the two matrices"),
        ({B: BOTH[B]}, 1.0, "it has one of the two matrices"),
        (
            {key.replace("blocks.0", "blocks.9"): v for key, v in BOTH.items()},
            1.0,
            "no layer blocks.9.attn.qkv",
        ),
        ({key.replace("attn.qkv", "norm1"): v for key, v in BOTH.items()}, 1.0, "no layer blocks.0.norm1"),
        (BOTH | {A: torch.ones(2, 63)}, 1.0, "blocks.0.attn.qkv doesn't fit its weights"),
        (BOTH | {B: torch.ones(192, 3)}, 1.0, "blocks.0.attn.qkv doesn't fit its weights"),
        (BOTH | {B: torch.ones(192)}, 1.0, "blocks.0.attn.qkv isn't of two matrices"),
        ({key.replace("blocks.0.attn.qkv", "head"): v[:1] for key, v in BOTH.items()}, 1.0, "head"),
        (BOTH, 1, "encoder.scaling: 1 is not of type 'finite float'"),
        (BOTH, float("inf"), "encoder.scaling"),
        (BOTH, 1e300, "holds values that are not finite"),
        (BOTH | {A: torch.full((2, 64), torch.nan)}, 1.0, "holds values that are not finite"),
    ],
    ids="first second layer norm narrow rank vector head integer infinite large nan".split(),
)
def test_a_hostile_adapter_is_refused(tmp_path, adapters, scaling, message):
    _, delta = save(tmp_path, "timm")
    content = torch.load(delta, weights_only=True)
    content["state"] |= adapters
    content["encoder"]["scaling"] = scaling
    torch.save(content, tmp_path / "hostile.pt")
    with pytest.raises(ModelError, match=f"hostile.pt.*{message}"):
        load_detector(tmp_path / "hostile.pt")


def test_adapters_take_the_place_of_the_weights_that_they_are_merged_in(tmp_path):
    lora = {"tune": "lora", "lora": {"rank": 2, "alpha": 3, "dropout": 0}}
    built = build(timm_section(tmp_path) | lora, 4)
    raw = trained_state(built)
    for key, value in adapter_state(raw).items():
        value.normal_(generator=torch.Generator().manual_seed(len(key)))
    raw = {
        key: raw[key] if is_adapter(key) or "head" in key else v
        for key, v in built.detector.network.state_dict().items()
    }
    state, encoder = merge_adapters(raw, 1.5), encoder_of(built.spec, built.detector.network)
    delta, source = as_delta(state, encoder, adapter_state(raw), 1.5)
    assert source["scaling"] == 1.5
    assert {key for key in delta if not is_adapter(key)} == {"head.weight", "head.bias"}
    save_checkpoint(tmp_path / "delta.pt", built.spec, delta, source, **METADATA)
    completed = load_checkpoint(tmp_path / "delta.pt")["state"]
    changed = [key for key, value in state.items() if key in encoder and not torch.equal(value, encoder[key])]
    assert len(changed) > 4 and completed.keys() == state.keys()
    other = {key: value * 1.001 for key, value in encoder.items()}
    with pytest.raises(UserError, match="wasn't trained from the encoder that is there now"):
        as_delta(state, other, adapter_state(raw), 1.5)
    assert all(torch.equal(value, completed[key]) for key, value in state.items())


def test_a_delta_without_its_head_or_with_a_part_of_an_ensemble_is_refused(tmp_path):
    _, delta = save(tmp_path, "timm")
    content = torch.load(delta, weights_only=True)
    missing = content | {"state": {key: v for key, v in content["state"].items() if "head" not in key}}
    torch.save(missing, tmp_path / "missing.pt")
    with pytest.raises(
        ModelError, match="missing.pt doesn't fit the network: 2 missing: head.weight, head.bias"
    ):
        load_detector(tmp_path / "missing.pt")
    metadata = without_weights(content)
    parse_text(as_text(metadata), "x.onnx")
    part = {key: metadata.pop(key) for key in ("network", "geometry", "mean", "std")}
    part |= {"views": [{"flip": False, "top": 0.0, "left": 0.0, "side": 1.0}], "weight": 1.0}
    with pytest.raises(ModelError, match="encoder: an ensemble has none"):
        parse_text(as_text(metadata | {"parts": [part], "temperature": 1.0}), "x.onnx")


def test_a_delta_can_only_be_trained_from_when_it_is_whole(tmp_path):
    _, delta = save(tmp_path, "timm")
    with pytest.raises(ModelError, match="delta.pt is a delta checkpoint.*convert it to float32.safetensors"):
        build(section("timm/test_vit", delta), 1)
    (tmp_path / "whole.safetensors").write_bytes(as_safetensors(load_checkpoint(delta)))
    assert "encoder" not in read_safetensors(tmp_path / "whole.safetensors")
    again = build(section("timm/test_vit", tmp_path / "whole.safetensors", head="keep", epochs=0), 1)
    state = again.detector.network.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in load_checkpoint(delta)["state"].items())


def test_nothing_is_saved_where_everything_was_trained(tmp_path):
    built = build(timm_section(tmp_path), 4)
    encoder = encoder_of(built.spec, built.detector.network)
    state = {key: value + 0.1 for key, value in built.detector.network.state_dict().items()}
    with pytest.raises(UserError, match="checkpoint: delta saves nothing: 100% of .*write checkpoint: full"):
        as_delta(state, encoder)
    random = build(section("timm/test_vit"), 4)
    with pytest.raises(UserError, match="delta can't be used: .* random weights; write checkpoint: full"):
        encoder_of(random.spec, random.detector.network)


def test_the_fingerprint_depends_on_names_types_shapes_and_every_bit():
    state = {"a": torch.arange(6.0), "b": torch.zeros(())}
    others = [
        {"a": state["a"]},
        {"c": state["a"], "b": state["b"]},
        state | {"a": state["a"].reshape(2, 3)},
        state | {"a": state["a"].to(torch.int32)},
        state | {"b": -torch.zeros(())},
    ]
    digests = {fingerprint(one) for one in [state, *others]}
    assert len(digests) == 6
    assert fingerprint(dict(reversed(state.items()))) == fingerprint(state)
    assert fingerprint({"a": torch.zeros(2, dtype=torch.bfloat16)}) in {
        fingerprint({"a": torch.zeros(2).bfloat16()})
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "can't be used with tune: all"),
        ({"tune": "norms"}, None),
        ({"tune": {"last": 2}}, None),
        ({"tune": "norms", "weights": None}, "weights: null"),
        ({"tune": "norms", "arch": "meso4"}, "weights: null"),
        ({"tune": "norms", "arch": "hf/x", "weights": None}, None),
        ({"checkpoint": "full"}, None),
    ],
)
def test_a_section_that_allows_no_delta_is_named(changes, message):
    model = {"arch": "timm/test_vit", "weights": "x.pt", "checkpoint": "delta"} | changes
    problem = checkpoint_conflict(model)
    assert problem is None if message is None else message in problem
