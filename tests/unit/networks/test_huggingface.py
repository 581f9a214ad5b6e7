"""transformers' image classifiers: read with their own labels or a new head, and saved as a folder again."""

import json
import os
import pickle

import pytest
import torch
import transformers
from made.huggingface import batch, fake_probability, random_image, section, transformers_probabilities, vit

from deepfake.errors import ModelError, UserError
from deepfake.networks.build import build, rebuild
from deepfake.networks.huggingface import save_pretrained
from deepfake.networks.huggingface_labels import fake_label

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("labels", [("Realism", "Deepfake"), ("Deepfake", "Realism")])
def test_the_labels_may_have_either_order(tmp_path, labels):
    vit(tmp_path, labels)
    built = build(section(tmp_path), seed=0)
    assert built.detector.training
    image = random_image()
    expected = transformers_probabilities(tmp_path, image)["Deepfake"]
    assert abs(expected - 0.5) > 0.01  # else a swap would not be noticed
    assert fake_probability(built, image) == pytest.approx(expected, abs=1e-5)
    assert built.spec["fake"] == labels.index("Deepfake")


@pytest.mark.parametrize(
    "labels, fake",
    [
        (("Realism", "Deepfake"), 1),
        (("Fake", "Real"), 0),
        (("artificial", "human"), 0),
        (("ORIGINAL", "AI_GENERATED"), 1),
        (("bona-fide", "spoof"), 1),
        (("BonaFide", "DeepFakes"), 1),
        (("manipulated face", "pristine face"), 0),
        (("aiGenerated", "live"), 0),
    ],
)
def test_the_label_of_fake_is_found_by_its_words(labels, fake):
    assert fake_label(dict(enumerate(labels))) == fake


@pytest.mark.parametrize(
    "labels",
    [
        ("LABEL_0", "LABEL_1"),
        ("0", "1"),
        ("fake", "not fake"),
        ("real", "not_real"),
        ("real", "original"),
        ("fake", "deepfake"),
        ("real or fake", "fake"),
        ("cat", "human"),
        ("main", "message"),
    ],
)
def test_unclear_labels_are_an_error_that_says_what_to_set(labels):
    with pytest.raises(
        ValueError, match=r"config.json: id2label is .*write head: \{fake: 1\}.*head: new would train"
    ):
        fake_label(dict(enumerate(labels)))


@pytest.mark.parametrize("labels", [(), ("fake",), ("real", "fake", "unknown")])
def test_a_head_of_another_number_of_labels_is_an_error(tmp_path, labels):
    message = f"{len(labels)} labels.*write head: new" if labels else r"no id2label.*write head: \{fake: 1\}"
    with pytest.raises(ValueError, match=message):
        fake_label(dict(enumerate(labels)))


@pytest.mark.parametrize("labels", [("Deepfake", "Realism"), ("a", "b", "c")], ids=["two", "three"])
def test_a_new_head_leaves_the_rest_as_it_was(tmp_path, labels):
    source = vit(tmp_path, labels).state_dict()
    one, two = (build(section(tmp_path, head="new"), seed=seed) for seed in (1, 2))
    state, other = (built.detector.network.model.state_dict() for built in (one, two))
    for key, value in state.items():
        if key.startswith("classifier"):
            assert value.shape[0] == 2 and (key.endswith("bias") or not torch.equal(value, other[key]))
            assert (
                value.shape != source[key].shape
                or key.endswith("bias")
                or not torch.equal(value, source[key])
            )
        else:
            assert torch.equal(value, source[key]), key
    again = build(section(tmp_path, head="new"), seed=1).detector.network.model.state_dict()
    assert all(torch.equal(state[key], again[key]) for key in state)
    assert one.spec["fake"] == 1 and one.spec["config"]["id2label"] == {"0": "real", "1": "fake"}


