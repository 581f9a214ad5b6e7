"""transformers' image classifiers: read with their own preprocessing and labels, and saved as they were."""

import json

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from deepfake.datasets.decoded import fit
from deepfake.models.errors import WeightsDontFit, WeightsMissing
from deepfake.models.huggingface import fake_label, save_pretrained
from deepfake.models.networks import build, rebuild
from deepfake.models.settings import preprocessor_geometry, scaling_of

RNG = np.random.default_rng(0)
SQUARE = {"height": 32, "width": 32}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def vit(folder, labels=("Realism", "Deepfake"), size: int = 32, preprocessor: dict | None = None, **changes):
    """A small ViT in `folder`, as transformers saves it."""
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        image_size=size,
        patch_size=8,
        initializer_range=0.5,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    model = transformers.ViTForImageClassification(config)
    model.save_pretrained(folder)
    if preprocessor is None:
        preprocessor = {"image_processor_type": "ViTImageProcessor", "size": {"height": size, "width": size}}
        preprocessor |= {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.6, 0.7], "resample": 2}
    if preprocessor:
        (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    settings = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(settings))
    return model


def section(folder, **keys) -> dict:
    return {"arch": f"hf/{folder}", "weights": None, "image_size": None, **keys}


def picture(height: int = 32, width: int = 32) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def batch(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None]


def ours(built, image: np.ndarray) -> float:
    with torch.inference_mode():
        return float(built.detector.eval()(batch(fit(image, built.geometry))).sigmoid())


def theirs(folder, image: np.ndarray, backend: str = "torchvision") -> dict[str, float]:
    """The probability of each label by transformers alone."""
    model = transformers.AutoModelForImageClassification.from_pretrained(folder)
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend=backend)
    with torch.inference_mode():
        logits = model(**processor(Image.fromarray(image), return_tensors="pt")).logits
    return {model.config.id2label[n]: p for n, p in enumerate(logits.softmax(1)[0].tolist())}


@pytest.mark.parametrize("labels", [("Realism", "Deepfake"), ("Deepfake", "Realism")])
def test_the_labels_may_stand_in_either_order(tmp_path, labels):
    vit(tmp_path, labels)
    built = build(section(tmp_path), seed=0)
    assert built.detector.training
    image = picture()
    expected = theirs(tmp_path, image)["Deepfake"]
    assert abs(expected - 0.5) > 0.01  # else a swap would go unseen
    assert ours(built, image) == pytest.approx(expected, abs=1e-5)
    assert built.facts["fake"] == labels.index("Deepfake")


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
def test_the_fake_is_known_by_its_name(labels, fake):
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
        ("main", "said"),
    ],
)
def test_labels_that_do_not_tell_are_an_error_that_says_what_to_set(labels):
    with pytest.raises(ValueError, match="config.json: id2label is .*set id2label there.*head: new"):
        fake_label(dict(enumerate(labels)))


@pytest.mark.parametrize("labels", [(), ("fake",), ("real", "fake", "unknown")])
def test_a_head_of_another_number_of_labels_is_an_error(tmp_path, labels):
    with pytest.raises(ValueError, match=f"{len(labels)} labels.*write head: new"):
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
    assert one.facts["fake"] == 1 and one.facts["config"]["id2label"] == {"0": "real", "1": "fake"}


def test_a_backbone_without_a_classifier_needs_a_new_head(tmp_path):
    config = transformers.ConvNextConfig(num_stages=2, hidden_sizes=[8, 16], depths=[1, 1], patch_size=4)
    transformers.ConvNextModel(config).save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text())
    settings |= {"id2label": {"0": "real", "1": "fake"}, "label2id": {"real": 0, "fake": 1}}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    with pytest.raises(WeightsDontFit, match="classifier.*write head: new"):
        build(section(tmp_path, image_size=32), seed=0)
    assert build(section(tmp_path, image_size=32, head="new"), seed=0).detector(batch(picture())).shape == (
        1,
    )


