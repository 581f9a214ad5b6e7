"""New heads start at the share of fakes; heads of weights are kept, replaced or refused, as `head` says."""

import json

import pytest
import torch
import transformers
from made.huggingface import section as hf_section
from made.huggingface import vit
from made.networks import images, section

from deepfake.checkpoints.best_pt import load_checkpoint, save_checkpoint
from deepfake.checkpoints.torch_inference import make_detector
from deepfake.errors import ModelError
from deepfake.networks.architectures import make_network
from deepfake.networks.build import build, rebuild
from deepfake.networks.heads import head_keys, head_names, start_head
from deepfake.networks.huggingface import save_pretrained

pytestmark = pytest.mark.usefixtures("one_thread")

FAMILIES = {
    "meso4": 64, "mesoinception4": 64,
    "torchvision/alexnet": 64, "torchvision/convnext_tiny": 32, "torchvision/densenet121": 32,
    "torchvision/efficientnet_b0": 32, "torchvision/googlenet": 32, "torchvision/mnasnet0_5": 32,
    "torchvision/mobilenet_v2": 32, "torchvision/mobilenet_v3_small": 32, "torchvision/regnet_y_400mf": 32,
    "torchvision/resnet18": 32, "torchvision/shufflenet_v2_x0_5": 32, "torchvision/squeezenet1_0": 64,
    "torchvision/squeezenet1_1": 64, "torchvision/swin_t": 32,
    "timm/convnext_atto": 32, "timm/deit_tiny_distilled_patch16_224": 32, "timm/efficientnet_lite0": 32,
    "timm/levit_128s": 224, "timm/mobilenetv3_small_050": 32, "timm/resnet18": 32, "timm/test_nfnet": 64,
    "timm/test_vit": 160, "timm/tf_efficientnet_lite0": 32, "timm/xception": 75,
}  # fmt: skip
"""Networks of every family that docs/training.md names, and the image size that they are tried at."""

LOGIT = 2.1972246  # of 0.9
SAVED = {"threshold": 0.5, "training": {}, "dataset": {"name": "a", "sha256": "0"}, "metrics": {}}
WIDTH = 96  # inputs of the head of test_resnet


@pytest.mark.parametrize("arch", FAMILIES)
def test_a_new_head_gives_every_image_about_the_share_of_fakes(arch):
    size = FAMILIES[arch]
    detector = build(section(arch, size=size), 3, share=0.9).detector
    keys = head_keys(detector.network, head_names(arch.rpartition("/")[0] or "own", detector.network))
    assert 1 <= len(keys) <= 4
    for share, expected in ((0.9, LOGIT), (0.1, -LOGIT), (0.5, 0.0)):
        start_head(detector.network, keys, share)
        for mode in (True, False):
            logits = logits_of(detector.train(mode), size)
            assert logits == pytest.approx([expected] * len(logits), abs=0.3), (share, mode)
    assert len(set(logits)) > 1, "the head looks at nothing"


@pytest.mark.parametrize("arch", ["torchvision/resnet18", "timm/resnet18", "timm/test_vit"])
def test_the_attention_over_frames_is_a_part_of_the_head_and_comes_back(arch):
    size = FAMILIES[arch]
    built = build(section(arch, size=size) | {"frames": 4}, 3)
    library, network = arch.rpartition("/")[0], built.detector.network
    assert head_names(library, network) == [built.detector.head_name]
    outputs = built.detector.eval()(images(size, 4), whole=True)
    again = rebuild(built.spec, network.state_dict()).eval()(images(size, 4), whole=True)
    assert torch.allclose(outputs.attention, again.attention) and len(set(again.attention.tolist())) == 4


def test_the_attention_of_weights_is_trained_on_or_left_out(tmp_path):
    wanted = section("timm/test_resnet", size=32) | {"frames": 2}
    built = build(wanted, 3)
    state, path = built.detector.network.state_dict(), tmp_path / "best.pt"
    save_checkpoint(path, built.spec, state, **SAVED)
    given = {"weights": str(path)}
    for changes in ({}, {"epochs": 0}):
        again = build(wanted | given | changes, 4).detector.network.state_dict()
        assert again.keys() == state.keys() and all(torch.equal(again[key], state[key]) for key in state)
    plain = build(wanted | given | {"frames": 1}, 4)
    assert plain.detector.head.attention is None and "head" not in plain.spec
    new = build(wanted | given | {"head": "new"}, 4).detector.head
    assert not torch.equal(new.attention[0].weight, built.detector.head.attention[0].weight)
    torch.save(plain.detector.network.state_dict(), tmp_path / "plain.pt")
    with pytest.raises(ModelError, match="plain.pt has no attention over frames; write epochs above 0"):
        build(wanted | {"weights": str(tmp_path / "plain.pt"), "epochs": 0}, 4)