def test_a_backbone_without_a_classifier_needs_a_new_head(tmp_path):
    config = transformers.ConvNextConfig(num_stages=2, hidden_sizes=[8, 16], depths=[1, 1], patch_size=4)
    transformers.ConvNextModel(config).save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text())
    settings |= {"id2label": {"0": "real", "1": "fake"}, "label2id": {"real": 0, "fake": 1}}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="classifier.*write head: new"):
        build(section(tmp_path, image_size=32, head="keep"), seed=0)
    assert build(section(tmp_path, image_size=32, head="new"), seed=0).detector(
        batch(random_image())
    ).shape == (1,)


@pytest.mark.parametrize("kind", ["CLIP", "Siglip"])
def test_of_a_model_of_images_and_text_the_images_part_is_read(tmp_path, kind):
    tiny = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = getattr(transformers, f"{kind}Config")(
        text_config=tiny | {"vocab_size": 64}, vision_config=tiny | {"image_size": 32, "patch_size": 8}
    )
    whole = getattr(transformers, f"{kind}Model")(config)
    whole.save_pretrained(tmp_path)
    state = build(section(tmp_path, image_size=32, head="new"), seed=0).detector.network.model.state_dict()
    given = {key: value for key, value in whole.state_dict().items() if key in state}
    assert len(given) > 10 and all(torch.equal(state[key], value) for key, value in given.items())
    assert not any(key.startswith("text_model") for key in state)


@pytest.mark.parametrize("labels", [("Realism", "Deepfake"), ("Deepfake", "Realism")])
def test_a_saved_folder_gives_the_same_in_transformers_alone(tmp_path, labels):
    (tmp_path / "in").mkdir()
    vit(tmp_path / "in", labels)
    built = build(section(tmp_path / "in"), seed=0)
    with torch.no_grad():
        for value in built.detector.parameters():
            value += 0.01 * torch.randn(value.shape, generator=torch.Generator().manual_seed(1))
    save_pretrained(built.detector, built.spec, tmp_path / "out")
    assert (tmp_path / "out/model.safetensors").is_file()
    for _ in range(3):
        image = random_image()
        given = transformers_probabilities(tmp_path / "out", image)
        assert tuple(given) == labels
        assert given["Deepfake"] == pytest.approx(fake_probability(built, image), abs=1e-5)
        assert given["Deepfake"] != pytest.approx(
            transformers_probabilities(tmp_path / "in", image)["Deepfake"], abs=1e-5
        )
    round_trip = build(section(tmp_path / "out"), seed=5)
    assert fake_probability(round_trip, image) == pytest.approx(fake_probability(built, image), abs=1e-6)
    save_pretrained(built.detector, built.spec, tmp_path / "again")
    for path in (tmp_path / "out").iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_spec_is_plain_json_and_rebuilds_the_network_without_the_folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    vit(folder, ("Fake", "Real"))
    built = build(section(folder), seed=0)
    spec = json.loads(json.dumps(built.spec))
    for path in folder.iterdir():
        path.unlink()
    image = random_image()
    again = rebuild(spec, built.detector.network.state_dict()).eval()
    with torch.inference_mode():
        assert float(again(batch(image)).sigmoid()) == fake_probability(built, image)
    save_pretrained(again, spec, folder)
    assert transformers_probabilities(folder, image)["Fake"] == pytest.approx(
        fake_probability(built, image), abs=1e-5
    )


def test_weights_saved_in_half_precision_are_used_in_float32(tmp_path):
    model = vit(tmp_path)
    model.half().save_pretrained(tmp_path)
    built = build(section(tmp_path), seed=0)
    assert {value.dtype for value in built.detector.parameters()} == {torch.float32}