@pytest.mark.parametrize("labels", [("Realism", "Deepfake"), ("Deepfake", "Realism")])
def test_what_is_saved_gives_the_same_by_transformers_alone(tmp_path, labels):
    (tmp_path / "in").mkdir()
    vit(tmp_path / "in", labels)
    built = build(section(tmp_path / "in"), seed=0)
    with torch.no_grad():
        for value in built.detector.parameters():
            value += 0.01 * torch.randn(value.shape, generator=torch.Generator().manual_seed(1))
    save_pretrained(built.detector, built.facts, tmp_path / "out")
    assert (tmp_path / "out/model.safetensors").is_file()
    for _ in range(3):
        image = picture()
        given = theirs(tmp_path / "out", image)
        assert tuple(given) == labels
        assert given["Deepfake"] == pytest.approx(ours(built, image), abs=1e-5)
        assert given["Deepfake"] != pytest.approx(theirs(tmp_path / "in", image)["Deepfake"], abs=1e-5)
    round_trip = build(section(tmp_path / "out"), seed=5)
    assert ours(round_trip, image) == pytest.approx(ours(built, image), abs=1e-6)
    save_pretrained(built.detector, built.facts, tmp_path / "again")
    for path in (tmp_path / "out").iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(
    "preprocessor",
    [
        None,
        {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 32}, "crop_pct": 0.8},
        {"image_processor_type": "BitImageProcessor", "do_resize": False, "image_mean": [0.3, 0.2, 0.1]},
    ],
    ids=["vit", "convnext", "no-size"],
)
@pytest.mark.parametrize("size", [48, 24])
def test_another_size_is_saved_too(tmp_path, size, preprocessor):
    (tmp_path / "in").mkdir()
    vit(tmp_path / "in", preprocessor=preprocessor)
    built = build(section(tmp_path / "in", image_size=size), seed=0)
    save_pretrained(built.detector, built.facts, tmp_path / "out")
    model = transformers.AutoModelForImageClassification.from_pretrained(tmp_path / "out")
    processor = transformers.AutoImageProcessor.from_pretrained(tmp_path / "out", backend="pil")
    image = picture(70, 50)
    pixels = processor(Image.fromarray(image), return_tensors="pt").pixel_values
    assert pixels.shape[2:] == (size, size)
    with torch.inference_mode():
        given = model(pixels, interpolate_pos_encoding=True).logits.softmax(1)[0, 1]
    assert ours(built, image) == pytest.approx(float(given), abs=1e-5)


def test_the_facts_are_plain_and_make_the_network_again_without_the_folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    vit(folder, ("Fake", "Real"))
    built = build(section(folder), seed=0)
    facts = json.loads(json.dumps(built.facts))
    for path in folder.iterdir():
        path.unlink()
    image = picture()
    again = rebuild(facts, built.detector.network.state_dict()).eval()
    with torch.inference_mode():
        assert float(again(batch(image)).sigmoid()) == ours(built, image)
    save_pretrained(again, facts, folder)
    assert theirs(folder, image)["Fake"] == pytest.approx(ours(built, image), abs=1e-5)


PROCESSORS = {
    "ViTImageProcessor": {"size": SQUARE, "resample": 2},
    "ViTFeatureExtractor": {"size": 32, "resample": 3, "image_mean": [0.1, 0.2, 0.3]},
    "ConvNextImageProcessor": {"size": {"shortest_edge": 32}, "crop_pct": 0.875, "resample": 3},
    "DeiTImageProcessor": {"size": {"height": 40, "width": 40}, "crop_size": SQUARE, "do_center_crop": True},
    "BitImageProcessor": {"size": {"shortest_edge": 40}, "crop_size": SQUARE, "do_center_crop": True},
    "MobileNetV2ImageProcessor": {"size": {"shortest_edge": 37}, "crop_size": SQUARE, "do_center_crop": True},
    "EfficientNetImageProcessor": {"size": SQUARE, "rescale_offset": True, "rescale_factor": 1 / 127.5},
    "SiglipImageProcessor": {"size": SQUARE, "resample": 1},
    "LevitImageProcessor": {"size": {"shortest_edge": 28}, "crop_size": SQUARE, "do_center_crop": True},
    "PoolFormerImageProcessor": {"size": {"shortest_edge": 32}, "crop_pct": 0.9, "do_center_crop": True}
    | {"crop_size": SQUARE},
    "BeitImageProcessor": {"size": SQUARE, "do_normalize": False, "do_center_crop": False},
}