def logits_of(detector, size: int) -> list[float]:
    torch.manual_seed(0)  # for dropout
    with torch.no_grad():
        return detector(images(size, 4)).tolist()


@pytest.mark.parametrize("labels", [("Realism", "Deepfake"), ("a", "b", "c")], ids=["two", "three"])
def test_a_new_head_of_transformers_too(tmp_path, labels):
    vit(tmp_path, labels)
    for share, expected in ((0.9, LOGIT), (0.1, -LOGIT), (0.5, 0.0)):
        logits = first_logits(hf_section(tmp_path, head="new"), 32, share)
        assert logits == pytest.approx([expected] * len(logits), abs=0.3)
    assert len(set(logits)) > 1


def test_a_new_head_of_transformers_with_convolutions_too(tmp_path):
    config = transformers.ConvNextConfig(num_stages=2, hidden_sizes=[8, 16], depths=[1, 1], patch_size=4)
    transformers.ConvNextForImageClassification(config).save_pretrained(tmp_path)
    logits = first_logits(hf_section(tmp_path, head="new", image_size=32), 32, 0.9)
    assert logits == pytest.approx([LOGIT] * len(logits), abs=0.3)


def first_logits(model: dict, size: int, share: float) -> list[float]:
    return logits_of(build(model, 3, share).detector, size)


# Heads of two classes


MOBILE = "torchvision/mobilenet_v3_small"
TWO_CLASSES = ["meso4", MOBILE, "torchvision/squeezenet1_1", "timm/test_resnet"]


def two_classes(arch: str, path, size: int = 64):
    """Write the weights of a network with two random outputs; return its logits for images."""
    library, _, name = arch.rpartition("/")
    torch.manual_seed(1)
    network, mean, std = make_network(library or "own", name, size, outputs=2)
    for key, value in network.named_parameters():
        if key.rpartition(".")[0] in head_names(library, network):
            torch.nn.init.normal_(value)
    torch.save({"state_dict": network.state_dict()}, path)
    shape = (1, 3, 1, 1)
    pixels = (images(size) / 255 - torch.tensor(mean).view(shape)) / torch.tensor(std).view(shape)
    with torch.no_grad():
        return network.eval()(pixels)


@pytest.mark.parametrize("fake", [0, 1])
@pytest.mark.parametrize("arch", TWO_CLASSES)
def test_told_which_is_fake_a_head_of_two_classes_is_kept(tmp_path, arch, fake):
    outputs = two_classes(arch, tmp_path / "w.pth")
    built = build(section(arch, tmp_path / "w.pth", head={"fake": fake}, epochs=0), seed=2)
    expected = outputs[:, fake] - outputs[:, 1 - fake]
    assert expected.abs().min() > 1e-3
    with torch.no_grad():
        assert torch.allclose(built.detector.eval()(images(64)), expected, atol=1e-4)
    metadata = {"threshold": 0.5, "video_threshold": 0.5, "training": {}, "preprocessing": {}, "metrics": {}}
    metadata["dataset"] = {"name": "d", "sha256": "0" * 64}
    state = built.detector.network.state_dict()
    save_checkpoint(tmp_path / "best.pt", built.spec, state, **metadata)
    again = make_detector(load_checkpoint(tmp_path / "best.pt"), tmp_path / "best.pt")
    reused = build(section(arch, tmp_path / "best.pt", head=None, epochs=0), seed=4).detector.eval()
    with torch.no_grad():
        assert torch.allclose(again(images(64)), expected, atol=1e-4)
        assert torch.allclose(reused(images(64)), expected, atol=1e-4)
    assert rebuild(json.loads(json.dumps(built.spec)), state).fake == fake


@pytest.mark.parametrize("head, epochs", [("keep", 0), ("keep", 2), (None, 0)])
def test_a_head_of_two_classes_without_names_is_an_error(tmp_path, head, epochs):
    two_classes("timm/test_resnet", tmp_path / "w.pth")
    with pytest.raises(ValueError, match=r"w.pth has a head of two classes.*write head: \{fake: 1\}"):
        build(section("timm/test_resnet", tmp_path / "w.pth", head=head, epochs=epochs), seed=0)


def test_in_training_it_is_replaced_with_a_warning_that_says_how_to_keep_it(tmp_path, caplog):
    two_classes("timm/test_resnet", tmp_path / "w.pth")
    built = build(section("timm/test_resnet", tmp_path / "w.pth", head=None, epochs=2), seed=0)
    assert built.detector.network.fc.weight.shape == (1, WIDTH)
    assert [r.levelname for r in caplog.records if "head: {fake: 1}" in r.getMessage()] == ["WARNING"]


# Nothing random is evaluated