def test_a_state_dict_of_the_same_network_can_be_its_weights(tmp_path):
    vit(tmp_path)
    torch.manual_seed(4)
    other = transformers.ViTForImageClassification(
        transformers.AutoConfig.from_pretrained(tmp_path)
    ).state_dict()
    torch.save(other, tmp_path / "other.pt")
    built = build(section(tmp_path, weights=str(tmp_path / "other.pt")), seed=0)
    assert all(
        torch.equal(other[key], value) for key, value in built.detector.network.model.state_dict().items()
    )


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda f: (f / "config.json").write_text("{"), "config.json is no config"),
        (lambda f: (f / "config.json").unlink(), "config.json is no config"),
        (lambda f: (f / "config.json").write_text("[]"), "config.json is no config"),
        (lambda f: (f / "model.safetensors").unlink(), "can't be read by transformers"),
        (lambda f: (f / "model.safetensors").write_bytes(b"x" * 99), "can't be read by transformers"),
        (lambda f: edit(f, model_type="nosuch"), "can't be read by transformers"),
        (lambda f: edit(f, model_type="timm_wrapper", architecture="hf-hub:a/b"), "write arch: timm/<name>"),
        (lambda f: edit(f, model_type="bert"), "can't be read by transformers"),
        (lambda f: edit(f, num_hidden_layers=1), "unexpected keys"),
        (lambda f: edit(f, num_hidden_layers=3), "no weights for"),
        (lambda f: edit(f, intermediate_size=40), "mlp|can't be read"),
        (lambda f: edit(f, id2label={"0": "real", "1": "fake", "2": "both"}), "3 labels"),
    ],
    ids="text no-config list no-weights bad-weights type timm bert fewer more wide labels".split(),
)
@pytest.mark.parametrize("head", ["keep", "new"])
def test_a_damaged_folder_is_an_error_that_says_what_is_wrong(tmp_path, damage, message, head):
    vit(tmp_path)
    damage(tmp_path)
    if head == "new" and message == "3 labels":
        message = "mismatched|can't be read"
    with pytest.raises(ValueError, match=message) as error:
        build(section(tmp_path, head=head), seed=0)
    assert str(tmp_path) in str(error.value)


def edit(folder, **keys):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))


def test_code_in_a_folder_is_never_run(tmp_path):
    vit(tmp_path, auto_map={"AutoModelForImageClassification": "evil.Evil", "AutoConfig": "evil.Config"})
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    build(section(tmp_path), seed=0)
    assert not (tmp_path / "ran").exists()


def test_a_hub_name_that_cant_be_fetched_is_an_error_within_seconds(monkeypatch):
    for proxy in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nothing answers there, on any machine
    with pytest.raises(ModelError, match="(?s)no folder nobody/nothing.*copy the folder here"):
        build({"arch": "hf/nobody/nothing", "weights": None, "image_size": None}, seed=0)


def pickled(folder) -> None:
    """Weights as a pickle that would run a command."""
    (folder / "model.safetensors").unlink()
    with open(folder / "pytorch_model.bin", "wb") as file:
        pickle.dump({"model": os.system}, file)


def torch_pickled(folder) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({"model": Command()}, folder / "pytorch_model.bin")


class Command:
    def __reduce__(self) -> tuple:
        return os.system, ("touch was-run",)


@pytest.mark.parametrize(
    "change, message",
    [
        (pickled, "pytorch_model.bin|its file of weights"),
        (torch_pickled, "a pickle that holds more than tensors and plain values"),
        (
            lambda f: edit(f, hidden_size=100_000, intermediate_size=400_000),
            "describes a network of [0-9,]* weights",
        ),
        (lambda f: edit(f, num_hidden_layers=10**6), "more than [0-9,]* modules"),
        (lambda f: edit(f, num_labels=10**9), "numbers of 1,000,000,"),
        (lambda f: (f / "config.json").write_text(" " * 5_000_000), "more than 4,000,000 bytes"),
    ],
    ids="pickle torch-pickle wide deep labels long".split(),
)
def test_a_hostile_folder_is_refused_before_its_network_is_made(tmp_path, monkeypatch, change, message):
    monkeypatch.chdir(tmp_path)
    vit(tmp_path / "vit")
    change(tmp_path / "vit")
    with pytest.raises(UserError, match=message) as error:
        build(section(tmp_path / "vit", head="new"), seed=1)
    assert str(tmp_path / "vit") in str(error.value) and not (tmp_path / "was-run").exists()
