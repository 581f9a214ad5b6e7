"""Validation of the configuration: complete defaults, and errors that name key, value and what to write."""

import re

import pytest
from conftest import ROOT
from made.config import DEFAULTS, SCHEMA, checked, updated

from deepfake.config.check import check_config
from deepfake.config.sections import dataset_section
from deepfake.demo.layouts import MINIMUM
from deepfake.errors import UserError
from deepfake.extraction.sampling import STRATEGIES
from deepfake.extraction.settings import DETECTOR_KEYS
from deepfake.layouts.registry import LAYOUTS
from deepfake.people.settings import DLIB_DISTANCES

SHA = "a1" * 32
INPUT = "input: {side: 112, template: arcface}"


def errors_of(text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        checked(text)
    return str(caught.value).split("\n  ")[1:]


def test_the_default_config_passes_as_it_is():
    nulls = "{max_videos: null, label_files: null, columns: null}"
    media = "{folder: null, list: null, model: null, crops: false, corpus: null}"
    assert checked() == updated(
        f"{{corpora: {{demo: {nulls}, demo_ffpp: {nulls}}}, media: {{demo: {media}}}}}"
    )


@pytest.mark.parametrize(
    ("section", "key", "names"),
    [
        ("corpora", "layout", [*LAYOUTS, "auto"]),
        ("frames", "strategy", STRATEGIES),
    ],
)
def test_the_schema_allows_exactly_what_the_code_knows(section, key, names):
    properties = SCHEMA["properties"][section].get("additionalProperties") or SCHEMA["$defs"][section]
    assert sorted(properties["properties"][key]["enum"]) == sorted(names)


def test_the_schema_allows_each_detector_and_lists_of_them():
    assert sorted([*SCHEMA["$defs"]["detector"]["enum"], "none"]) == sorted(DETECTOR_KEYS)
    yunet = f"model: x.onnx, sha256: {SHA}"
    for detector in ("none", "mmod", "[dlib]", "[dlib, mmod, yunet]"):
        checked(f"faces: {{detector: {detector}, {yunet}}}")


def test_the_schema_allows_the_smallest_demo_that_can_be_made():
    demo = SCHEMA["properties"]["corpora"]["additionalProperties"]["properties"]["demo"]["properties"]
    assert {key: rules["minimum"] for key, rules in demo.items()} == MINIMUM


@pytest.mark.parametrize("section", ["", "frames", "faces", "people", "datasets", "limits"])
def test_every_key_of_the_schema_is_in_the_default_config(section):
    schema, config = SCHEMA, DEFAULTS
    if section:
        schema, config = SCHEMA["$defs"].get(section) or SCHEMA["properties"][section], DEFAULTS[section]
    if section == "datasets":
        schema, config = schema["additionalProperties"], config["dataset_2gb"]
    assert set(config) == set(schema["properties"])


def test_every_key_of_the_schema_is_described():
    def undescribed(schema, key):
        for name, sub in schema.get("properties", {}).items():
            if not sub.get("description"):
                yield f"{key}.{name}"
            yield from undescribed(sub, f"{key}.{name}")

    parts = {"": SCHEMA, **SCHEMA["$defs"]}
    parts |= {n: SCHEMA["properties"][n]["additionalProperties"] for n in ("corpora", "datasets")}
    assert [key for name, schema in parts.items() for key in undescribed(schema, name)] == []


@pytest.mark.parametrize(
    ("text", "key", "value", "remedy"),
    [
        (
            "frames: {strategy: unifrom}",
            "frames.strategy:",
            "'unifrom'",
            "uniform | interval | fractions | random",
        ),
        ("frames: {count: 0}", "frames.count:", "0 ", "a whole number from 1 to 100000"),
        ("frames: {count: 2.5}", "frames.count:", "2.5 ", "a whole number"),
        ("frames: {count: 10.0}", "frames.count:", "10.0 ", "a whole number"),
        ("frames: {count: true}", "frames.count:", "True ", "a whole number"),
        ("frames: {count: '5'}", "frames.count:", "'5'", "--configfile"),
        ("frames: {cuont: 5}", "frames:", "'cuont'", "the keys are strategy, count,"),
        ("frames: {max: all}", "frames.max:", "'all'", "a whole number or null"),
        ("frames: {at: 1/3}", "frames.at:", "'1/3'", "a list"),
        ("frames: {at: []}", "frames.at:", "[] ", "such as [1/3, 1/2, 2/3]"),
        (
            "frames: {at: [a third]}",
            "frames.at.0:",
            "'a third'",
            "a number from 0 to 1, or a fraction such as 1/3",
        ),
        ("frames: {at: [1/2, 3/2]}", "frames.at:", "'3/2'", "from 0 to 1"),
        ("frames: {at: [1/0]}", "frames.at.0:", "'1/0'", "such as 1/3"),
        ("frames: null", "frames:", "None ", "keys with values"),
        ("faces: {margin: 9}", "faces.margin:", "9 ", "from 0.5 to 5"),
        ("faces: {detector: cascade}", "faces.detector:", "'cascade'", "dlib, mmod, yunet or none"),
        ("faces: {detector: []}", "faces.detector:", "[] ", "a list such as [dlib, yunet]"),
        ("faces: {detector: [dlib, dlib]}", "faces.detector:", "['dlib', 'dlib']", "a list such as"),
        ("faces: {detector: [dlib, none]}", "faces.detector:", "['dlib', 'none']", "without none"),
        (f"faces: {{detector: [dlib, yunet], sha256: {SHA}}}", "faces.model:", "None ", "the path of"),
        ("faces: {smooth: 4}", "faces.smooth:", "4 ", "median (of demo, demo_ffpp); write 5"),
        ("faces: {smooth: 33}", "faces.smooth:", "33 ", "from 0 to 31"),
        ("faces: {smoothing: mean}", "faces.smoothing:", "'mean'", "median | exponential"),
        ("faces: {sha256: abc}", "faces.sha256:", "'abc'", "64 digits"),
        (
            f"faces: {{detector: yunet, sha256: {SHA}}}",
            "faces.model:",
            "None ",
            "the path of face_detection_yunet",
        ),
        ("faces: {detector: yunet, model: x.onnx}", "faces.sha256:", "None ", "the SHA-256"),
        (
            f"corpora: {{demo: {{faces: {{detector: yunet, sha256: {SHA}}}}}}}",
            "faces.model:",
            "(of demo)",
            "the path of",
        ),
        (
            "faces: {align: five_points, landmarks: none}",
            "faces.landmarks:",
            "(of demo, demo_ffpp)",
            "write five, which costs little",
        ),
        (
            "corpora: {demo: {faces: {detector: none, align: five_points}}}",
            "corpora.demo.faces.align:",
            "detector: none (of demo)",
            "write none",
        ),
        (
            "faces: {detector: none, align: five_points}",
            "faces.align:",
            "(of demo, demo_ffpp)",
            "crops already",
        ),
        (
            "scores: {meso4: {table: x.csv, dataset: dataset_2gb}}",
            "scores.meso4:",
            "a model or an ensemble",
            "take another one",
        ),
        ("evaluate: {leave_out: {models: [meso4]}}", "evaluate.leave_out:", "models or", "some of both"),
        (
            "evaluate: {leave_out: {models: [x], datasets: [dataset_2gb]}}",
            "evaluate.leave_out.models:",
            "x",
            "write some of meso4",
        ),
        ("scores: {x: {table: x.csv, dataset: y}}", "scores.x.dataset:", "y ", "write one of dataset_2gb"),
        ("scores: {x: {dataset: dataset_2gb}}", "scores.x:", "'table'", "the path of a csv"),
        ("corpora: {x: {folder: /data}}", "corpora.x:", "'layout'", "how the collection is organised"),
        (
            "corpora: {x: {layout: dfdc}}",
            "corpora.x:",
            "no source",
            "just one of archives, folder, kaggle, demo",
        ),
        ("corpora: {demo: {folder: /data}}", "corpora.demo:", "folder and demo", "set that to null"),
        (
            "corpora: {My-Set: {layout: dfdc, folder: /x}}",
            "corpora:",
            "'My-Set'",
            "lower-case letters and digits",
        ),
        ("corpora: {a__b: {layout: dfdc, folder: /x}}", "corpora:", "'a__b'", "single underscores"),
        ("corpora: {7: {layout: dfdc, folder: /x}}", "corpora.7:", "7 ", "write '7', in quotes"),
        ("corpora: {x: {layout: dfdc, archives: a.zip}}", "corpora.x.archives:", "'a.zip'", "a list"),
        ("corpora: {x: {layout: dfdc, kaggle: {}}}", "corpora.x.kaggle:", "{} ", "{competition: name}"),
        ("corpora: {x: {layout: dfdc, folder: ''}}", "corpora.x.folder:", "'' ", "the path of a folder"),
        ("corpora: {demo: {frames: {every: 0}}}", "corpora.demo.frames.every:", "0 ", "from 1"),
        ("corpora: {demo: {frames: {at: [4/3]}}}", "corpora.demo.frames.at:", "'4/3'", "from 0 to 1"),
        (
            "datasets: {faces: {corpora: [demo]}}",
            "datasets:",
            "'faces'",
            "no name that results/ uses itself",
        ),
        (
            "datasets: {people: {corpora: [demo]}}",
            "datasets:",
            "'people'",
            "no name that results/ uses itself",
        ),
        (
            "datasets: {index: {corpora: [demo]}}",
            "datasets:",
            "'index'",
            "no name that results/ uses itself",
        ),
        ("datasets: {a/b: {corpora: [demo]}}", "datasets:", "'a/b'", "letters, digits and underscores"),
        ("datasets: {2024: {corpora: [demo]}}", "datasets.2024:", "2024 ", "write '2024', in quotes"),
        (
            "datasets: {d: {corpora: [dmeo]}}",
            "datasets.d.corpora:",
            "['dmeo']",
            "write some of demo, demo_ffpp",
        ),
        (
            "datasets: {d: {corpora: [demo, demo]}}",
            "datasets.d.corpora:",
            "['demo', 'demo']",
            "nothing twice",
        ),
        ("datasets: {d: {corpora: []}}", "datasets.d.corpora:", "[] ", "a list of names under corpora"),
        ("datasets: {d: {}}", "datasets.d:", "'corpora'", "a list of names under corpora"),
        ("datasets: {dataset_2gb: {size_mb: 0}}", "datasets.dataset_2gb.size_mb:", "0 ", "above 0"),
        (
            "datasets: {dataset_2gb: {size_mb: .nan}}",
            "datasets.dataset_2gb.size_mb:",
            "nan ",
            "a finite number",
        ),
        ("datasets: {dataset_2gb: {splits: {train: 1}}}", ".splits:", "'val': 0.2", "that add up to 1"),
        (
            "datasets: {dataset_2gb: {splits: {train: 0, val: 0, test: 1}}}",
            "datasets.dataset_2gb.splits.train:",
            "0 can't be used",
            "models are trained on it; write a part",
        ),
        (
            "evaluate: {cross: {tested: [dataset_2gb]}}",
            "evaluate.cross.tested:",
            "can't be used",
            "name some",
        ),
        (
            "datasets: {d: {corpora: [demo], splits: {train: 1}, policy: given}}",
            "datasets.d.policy:",
            "given",
            "write splits: {from: splits.csv}, or another policy",
        ),
        (
            "datasets: {d: {corpora: [demo], splits: {train: 1, made: {}}}}",
            "datasets.d.splits.made:",
            "and there is none",
            "write from: splits.csv",
        ),
        (
            "datasets: {d: {corpora: [demo], splits: {from: 3}}}",
            "datasets.d.splits.from:",
            "3 ",
            "the path of a csv table of videos",
        ),
        (
            "datasets: {d: {corpora: [demo], splits: {val: 1}}}",
            "datasets.d.splits:",
            "'train'",
            "fraction for training",
        ),
        ("datasets: {dataset_2gb: {balance: maybe}}", ".balance:", "'maybe'", "corpus | dataset | none"),
        ("corpora: {x: {layout: csv, folder: /x}}", "corpora.x.columns:", "missing", "{path: <column>"),
        (
            "corpora: {x: {layout: dfdc, folder: /x, columns: {path: a, label: b}}}",
            "corpora.x.columns:",
            "with layout dfdc",
            "leave it out",
        ),
        (
            "corpora: {x: {layout: csv, folder: /x, columns: {path: a}}}",
            "corpora.x.columns:",
            "'label'",
            "label: <column>",
        ),
        (
            "corpora: {x: {layout: labels, folder: /x, columns: {path: a, real: [1], fake: [0]}}}",
            "corpora.x.columns:",
            "path can't be used with layout labels",
            "{real: [1], fake: [0]}",
        ),
        (
            "corpora: {x: {layout: labels, folder: /x, columns: {real: [1]}}}",
            "corpora.x.columns:",
            "1 means both real and fake",
            "in one of the lists",
        ),
        ("people: {crops: 0}", "people.crops:", "0 ", "from 1 to 1000"),
        ("people: {link: -1}", "people.link:", "-1 ", "a distance between unit vectors"),
        ("people: {input: {side: 112, template: x}}", "people.input.template:", "'x'", "five pairs [x, y]"),
        (f"people: {{{INPUT}}}", "people.input:", "'side': 112", "write null, or the path of your network"),
        ("people: {model: x.onnx, link: 1, guard: 1, fail: 1}", "people.input:", "null ", "{side: 112,"),
        (f"people: {{model: x.onnx, link: 1, guard: 1, {INPUT}}}", "people.fail:", "null ", "measured"),
        (
            "datasets: {dataset_2gb: {images: frames, people: {by: faces}}}",
            "datasets.dataset_2gb.people.by:",
            "images: frames",
            "write names or both",
        ),
        (
            "datasets: {dataset_2gb: {people: {by: faces}}}",
            "datasets.dataset_2gb.people.by:",
            "demo corpora alone, whose",
            "write names or both",
        ),
        ("corpora: {demo: {label_files: a.txt}}", "corpora.demo.label_files:", "'a.txt'", "a list"),
        ("frames: {boost: 0}", "frames.boost:", "0 ", "from 1 to 1000"),
        ("seed: -1", "seed:", "-1 ", "a whole number from 0"),
        ("limits: {ratio: .inf}", "limits.ratio:", "inf ", "a finite number"),
        ("sed: 1", "the configuration:", "'sed'", "the keys are seed,"),
    ],
)
def test_an_error_names_key_value_and_remedy(text, key, value, remedy):
    (line,) = errors_of(text)
    assert key in line.split(" ")[0] or line.startswith(key), line
    assert value in line and remedy in line, line


def test_all_errors_are_reported_at_once():
    assert len(errors_of("{frames: {count: 0, quality: 101}, faces: {size: 1}, seed: x}")) == 4


def test_missing_keys_of_a_section_are_named():
    config = updated("")
    del config["frames"]["count"], config["frames"]["every"]
    with pytest.raises(
        UserError, match=r"frames: missing 'count', 'every'; write count: uniform, random: frames per video"
    ):
        check_config(config, SCHEMA)


def test_a_config_file_changes_only_its_own_keys_and_gets_the_defaults():
    config = checked("datasets: {mine: {corpora: [demo]}, dataset_2gb: {size_mb: null}}")
    splits = {"train": 0.8, "val": 0.15, "test": 0.05}  # those of dataset_2gb suit the small demo
    demo = DEFAULTS["datasets"]["dataset_2gb"]
    assert config["datasets"]["mine"] == {**demo, "corpora": ["demo"], "splits": splits}
    assert config["datasets"]["dataset_2gb"]["size_mb"] is None
    assert config["frames"] == DEFAULTS["frames"]


def test_splits_of_a_file_promise_nothing_unless_a_policy_is_written():
    config = checked(
        "datasets: {mine: {corpora: [demo], splits: {from: a/s.csv}}, dataset_2gb: {splits: {from: s.csv}}, "
        "kept: {corpora: [demo], splits: {from: s.csv}, policy: group}}"
    )
    policies = {name: dataset["policy"] for name, dataset in config["datasets"].items()}
    assert policies == {"dataset_2gb": "identity", "mine": "given", "kept": "group"}
    section = dataset_section(config, "dataset_2gb")
    assert section["splits"] == {"from": "s.csv"}, "the fractions that it is merged with count for nothing"
    assert dataset_section(config, "mine")["splits"] == {"from": "s.csv"}, "where the file lies doesn't count"


def test_the_defaults_of_the_distances_are_those_that_the_comments_name():
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    for key, distance in DLIB_DISTANCES.items():
        (line,) = re.findall(rf"^  {key}: null .*", text, re.MULTILINE)
        assert f"null: {distance:.2f}" in line


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("{arch: meso4, epochs: 0}", "models.m: epochs: 0 can't be used with weights: null"),
        (
            "{arch: timm/resnet18, weights: pretrained, epochs: 0}",
            "epochs: 0 can't be used with weights: pre",
        ),
        ("{arch: meso4, weights: w.pt, head: new, epochs: 0}", "models.m: epochs: 0 can't be used with head"),
        ("{arch: meso4, head: {fake: 1}}", "models.m: head: {'fake': 1} can't be used without weights"),
        (
            "{arch: meso4, weights: w.pt, head: {fake: 2}}",
            "models.m.head: {'fake': 2} can't be used; write new",
        ),
        (
            "{arch: meso4, weights: w.pt, head: {real: 1}}",
            "models.m.head: {'real': 1} can't be used; write new",
        ),
    ],
)
def test_a_head_that_would_be_random_or_cannot_be_is_an_error(model, message):
    assert [message in error for error in errors_of(f"models: {{m: {model}}}")] == [True]


