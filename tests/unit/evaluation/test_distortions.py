"""Distortions, and the evaluation of a detector on distorted images."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake.errors import UserError
from deepfake.evaluation import robustness
from deepfake.evaluation.distortions import BOUNDS, DISTORTIONS, distort
from deepfake.evaluation.predictions import PREDICTIONS
from deepfake.inputs.geometry import Geometry
from deepfake.inputs.pixels import fit

LEVELS = {
    "jpeg": [90, 10],
    "blur": [0.5, 3],
    "noise": [2, 30],
    "resize": [0.9, 0.2],
    "brightness": [0.9, 0.3],
}
NEUTRAL = {"blur": 0, "noise": 0, "resize": 1, "brightness": 1}


def image_of(height: int = 40, width: int = 52) -> np.ndarray:
    return np.random.default_rng(1).integers(30, 220, (height, width, 3), dtype=np.uint8)


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def change(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.abs(before.astype(float) - after).mean())


@pytest.mark.parametrize("kind", DISTORTIONS)
def test_a_stronger_level_changes_more_and_the_input_stays(kind):
    image = image_of()
    before = image.copy()
    weak, strong = (distort(image, kind, level, rng()) for level in LEVELS[kind])
    assert np.array_equal(image, before)
    assert weak.shape == strong.shape == image.shape and weak.dtype == strong.dtype == np.uint8
    assert 0 < change(image, weak) < change(image, strong)


@pytest.mark.parametrize(("kind", "level"), NEUTRAL.items())
def test_the_neutral_level_changes_nothing(kind, level):
    image = image_of()
    assert np.array_equal(distort(image, kind, level, rng()), image)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), height=st.integers(1, 40), width=st.integers(1, 40))
def test_any_image_at_any_level_within_bounds_keeps_its_shape(data, height, width):
    kind = data.draw(st.sampled_from(list(DISTORTIONS)))
    bounds = BOUNDS[kind]
    numbers = st.integers if bounds.whole else st.floats
    level = data.draw(numbers(bounds.least, bounds.most))
    done = distort(image_of(height, width), kind, level, rng())
    assert done.shape == (height, width, 3) and done.dtype == np.uint8


def test_known_answers():
    grey = np.full((20, 20, 3), 100, np.uint8)
    assert (distort(grey, "brightness", 1.5, rng()) == 150).all()
    assert (distort(grey, "brightness", 3, rng()) == 255).all()
    assert (distort(grey, "blur", 2, rng()) == 100).all() and (
        distort(grey, "resize", 0.1, rng()) == 100
    ).all()
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    assert change(red, distort(red, "jpeg", 95, rng())) < 2, "red and blue are swapped"
    wide = np.full((400, 400, 3), 128, np.uint8)
    noisy = distort(wide, "noise", 10, rng()).astype(float) - 128
    assert abs(noisy.std() - 10) < 0.1 and abs(noisy.mean()) < 0.1
    dot = np.zeros((41, 41, 3), np.uint8)
    dot[20, 20] = 255
    spread = distort(dot, "blur", 1, rng())[20, :, 0] / 255
    assert abs(spread[20] - 1 / (2 * np.pi)) < 0.005 and spread[17] < 0.01


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        ("jpeg", 0),
        ("jpeg", 101),
        ("jpeg", 55.5),
        ("jpeg", "90"),
        ("blur", -1),
        ("blur", float("nan")),
        ("noise", 256),
        ("noise", True),
        ("resize", 0),
        ("resize", 1.5),
        ("brightness", 0),
        ("brightness", None),
    ],
)
def test_a_level_out_of_bounds_is_an_error_that_names_the_bounds(kind, level):
    with pytest.raises(UserError, match=f"^{kind}: .*{BOUNDS[kind].least:g} to {BOUNDS[kind].most:g}"):
        robustness.list_settings({kind: [level]})


def test_an_unknown_distortion_is_an_error():
    with pytest.raises(UserError, match="'sepia' is no distortion; there are jpeg, blur"):
        robustness.list_settings({"sepia": [1]})


def test_settings_go_from_weak_to_strong_without_repeats():
    cases = robustness.list_settings({"jpeg": [30, 90, 30], "blur": [2, 1]})
    assert cases == [("none", None), ("jpeg", 90), ("jpeg", 30), ("blur", 1), ("blur", 2)]


def test_variants_come_image_by_image_and_noise_depends_on_the_name():
    geometry, small = Geometry(16, 16, "bilinear"), Geometry(8, 12, "bilinear")
    cases = robustness.list_settings({"noise": [10, 20]})
    images = [image_of()] * 40  # more than one batch
    names = [f"{number}.jpg" for number in range(39)] + ["0.jpg"]
    found = np.stack(list(robustness.distorted_images(images, names, cases, [geometry], 1)))
    found = found.reshape(40, 3, 16, 16, 3)
    both = list(
        robustness.distorted_images(images[:1], names[:1], cases[1:], [geometry, small], 1, workers=2)
    )
    again = [one for one, _ in both]
    assert [other.shape for _, other in both] == [(8, 8, 3)] * 2
    assert (found[:, 0] == fit(image_of(), geometry)).all()
    assert np.array_equal(found[0], found[39]) and np.array_equal(found[0, 1:], again)
    assert len(np.unique(found[:39, 1].reshape(39, -1), axis=0)) == 39
    other = list(robustness.distorted_images(images[:1], names[:1], cases[1:], [geometry], 2))
    assert not np.array_equal(again, [one for (one,) in other])


def rows(number: int = 8) -> pd.DataFrame:
    """Two images a video; real and fake videos alternate."""
    table = pd.DataFrame("", index=range(number), columns=[c for c in PREDICTIONS if c != "probability"])
    table["image"] = [f"test/{i:03}.jpg" for i in range(number)]
    return table.assign(
        corpus="c", video=[f"v{i // 2}" for i in range(number)], label=[i // 2 % 2 for i in range(number)]
    )


def test_each_setting_is_evaluated_at_both_levels_with_their_thresholds():
    table = rows()
    right = table["label"].to_numpy() * 0.2 + 0.3  # 0.3 and 0.5: separated at 0.4, not at 0.6
    found = robustness.evaluate_settings(
        table,
        np.stack([right, 1 - right], axis=1).astype(np.float32),
        [("none", None), ("blur", 2)],
        {"frame": 0.4, "video": 0.6},
        "test",
    )
    assert list(found.columns) == robustness.ROBUSTNESS
    assert found["images"].tolist() == [8, 8] and found["split"].tolist() == ["test", "test"]
    assert found["f1_macro"].tolist() == pytest.approx([1, 1 / 3]) and found["roc_auc"].tolist() == [1, 0]
    assert found["video_f1_macro"].tolist() == pytest.approx([1 / 3, 0]) and found[
        "video_roc_auc"
    ].tolist() == [1, 0]


@pytest.mark.parametrize("number", [8, 2, 0])
@pytest.mark.parametrize("cfg", [LEVELS, {"jpeg": [50]}, {}], ids=["all", "one", "none"])
def test_the_plot_has_the_same_bytes_each_time_even_without_a_class_or_images(tmp_path, cfg, number):
    cases = robustness.list_settings(cfg)
    probabilities = np.random.default_rng(0).random((number, len(cases)))
    table = robustness.evaluate_settings(
        rows(number), probabilities, cases, {"frame": 0.5, "video": 0.5}, "test"
    )
    for name in ("a.svg", "b.svg"):
        robustness.draw_robustness(table, "a title of $", tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert table["images"].tolist() == [number] * len(cases)