@pytest.mark.parametrize("kind", PROCESSORS)
def test_the_preprocessing_of_transformers_own_classes_is_kept(tmp_path, kind):
    """Square images of another size, through their processor and through ours."""
    given = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4], "resample": 2} | PROCESSORS[kind]
    key = "feature_extractor_type" if "Extractor" in kind else "image_processor_type"
    vit(tmp_path, preprocessor=given | {key: kind})
    processor = transformers.AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
    image = picture(60, 60)
    expected = processor(Image.fromarray(image), return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)
    mean, std = scaling_of(given | {key: kind})
    got = (fit(image, preprocessor_geometry(given | {key: kind})) / 255 - mean) / std
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_the_file_of_their_default_backend_is_the_same_to_a_level(tmp_path):
    vit(tmp_path)
    image = picture(60, 60)
    pil = theirs(tmp_path, image, "pil")["Deepfake"]
    assert theirs(tmp_path, image, "torchvision")["Deepfake"] == pytest.approx(pil, abs=0.02)
    assert ours(build(section(tmp_path), seed=0), image) == pytest.approx(pil, abs=1e-5)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"image_mean": [0.5]}, "image_mean"),
        ({"image_std": [0.5, 0.5, 0]}, "image_std"),
        ({"image_std": "x"}, "image_std"),
        ({"rescale_factor": None}, "rescale_factor"),
        ({"do_flip_channel_order": True}, "blue, green, red"),
        ({"image_processor_type": "MobileViTImageProcessor"}, "blue, green, red"),
    ],
    ids="short zero text none flip mobilevit".split(),
)
def test_preprocessing_that_can_not_be_kept_is_an_error(tmp_path, change, said):
    vit(tmp_path, preprocessor={"size": SQUARE, "resample": 2} | change)
    with pytest.raises(ValueError, match=f"preprocessor_config.json: .*{said}"):
        build(section(tmp_path), seed=0)


def test_without_preprocessing_a_size_is_enough_and_the_log_warns(tmp_path, caplog):
    vit(tmp_path, preprocessor={})
    built = build(section(tmp_path, image_size=32), seed=0)
    assert built.facts["mean"] == [0.5, 0.5, 0.5] and "no preprocessor_config.json" in caplog.text
    save_pretrained(built.detector, built.facts, tmp_path / "out")
    image = picture()
    assert theirs(tmp_path / "out", image)["Deepfake"] == pytest.approx(ours(built, image), abs=1e-5)


def test_weights_saved_in_half_precision_are_used_in_float32(tmp_path):
    model = vit(tmp_path)
    model.half().save_pretrained(tmp_path)
    built = build(section(tmp_path), seed=0)
    assert {value.dtype for value in built.detector.parameters()} == {torch.float32}


def test_our_own_checkpoint_of_the_network_can_be_its_weights(tmp_path):
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
    "spoil, said",
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
def test_a_broken_folder_is_an_error_that_says_what_is_wrong(tmp_path, spoil, said, head):
    vit(tmp_path)
    spoil(tmp_path)
    if head == "new" and said == "3 labels":
        said = "mismatched|can't be read"
    with pytest.raises(ValueError, match=said) as error:
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


def test_a_hub_name_that_can_not_be_fetched_is_an_error_within_seconds(monkeypatch):
    for proxy in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nothing answers there, on any machine
    with pytest.raises(WeightsMissing, match="(?s)no folder nobody/nothing.*copy the folder here"):
        build({"arch": "hf/nobody/nothing", "weights": None, "image_size": None}, seed=0)