def test_a_head_of_weights_can_be_named():
    head = "models: {m: {arch: timm/xception, weights: w.pt, head: {fake: 1}, epochs: 0}}"
    assert checked(head)["models"]["m"]["head"] == {"fake": 1}


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ("weak", "models.m.augment: 'weak' can't be used; write off | light | strong"),
        ("{sharpen: 2}", "models.m.augment: unknown sharpen; the operations are flip"),
        ("{rotate: 200}", "models.m.augment.rotate: 200 can't be used; write a number from -180 to 180"),
        ("{jpeg: [90, 40]}", "models.m.augment.jpeg: [90, 40] can't be used; write a number from 1 to 100"),
        ("{jpeg: {quality: 3}}", "models.m.augment.jpeg: {'quality': 3} can't be used; write a number, two"),
    ],
)
def test_an_augmentation_that_cannot_be_used_is_an_error(augment, message):
    (error,) = errors_of(f"models: {{m: {{arch: meso4, augment: {augment}}}}}")
    assert message in error


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("{feature_views: 2}", "models.m.feature_views: 2 can't be used where no features are kept"),
        ("{tune: head, weights: w.pt, augment: off, feature_views: 2}", "all would be the same"),
        ("{tune: head, weights: w.pt, self_blend: 0.5, feature_views: 2}", "write tune: head, with weights"),
    ],
)
def test_views_without_features_to_keep_are_an_error(model, message):
    (error,) = errors_of(f"models: {{m: {{arch: meso4, {model[1:]}}}")
    assert message in error
    checked("models: {m: {arch: meso4, tune: head, weights: w.pt, feature_views: 2}}")


