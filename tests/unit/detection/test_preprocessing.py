"""The preprocessing that a model records: used, overridden on request, refused where it is invalid."""

import pytest
import yaml
from conftest import ROOT
from jsonschema import Draft202012Validator
from made import media as made

from deepfake.detection import preprocessing
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.errors import UserError


def test_settings_are_those_recorded_unless_others_are_requested():
    metadata = {"preprocessing": made.recorded()}
    assert preprocessing_of(metadata) == {
        "shows": "faces", "frames": made.FRAMES, "faces": made.FACES, "images": made.FACES,
    }  # fmt: skip
    assert preprocessing_of(metadata, "crops")["faces"] == made.CROPS
    found = preprocessing_of(metadata, frames={"strategy": "interval", "every": 5}, crops=True)
    assert found["images"] == made.CROPS and found["faces"] == made.FACES
    assert found["frames"] == made.FRAMES | {"strategy": "interval", "every": 5, "max": None}
    yunet = made.FACES | {"detector": "yunet", "model": "there", "sha256": "0", "min_score": 0.6}
    metadata = {"preprocessing": made.recorded(faces=yunet)}
    assert preprocessing_of(metadata, face_model="here")["faces"] == yunet | {"model": "here"}
    both = yunet | {"detector": ["dlib", "yunet"]}
    metadata = {"preprocessing": made.recorded(faces=both)}
    assert preprocessing_of(metadata, face_model="here")["faces"] == both | {"model": "here"}
    del both["upsample"]  # dlib's
    with pytest.raises(UserError, match="faces.upsample is None"):
        preprocessing_of(metadata)


def test_a_model_of_ready_made_crops_can_be_told_how_to_search_faces():
    metadata = {"preprocessing": made.recorded()}
    found = preprocessing_of(metadata, "crops", faces={"detector": "dlib", "margin": 1.5})
    searched = preprocessing.SEARCH | made.CROPS | {"detector": "dlib", "margin": 1.5}
    assert found["faces"] == found["images"] == searched
    assert not preprocessing.unsearched(found, ["video"])
    assert preprocessing_of(metadata, "crops", crops=True, faces={"detector": "dlib"})["images"] == made.CROPS
    kept = preprocessing_of(metadata, faces={"upsample": 1})["faces"]  # what is recorded stays
    assert {key: kept[key] for key in made.FACES} == made.FACES | {"upsample": 1}
    defaults = yaml.safe_load((ROOT / "config.yaml").read_text())["faces"]
    assert {key: defaults[key] for key in preprocessing.SEARCH} == preprocessing.SEARCH


def test_models_of_earlier_versions_have_plain_crops_without_landmarks():
    earlier = {key: value for key, value in made.FACES.items() if key not in preprocessing.EARLIER}
    assert set(made.FACES) - set(earlier) == set(preprocessing.EARLIER)
    assert preprocessing_of({"preprocessing": made.recorded(faces=earlier)})["faces"] == made.FACES


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        ({"corpus": "other"}, "not trained on a corpus 'other'; write one of crops, drawn"),
        ({"frames": {"strategy": "all"}}, "frames.strategy is 'all'"),
        ({"frames": {"strategy": []}}, r"frames.strategy is \[\]"),
        ({"frames": {"rate": 2}}, "unknown rate"),
        ({"frames": {"count": 0}}, "frames.count is 0: write a whole number from 1$"),
        ({"frames": {"strategy": "interval"}}, "frames.every is None"),
        ({"frames": {"strategy": "interval", "every": 2, "max": True}}, "frames.max is True"),
        ({"frames": {"strategy": "fractions", "at": ["1/0"]}}, "frames.at is"),
        ({"frames": {"format": "gif"}}, "frames.format is 'gif'"),
        ({"faces": {"detector": "haar"}}, "^faces.detector is 'haar'"),
        ({"faces": {"margins": 1}}, "faces: unknown margins; the keys are align, border"),
        ({"faces": {"margin": 9}}, "^faces.margin is 9: write a number from 0.5 to 5$"),
        ({"frames": {"quality": 101}}, "frames.quality is 101: write a whole number from 1 to 100$"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_settings_that_make_no_sense_are_named(requested, message):
    with pytest.raises(UserError, match=message):
        preprocessing_of({"preprocessing": made.recorded()}, **requested)
    with pytest.raises(UserError, match="doesn't record how"):
        preprocessing_of({"preprocessing": {}}, **requested)


HOSTILE = {
    "shows": made.recorded() | {"shows": "all"},
    "default": made.recorded() | {"default": ["drawn"]},
    "corpora": made.recorded() | {"corpora": ["drawn"]},
    "sections": made.recorded() | {"corpora": {"drawn": {"frames": made.FRAMES}}},
    "size": made.recorded(faces=made.FACES | {"size": 10**9}),
    "margin": made.recorded(faces=made.FACES | {"margin": float("nan")}),
    "width": made.recorded(faces=made.FACES | {"width": 640.0}),
    "detector": made.recorded(faces=made.FACES | {"detector": {}}),
    "detectors": made.recorded(faces=made.FACES | {"detector": ["dlib", ["yunet"]]}),
    "a list with none": made.recorded(faces=made.FACES | {"detector": ["dlib", "none"]}),
    "model": made.recorded(faces=made.FACES | {"detector": "yunet", "model": 1, "sha256": "0"}),
    "landmarks": made.recorded(faces=made.FACES | {"landmarks": "../68"}),
    "align": made.recorded(faces=made.FACES | {"align": ["five_points"]}),
    "points": made.recorded(faces=made.FACES | {"align": "five_points", "landmarks": "none"}),
    "border": made.recorded(faces=made.FACES | {"align": "five_points", "landmarks": "five", "border": 0}),
}


@pytest.mark.parametrize("key", HOSTILE)
def test_a_model_from_anywhere_may_record_anything(key):
    with pytest.raises(UserError, match="train the model again, or get it from someone you trust"):
        preprocessing_of({"preprocessing": HOSTILE[key]})


VALUES = [
    None,
    True,
    "",
    "jpg",
    "png",
    "gif",
    "dlib",
    "yunet",
    "none",
    "full",
    "track",
    "uniform",
    "interval",
]
VALUES += ["fractions", "random", [], ["1/3", 0.5], ["x"], [2], {}]
VALUES += [
    ["dlib"],
    ["dlib", "yunet", "mmod"],
    ["dlib", "none"],
    ["none"],
    ["dlib", "dlib"],
    [["dlib"]],
    "mmod",
]
VALUES += [value for edge in (0, 1, 3, 5, 16, 80, 100, 2048, 8192) for value in (edge - 1, edge, edge + 1)]
VALUES += [0.5, 0.49, 1.5, 5.1, -0.1]


@pytest.mark.parametrize(
    ("section", "key"), [(name, key) for name in ("FRAMES", "FACES") for key in getattr(preprocessing, name)]
)
def test_values_are_valid_if_the_config_allows_them(section, key):
    schema = yaml.safe_load((ROOT / "rules/config.schema.yaml").read_text())
    allowed = schema["$defs"][section.lower()]["properties"][key]
    is_valid, _ = getattr(preprocessing, section)[key]
    validator = Draft202012Validator(allowed | {"$defs": schema["$defs"]})
    for value in VALUES:
        if key in ("model", "sha256"):  # a model records neither null nor, here, a path's or checksum's form
            assert is_valid(value) or not (validator.is_valid(value) and value is not None)
        else:
            assert is_valid(value) == validator.is_valid(value), value
