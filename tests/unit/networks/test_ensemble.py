"""Ensembles: their logits are the sums computed by hand, files are read whole, invalid ones are refused."""

import numpy as np
import pytest
import torch
from made.ensemble import COMMON, LARGE, SMALL, pixels, write_ensemble, write_member
from made.models import load_detector
from made.networks import section

from deepfake.checkpoints.best_pt import load_checkpoint, save_ensemble
from deepfake.checkpoints.inference import LoadedModel, split_batches
from deepfake.checkpoints.open_model import open_model
from deepfake.checkpoints.torch_inference import logits_function
from deepfake.errors import ModelError, UserError
from deepfake.inputs.geometry import Geometry
from deepfake.networks.build import build
from deepfake.networks.ensemble import Ensemble, Part, flatten
from deepfake.networks.gradcam import gradcam, gradcam_maps
from deepfake.networks.settings import geometries_of, threshold_of
from deepfake.networks.views import WHOLE, View, apply_views

pytestmark = pytest.mark.usefixtures("one_thread")

MIRROR, CORNER = View(flip=True), View(side=0.75)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Best.pt of two sizes, an ensemble of them, and an ensemble that has this one as a member."""
    folder = tmp_path_factory.mktemp("ensemble")
    members = [
        load_checkpoint(write_member(folder / f"{size}.pt", size, seed=size)) for size in (SMALL, LARGE)
    ]
    write_ensemble(folder / "both.pt", members, [0.25, 0.75], [WHOLE, MIRROR], 2.0)
    inner = [load_checkpoint(folder / "both.pt"), members[0]]
    write_ensemble(folder / "nested.pt", inner, [0.5, 0.5], [WHOLE, CORNER], 0.5)
    return folder


@pytest.fixture
def both(folder):
    """The content of both.pt, to be made invalid."""
    return torch.load(folder / "both.pt", weights_only=True)


def test_the_plain_detector_is_an_ensemble_of_one(folder):
    detector, _ = load_detector(folder / "32.pt")
    plain = Ensemble([Part(detector, Geometry(SMALL, SMALL, "bilinear"), [WHOLE], 1.0)]).eval()
    with torch.inference_mode():
        assert torch.equal(plain(pixels(SMALL)), detector(pixels(SMALL)))
        assert torch.equal(plain(pixels(SMALL) / 255), detector(pixels(SMALL)))


def test_logits_are_the_weighted_sum_of_the_mean_over_views(folder):
    found = nested_by_hand(folder, pixels(SMALL), pixels(LARGE))
    ensemble, checkpoint = load_detector(folder / "nested.pt")
    assert [geometry.size for geometry in ensemble.geometries] == [SMALL, LARGE]
    assert [part["weight"] for part in checkpoint["parts"]] == [0.0625, 0.1875, 0.5]
    assert [len(part["views"]) for part in checkpoint["parts"]] == [4, 4, 2] and ensemble.max_views == 4
    with torch.inference_mode():
        logits = ensemble(pixels(SMALL), pixels(LARGE))
    assert logits.shape == (3,) and logits.std() > 0
    torch.testing.assert_close(logits, found, atol=1e-5, rtol=1e-5)


def nested_by_hand(folder, small: torch.Tensor, large: torch.Tensor) -> torch.Tensor:
    a, b = (load_detector(folder / f"{size}.pt")[0] for size in (SMALL, LARGE))

    def logits_of_view(detector, images, view):
        return detector(apply_views(images / 255, [view]))

    def both(outer):
        mirrored = View(True, outer.top, outer.left, outer.side)
        means = [
            (logits_of_view(f, x, outer) + logits_of_view(f, x, mirrored)) / 2
            for f, x in ((a, small), (b, large))
        ]
        return (0.25 * means[0] + 0.75 * means[1]) / 2

    with torch.inference_mode():
        whole, corner = (0.5 * both(view) + 0.5 * logits_of_view(a, small, view) for view in (WHOLE, CORNER))
        return (whole + corner) / 2 / 0.5


def test_it_opens_as_a_model_of_several_geometries(folder):
    model = open_model(folder / "nested.pt")
    assert [geometry.name for geometry in model.geometries] == ["32-bilinear", "48-bilinear"]
    assert "state" not in str(model.metadata.keys()) and all(
        "state" not in p for p in model.metadata["parts"]
    )
    batch = [np.ascontiguousarray(pixels(size, 70).permute(0, 2, 3, 1).numpy()) for size in (SMALL, LARGE)]
    with torch.inference_mode():
        expected = model.detector(pixels(SMALL, 70), pixels(LARGE, 70)).numpy()
    found = model.logits(batch)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert model.logits([part[:0] for part in batch]).shape == (0,)


@pytest.mark.parametrize(("views", "largest"), [(1, 64), (12, 5), (100, 1)])
def test_more_views_take_fewer_images_at_a_time(folder, views, largest):
    detector, _ = load_detector(folder / "32.pt")
    geometry = Geometry(SMALL, SMALL, "bilinear")
    ensemble = Ensemble([Part(detector, geometry, [WHOLE] * views, 1.0)])
    sizes = []
    ensemble.register_forward_pre_hook(lambda _, images: sizes.append(len(images[0])))
    images = pixels(SMALL, 130)
    found = logits_function(ensemble, torch.device("cpu"))([images.permute(0, 2, 3, 1).numpy()])
    assert max(sizes) == largest and sum(sizes) == 130
    with torch.inference_mode():
        np.testing.assert_allclose(found, detector(images).numpy(), atol=1e-4)


def test_batches_are_split_in_order():
    sizes = []

    def logits(batch):
        sizes.append(len(batch[0]))
        return batch[0][:, 0, 0, 0].astype(np.float32)

    images = np.arange(130, dtype=np.uint8)[:, None, None, None]
    assert split_batches(logits, 50)([images]).tolist() == list(range(130))
    assert sizes == [50, 50, 30]


def test_the_same_members_give_the_same_bytes(folder, tmp_path):
    members = [load_checkpoint(folder / f"{size}.pt") for size in (SMALL, LARGE)]
    path = write_ensemble(tmp_path / "deep/again.pt", members, [0.25, 0.75], [WHOLE, MIRROR], 2.0)
    assert path.read_bytes() == (folder / "both.pt").read_bytes()


# Grad-CAM


def maps_of(model: LoadedModel, images: list[np.ndarray]) -> np.ndarray:
    return gradcam_maps(model.detector, model.geometries, images)


def test_the_map_of_an_ensemble_is_the_weighted_mean_of_its_networks_maps(folder):
    images = list(pixels(SMALL, 2).permute(0, 2, 3, 1).numpy())
    small, _ = load_detector(folder / "32.pt")
    one = write_ensemble(folder / "one.pt", [load_checkpoint(folder / "32.pt")], [-2.0], [WHOLE, MIRROR])
    alone = gradcam(small, pixels(SMALL, 2))
    np.testing.assert_allclose(maps_of(open_model(folder / "32.pt"), images), alone, atol=1e-6)
    np.testing.assert_allclose(maps_of(open_model(one), images), alone, atol=1e-6)
    heat = maps_of(open_model(folder / "both.pt"), [*images, np.zeros((60, 90, 3), np.uint8)])
    assert heat.shape == (3, SMALL, SMALL) and heat.dtype == np.float32
    assert heat.min() >= 0 and heat.max(axis=(1, 2))[:2] == pytest.approx(1)
    assert not np.allclose(heat[:2], alone)
    assert maps_of(open_model(folder / "both.pt"), []).shape == (0, SMALL, SMALL)


def test_a_format_without_gradients_has_no_map(folder):
    model = open_model(folder / "32.pt")
    with pytest.raises(UserError, match=r"use the best\.pt"):
        gradcam_maps(None, model.geometries, [])


# invalid files

VIEW = {"flip": False, "top": 0.0, "left": 0.0, "side": 1.0}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("parts", [], r"parts: \[\] should be non-empty"),
        ("parts", [1], "parts.0: 1 is not of type 'object'"),
        ("parts", {}, "parts: {} is not of type 'array'"),
        ("parts", [{}], "parts.0: 'network' is a required property"),
        ("temperature", 0.0, "temperature: 0.0 is less than or equal to the minimum of 0"),
        ("temperature", float("inf"), "temperature: inf is not of type 'finite float'"),
        ("temperature", 1, "temperature: 1 is not of type 'finite float'"),
        ("temperature", None, "'temperature' is a required property"),
        ("threshold", None, "'threshold' is a required property"),
        ("parts.1.weight", float("nan"), "parts.1.weight: nan is not of type 'finite float'"),
        ("parts.1.weight", "1", "parts.1.weight: '1' is not of type 'finite float'"),
        ("parts.1.views", [], r"parts.1.views: \[\] should be non-empty"),
        ("parts.1.views", [VIEW] * 257, "parts.1.views: .* is too long"),
        ("parts.1.views", [VIEW, VIEW | {"left": 0.5}], r"parts.1.views.1: .*no square inside the image"),
        ("parts.0.mean", [0.5, 0.5, 0.5], "parts.0.geometry, mean and std differ"),
        ("parts.0.geometry", {"size": 64}, "parts.0.geometry: 'resize' is a required property"),
        ("parts.0.network.arch", "meso5", "parts.0 names a network that can't be made"),
        ("parts.1.state", {}, "parts.1.state is missing or empty"),
        ("parts.1.state.extra", torch.zeros(1), "parts.1 doesn't fit the network: 1 unknown: extra"),
        ("parts.1.state.extra", torch.full((1,), torch.nan), "parts.1.state.extra holds values that are not"),
        ("parts.1.state.extra", torch.zeros(1).expand(10**12), "more than the file has"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_invalid_ensemble_says_what_is_wrong(both, tmp_path, key, value, message):
    place = both
    *names, last = [int(name) if name.isdigit() else name for name in key.split(".")]
    for name in names:
        place = place[name]
    place.pop(last) if value is None else place.update({last: value})
    torch.save(both, tmp_path / "invalid.pt")
    with pytest.raises(ModelError, match=message) as error:
        load_detector(tmp_path / "invalid.pt")
    assert str(tmp_path / "invalid.pt") in str(error.value)


def test_too_many_parts_are_neither_read_nor_written(folder, both, tmp_path):
    parts = flatten([load_checkpoint(folder / "32.pt")] * 65, [1 / 65] * 65, [WHOLE])
    with pytest.raises(ModelError, match="parts: .* is too long"):
        save_ensemble(tmp_path / "many.pt", parts, 1.0, **COMMON)
    assert list(tmp_path.iterdir()) == []


def test_an_ensemble_is_no_weights_for_a_network(folder):
    with pytest.raises(ModelError, match=r"both\.pt is an ensemble.*best\.pt of one of its models"):
        build(section("meso4", folder / "both.pt", SMALL), 1)


# settings


def test_the_geometries_of_an_ensemble_are_the_distinct_ones_of_its_models():
    models = {"a": section("meso4", size=32), "b": section("meso4", size=48), "c": section("mesoinception4")}
    ensembles = {"ab": ["a", "b"], "all": ["c", "ab", "b"], "tta": ["b"]}
    config = {"models": models, "ensembles": {name: {"models": m} for name, m in ensembles.items()}}
    sizes = {name: [g.size for g in geometries_of(config, name)] for name in [*models, *ensembles]}
    assert sizes == {"a": [32], "b": [48], "c": [64], "ab": [32, 48], "all": [64, 32, 48], "tta": [48]}


def test_the_threshold_of_an_ensemble_overrides_that_of_evaluate():
    ensembles = {"own": {"threshold": "eer"}, "none": {"threshold": 0.0}, "shared": {"threshold": None}}
    config = {"ensembles": ensembles, "evaluate": {"threshold": "f1_macro"}}
    found = {name: threshold_of(config, name) for name in [*ensembles, "model"]}
    assert found == {"own": "eer", "none": 0.0, "shared": "f1_macro", "model": "f1_macro"}