def test_losses_of_features_need_features_that_are_trained():
    (error,) = errors_of("models: {m: {arch: meso4, weights: w.pt, tune: head, uniformity: 0.5}}")
    assert "models.m.uniformity: 0.5 can't be used with tune: head" in error
    checked("models: {m: {arch: meso4, weights: w.pt, tune: norms, uniformity: 0.5, alignment: 0.1}}")


def test_a_batch_has_whole_sets_and_pairs():
    (error,) = errors_of("models: {m: {arch: meso4, batches: pairs, frames: 3, batch_size: 32}}")
    assert "models.m.batch_size: 32 can't be used with batches: pairs and frames: 3; write" in error
    checked("models: {m: {arch: meso4, batches: pairs, frames: 4, batch_size: 32}}")


@pytest.mark.parametrize(
    "augment", ["off", "{}", "{rotate: 10, flip: 0.5}", "{blur: {value: [1, 2], probability: 0.1}}"]
)
def test_an_augmentation_may_be_a_name_or_ranges(augment):
    checked(f"models: {{m: {{arch: meso4, augment: {augment}}}}}")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("{arch: meso4, fakes: false}", "models.m: fakes: false can't be used with self_blend: 0"),
        ("{arch: meso4, self_blend: 1}", "models.m: self_blend: 1 makes fakes of all real images"),
        (
            "{arch: meso4, self_blend: 0.5, self_blend_source: neighbour}",
            "models.m: self_blend_source: neighbour needs landmarks; write self_blend_landmarks: five, or 68",
        ),
    ],
)
def test_blends_that_cannot_be_made_are_an_error(model, message):
    (error,) = errors_of(f"models: {{m: {model}}}")
    assert message in error


def test_models_may_learn_from_reals_alone():
    model = "{arch: meso4, self_blend: 1, fakes: false, self_blend_landmarks: 68}"
    assert checked(f"models: {{m: {model}}}")["models"]["m"]["self_blend_landmarks"] == 68