UNTRAINED = {
    "no head": lambda s: [s.pop(key) for key in ("fc.weight", "fc.bias")],
    "part of a head": lambda s: s.pop("fc.bias"),
    "1000 classes": lambda s: s.update({"fc.weight": torch.zeros(1000, WIDTH), "fc.bias": torch.zeros(1000)}),
    "three classes": lambda s: s.update({"fc.weight": torch.zeros(3, WIDTH), "fc.bias": torch.zeros(3)}),
}


@pytest.mark.parametrize("change", UNTRAINED)
@pytest.mark.parametrize("head, epochs", [(None, 0), ("keep", 0), ("keep", 3), ({"fake": 1}, 0)])
def test_a_head_that_the_weights_do_not_have_is_an_error(tmp_path, change, head, epochs):
    state = build(section("timm/test_resnet"), seed=1).detector.network.state_dict()
    UNTRAINED[change](state)
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(ValueError, match="w.pt has (no head for one or two classes .*fc.weight|one output)"):
        build(section("timm/test_resnet", tmp_path / "w.pt", head=head, epochs=epochs), seed=0)
    build(section("timm/test_resnet", tmp_path / "w.pt", head=None, epochs=3), seed=0)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"epochs": 0}, "epochs: 0 can't be used with weights: null"),
        ({"epochs": 0, "weights": "pretrained"}, "epochs: 0 can't be used with weights: pretrained"),
        ({"epochs": 0, "weights": "w.pt", "head": "new"}, "epochs: 0 can't be used with head: new"),
        ({"head": "keep"}, "head: keep can't be used without weights"),
        ({"head": {"fake": 1}, "weights": "pretrained"}, "can't be used without weights"),
    ],
)
def test_settings_that_make_the_head_random_are_an_error(changes, message):
    with pytest.raises(ValueError, match=message):
        build(section("timm/test_resnet") | {"epochs": 5} | changes, seed=0)


def test_one_output_is_the_logit_of_fake_and_needs_no_number(tmp_path):
    source = build(section("timm/test_resnet"), seed=1).detector
    torch.save(source.network.state_dict(), tmp_path / "w.pt")
    for head in (None, "keep"):
        built = build(section("timm/test_resnet", tmp_path / "w.pt", head=head, epochs=0), seed=2)
        assert torch.equal(built.detector.eval()(images(64)), source.eval()(images(64)))
    with pytest.raises(ValueError, match="w.pt has one output.*write head: keep"):
        build(section("timm/test_resnet", tmp_path / "w.pt", head={"fake": 0}, epochs=0), seed=2)
    fresh = build(
        section("timm/test_resnet", tmp_path / "w.pt", head="new", epochs=1), seed=2
    ).detector.network
    assert torch.equal(fresh.conv1[0].weight, source.network.conv1[0].weight)
    assert not torch.equal(fresh.fc.weight, source.network.fc.weight)


# Folders of transformers


@pytest.mark.parametrize("labels", [("LABEL_0", "LABEL_1"), None], ids=["unclear", "no id2label"])
@pytest.mark.parametrize("fake", [0, 1])
def test_the_outputs_of_a_folder_are_named_by_the_config(tmp_path, labels, fake):
    source = vit(tmp_path, labels or ("LABEL_0", "LABEL_1"))
    if labels is None:
        settings = json.loads((tmp_path / "config.json").read_text())
        settings = {key: value for key, value in settings.items() if key not in ("id2label", "label2id")}
        (tmp_path / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ValueError, match=r"write head: \{fake: 1\}"):
        build(hf_section(tmp_path, head="keep"), seed=0)
    with pytest.raises(ValueError, match="no head for one or two classes|epochs"):
        build(hf_section(tmp_path, head=None, epochs=0), seed=0)
    built = build(hf_section(tmp_path, head={"fake": fake}, epochs=0), seed=0)
    assert built.spec["fake"] == fake
    assert torch.equal(built.detector.network.model.classifier.weight, source.classifier.weight)
    save_pretrained(built.detector, built.spec, tmp_path / "out")
    names = json.loads((tmp_path / "out/config.json").read_text())["id2label"]
    assert names == {str(fake): "fake", str(1 - fake): "real"}


def test_the_config_counts_more_than_a_folder_s_labels_with_a_warning(tmp_path, caplog):
    vit(tmp_path, ("Realism", "Deepfake"))
    assert build(hf_section(tmp_path, head={"fake": 0}), seed=0).spec["fake"] == 0
    assert "head counts" in caplog.text


@pytest.mark.parametrize("labels, kept", [(("Realism", "Deepfake"), True), (("a", "b", "c"), False)])
def test_by_default_a_folder_s_head_is_kept_if_its_labels_are_clear(tmp_path, labels, kept):
    source = vit(tmp_path, labels)
    weight = build(hf_section(tmp_path), seed=0).detector.network.model.classifier.weight
    assert (weight.shape == source.classifier.weight.shape and weight.equal(source.classifier.weight)) == kept
