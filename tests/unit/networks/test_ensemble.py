"""Ensembles: the sums that one would make by hand, written and read whole, refused where they are bad."""

import numpy as np
import pytest
import torch
from made.ensemble import COMMON, LARGE, SMALL, pixels, write_ensemble, write_member
from made.networks import section

from deepfake.checkpoints.best_pt import load_checkpoint, read_detector, save_ensemble
from deepfake.checkpoints.inference import in_shares, open_model
from deepfake.inputs.geometry import Geometry
from deepfake.networks.build import build
from deepfake.networks.ensemble import Ensemble, Part, flatten
from deepfake.networks.errors import WeightsDontFit
from deepfake.networks.gradcam import gradcam, gradcam_of
from deepfake.networks.settings import geometries_of, threshold_of
from deepfake.networks.views import WHOLE, View, look

pytestmark = pytest.mark.usefixtures("one_thread")

MIRROR, CORNER = View(flip=True), View(side=0.75)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Members of two sizes, and an ensemble of them that is a member itself."""
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
    """Its content, to be spoiled."""
    return torch.load(folder / "both.pt", weights_only=True)


def test_the_plain_detector_is_an_ensemble_of_one(folder):
    detector, _ = read_detector(folder / "32.pt")
    plain = Ensemble([Part(detector, Geometry(SMALL, SMALL, "bilinear"), [WHOLE], 1.0)]).eval()
    with torch.inference_mode():
        assert torch.equal(plain(pixels(SMALL)), detector(pixels(SMALL)))
        assert torch.equal(plain(pixels(SMALL) / 255), detector(pixels(SMALL)))


def test_logits_are_the_weighted_sum_of_the_mean_over_views(folder):
    found = nested_by_hand(folder, pixels(SMALL), pixels(LARGE))
    ensemble, checkpoint = read_detector(folder / "nested.pt")
    assert [geometry.size for geometry in ensemble.geometries] == [SMALL, LARGE]
    assert [part["weight"] for part in checkpoint["parts"]] == [0.0625, 0.1875, 0.5]
    assert [len(part["views"]) for part in checkpoint["parts"]] == [4, 4, 2] and ensemble.widest == 4
    with torch.inference_mode():
        logits = ensemble(pixels(SMALL), pixels(LARGE))
    assert logits.shape == (3,) and logits.std() > 0
    torch.testing.assert_close(logits, found, atol=1e-5, rtol=1e-5)


def nested_by_hand(folder, small: torch.Tensor, large: torch.Tensor) -> torch.Tensor:
    a, b = (read_detector(folder / f"{size}.pt")[0] for size in (SMALL, LARGE))

    def seen(detector, images, view):
        return detector(look(images / 255, [view]))

    def both(outer):
        mirrored = View(True, outer.top, outer.left, outer.side)
        means = [(seen(f, x, outer) + seen(f, x, mirrored)) / 2 for f, x in ((a, small), (b, large))]
        return (0.25 * means[0] + 0.75 * means[1]) / 2

    with torch.inference_mode():
        whole, corner = (0.5 * both(view) + 0.5 * seen(a, small, view) for view in (WHOLE, CORNER))
        return (whole + corner) / 2 / 0.5


def test_it_opens_as_a_model_of_several_geometries(folder):
    model = open_model(folder / "nested.pt")
    assert [geometry.name for geometry in model.geometries] == ["32-bilinear", "48-bilinear"]
    assert "state" not in str(model.facts.keys()) and all("state" not in p for p in model.facts["parts"])
    batch = [np.ascontiguousarray(pixels(size, 70).permute(0, 2, 3, 1).numpy()) for size in (SMALL, LARGE)]
    with torch.inference_mode():
        expected = model.detector(pixels(SMALL, 70), pixels(LARGE, 70)).numpy()
    found = model.logits(batch)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert model.logits([part[:0] for part in batch]).shape == (0,)


@pytest.mark.parametrize(("views", "largest"), [(1, 64), (12, 5), (100, 1)])
def test_more_views_take_fewer_images_at_a_time(views, largest):
    sizes = []

    def logits(batch):
        sizes.append(len(batch[0]))
        return batch[0][:, 0, 0, 0].astype(np.float32)

    images = np.arange(130, dtype=np.uint8)[:, None, None, None]
    assert in_shares(logits, views)([images]).tolist() == list(range(130))
    assert max(sizes) == largest and sum(sizes) == 130


def test_the_same_members_give_the_same_bytes(folder, tmp_path):
    members = [load_checkpoint(folder / f"{size}.pt") for size in (SMALL, LARGE)]
    path = write_ensemble(tmp_path / "deep/again.pt", members, [0.25, 0.75], [WHOLE, MIRROR], 2.0)
    assert path.read_bytes() == (folder / "both.pt").read_bytes()


# Grad-CAM


def test_its_map_is_the_weighted_mean_of_its_networks_maps(folder):
    pictures = list(pixels(SMALL, 2).permute(0, 2, 3, 1).numpy())
    small, _ = read_detector(folder / "32.pt")
    one = write_ensemble(folder / "one.pt", [load_checkpoint(folder / "32.pt")], [-2.0], [WHOLE, MIRROR])
    alone = gradcam(small, pixels(SMALL, 2))
    np.testing.assert_allclose(gradcam_of(open_model(folder / "32.pt"), pictures), alone, atol=1e-6)
    np.testing.assert_allclose(gradcam_of(open_model(one), pictures), alone, atol=1e-6)
    heat = gradcam_of(open_model(folder / "both.pt"), [*pictures, np.zeros((60, 90, 3), np.uint8)])
    assert heat.shape == (3, SMALL, SMALL) and heat.dtype == np.float32
    assert heat.min() >= 0 and heat.max(axis=(1, 2))[:2] == pytest.approx(1)
    assert not np.allclose(heat[:2], alone)
    assert gradcam_of(open_model(folder / "both.pt"), []).shape == (0, SMALL, SMALL)


def test_a_form_without_gradients_has_no_map(folder):
    model = open_model(folder / "32.pt")
    bare = type(model)(model.facts, model.geometries, model.logits)
    with pytest.raises(ValueError, match=r"give the best\.pt"):
        gradcam_of(bare, [])


# what is refused

VIEW = {"flip": False, "top": 0.0, "left": 0.0, "side": 1.0}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("parts", [], "0 parts; an ensemble has 1 to 64"),
        ("parts", [1], "parts.0 is int"),
        ("parts", {}, "parts is dict"),
        ("parts", [{}], "parts.0 has no network, state"),
        ("temperature", 0.0, "temperature is 0.0"),
        ("temperature", float("inf"), "temperature is inf"),
        ("temperature", 1, "temperature is int"),
        ("temperature", None, "temperature missing"),
        ("threshold", None, "threshold missing"),
        ("parts.1.weight", float("nan"), "parts.1.weight is nan"),
        ("parts.1.weight", "1", "parts.1.weight is str"),
        ("parts.1.views", [], "parts.1 has 0 views"),
        ("parts.1.views", [VIEW] * 257, "parts.1 has 257 views; a part has 1 to 256"),
        ("parts.1.views", [VIEW, VIEW | {"left": 0.5}], r"parts.1.views.1 is .*no square inside the image"),
        ("parts.0.mean", [0.5, 0.5, 0.5], "parts.0.geometry, mean and std differ"),
        ("parts.0.geometry", {"size": 64}, "parts.0.geometry is"),
        ("parts.0.network.arch", "meso5", "parts.0 names a network that can't be made"),
        ("parts.1.state", {}, "parts.1.state is empty"),
        ("parts.1.state.extra", torch.zeros(1), "parts.1 doesn't fit the network: 1 unknown: extra"),
        ("parts.1.state.extra", torch.full((1,), torch.nan), "parts.1.state.extra holds values that are not"),
        ("parts.1.state.extra", torch.zeros(1).expand(10**12), "more than the file has"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_ensemble_says_what_is_bad(both, tmp_path, key, value, said):
    place = both
    *names, last = [int(name) if name.isdigit() else name for name in key.split(".")]
    for name in names:
        place = place[name]
    place.pop(last) if value is None else place.update({last: value})
    torch.save(both, tmp_path / "bad.pt")
    with pytest.raises(WeightsDontFit, match=said) as error:
        read_detector(tmp_path / "bad.pt")
    assert str(tmp_path / "bad.pt") in str(error.value)


def test_too_many_parts_are_neither_read_nor_written(folder, both, tmp_path):
    parts = flatten([load_checkpoint(folder / "32.pt")] * 65, [1 / 65] * 65, [WHOLE])
    with pytest.raises(WeightsDontFit, match="65 parts"):
        save_ensemble(tmp_path / "many.pt", parts, 1.0, **COMMON)
    assert list(tmp_path.iterdir()) == []


def test_an_ensemble_is_no_weights_for_a_network(folder):
    with pytest.raises(WeightsDontFit, match=r"both\.pt is an ensemble.*best\.pt of one of its models"):
        build(section("meso4", folder / "both.pt", SMALL), 1)


# what the workflow asks of the config


def test_geometries_are_those_of_all_models_each_once():
    models = {"a": section("meso4", size=32), "b": section("meso4", size=48), "c": section("mesoinception4")}
    ensembles = {"ab": ["a", "b"], "all": ["c", "ab", "b"], "tta": ["b"]}
    config = {"models": models, "ensembles": {name: {"models": m} for name, m in ensembles.items()}}
    sizes = {name: [g.size for g in geometries_of(config, name)] for name in [*models, *ensembles]}
    assert sizes == {"a": [32], "b": [48], "c": [64], "ab": [32, 48], "all": [64, 32, 48], "tta": [48]}


def test_an_ensemble_s_own_threshold_goes_before_that_of_evaluate():
    ensembles = {"own": {"threshold": "eer"}, "none": {"threshold": 0.0}, "shared": {"threshold": None}}
    config = {"ensembles": ensembles, "evaluate": {"threshold": "f1_macro"}}
    found = {name: threshold_of(config, name) for name in [*ensembles, "model"]}
    assert found == {"own": "eer", "none": 0.0, "shared": "f1_macro", "model": "f1_macro"}
