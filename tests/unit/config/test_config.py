"""The configuration: complete defaults, and errors that name the key, the value and what to write."""

import copy
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from deepfake.config.check import (
    archive_paths,
    check_config,
    dataset_section,
    faces_section,
    frames_section,
    index_section,
    label_paths,
)
from deepfake.errors import UserError

ROOT = Path(__file__).resolve().parents[3]
DEFAULTS = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
SCHEMA = yaml.safe_load((ROOT / "rules" / "config.schema.yaml").read_text(encoding="utf-8"))

SHA = "a1" * 32


def laid_over(text: str) -> dict:
    """The default config with another one laid over it, as Snakemake does for --configfile."""
    config = copy.deepcopy(DEFAULTS)
    update_config(config, yaml.safe_load(text) or {})
    return config


def checked(text: str = "") -> dict:
    config = laid_over(text)
    check_config(config, SCHEMA)
    return config


def refusal(text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        checked(text)
    return str(caught.value).split("\n  ")[1:]


def test_the_default_config_passes_as_it_is():
    nulls = "{max_videos: null, label_files: null, columns: null}"
    media = "{folder: null, list: null, model: null, crops: false, corpus: null}"
    assert checked() == laid_over(
        f"{{corpora: {{demo: {nulls}, demo_ffpp: {nulls}}}, media: {{demo: {media}}}}}"
    )


@pytest.mark.parametrize("section", ["", "frames", "faces", "datasets", "limits"])
def test_every_key_of_the_schema_stands_in_the_default_config(section):
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
        ("corpora: {x: {folder: /data}}", "corpora.x:", "'layout'", "how the collection is laid out"),
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
            "no name that results/ holds already",
        ),
        (
            "datasets: {index: {corpora: [demo]}}",
            "datasets:",
            "'index'",
            "no name that results/ holds already",
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
        ("datasets: {dataset_2gb: {splits: {train: 1}}}", ".splits:", "'val': 0.15", "that add up to 1"),
        (
            "datasets: {d: {corpora: [demo], splits: {val: 1}}}",
            "datasets.d.splits:",
            "'train'",
            "part to train on",
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
            "column with the label",
        ),
        ("corpora: {demo: {label_files: a.txt}}", "corpora.demo.label_files:", "'a.txt'", "a list"),
        ("frames: {boost: 0}", "frames.boost:", "0 ", "from 1 to 1000"),
        ("seed: -1", "seed:", "-1 ", "a whole number from 0"),
        ("limits: {ratio: .inf}", "limits.ratio:", "inf ", "a finite number"),
        ("sed: 1", "the configuration:", "'sed'", "the keys are seed,"),
    ],
)
def test_an_error_names_key_value_and_remedy(text, key, value, remedy):
    (line,) = refusal(text)
    assert key in line.split(" ")[0] or line.startswith(key), line
    assert value in line and remedy in line, line


def test_all_errors_come_at_once():
    assert len(refusal("{frames: {count: 0, quality: 101}, faces: {size: 1}, seed: x}")) == 4


def test_a_section_that_lacks_keys_is_told_what_they_are():
    config = laid_over("")
    del config["frames"]["count"], config["frames"]["every"]
    with pytest.raises(
        UserError, match=r"frames: missing 'count', 'every'; write count: uniform, random: frames a"
    ):
        check_config(config, SCHEMA)


def test_an_overlay_changes_only_what_it_says_and_gets_the_defaults():
    config = checked("datasets: {mine: {corpora: [demo]}, dataset_2gb: {size_mb: null}}")
    assert config["datasets"]["mine"] == {**DEFAULTS["datasets"]["dataset_2gb"], "corpora": ["demo"]}
    assert config["datasets"]["dataset_2gb"]["size_mb"] is None
    assert config["frames"] == DEFAULTS["frames"]


def test_a_corpus_may_override_frames_and_faces():
    config = checked("corpora: {demo: {frames: {strategy: fractions}, faces: {margin: 2, search: track}}}")
    assert frames_section(config, "demo")["strategy"] == "fractions"
    assert frames_section(config, "demo_ffpp")["strategy"] == "uniform"
    assert faces_section(config, "demo")["margin"] == 2
    assert faces_section(config, "demo_ffpp")["margin"] == 1.3


@pytest.mark.parametrize("key", ["every: 7", "max: null", "at: [1/5]"])
def test_an_unused_key_of_frames_changes_nothing(key):
    assert frames_section(checked(f"frames: {{{key}}}"), "demo") == frames_section(checked(), "demo")
    assert index_section(checked(f"frames: {{{key}}}"), "demo") == index_section(checked(), "demo")


@pytest.mark.parametrize("key", ["count: 7", "boost: 1"])
def test_the_number_of_frames_is_the_indexs(key):
    assert frames_section(checked(f"frames: {{{key}}}"), "demo") == frames_section(checked(), "demo")
    assert index_section(checked(f"frames: {{{key}}}"), "demo") != index_section(checked(), "demo")
    other = "strategy: fractions"
    one, two = (checked(f"frames: {{{text}}}") for text in (other, f"{other}, {key}"))
    assert index_section(one, "demo") == index_section(two, "demo")


@pytest.mark.parametrize("key", ["quality: 60", "format: png"])
def test_a_used_key_of_frames_changes_its_section(key):
    assert frames_section(checked(f"frames: {{{key}}}"), "demo") != frames_section(checked(), "demo")


def test_frames_depend_on_the_seed_only_where_they_are_drawn():
    for strategy, depends in (("uniform", False), ("random", True)):
        one, two = (checked(f"{{seed: {s}, frames: {{strategy: {strategy}}}}}") for s in (1, 2))
        assert (frames_section(one, "demo") != frames_section(two, "demo")) == depends


def test_crops_depend_on_their_size_and_format_alone():
    section = faces_section(
        checked("faces: {detector: none, margin: 2, search: track, max_faces: 1}"), "demo"
    )
    assert section == {"detector": "none", "format": "jpg", "quality": 95, "size": 224}


@pytest.mark.parametrize("key", ["min_score: 0.9", "model: x.onnx", f"sha256: {SHA}", "recount: 5"])
def test_an_unused_key_of_faces_changes_nothing(key):
    assert faces_section(checked(f"faces: {{{key}}}"), "demo") == faces_section(checked(), "demo")


def test_quality_of_a_png_changes_nothing():
    one, two = (
        checked(f"{{frames: {{format: png, quality: {q}}}, faces: {{format: png, quality: {q}}}}}")
        for q in (60, 90)
    )
    assert frames_section(one, "demo") == frames_section(two, "demo")
    assert faces_section(one, "demo") == faces_section(two, "demo")


def test_sections_of_index_and_dataset_hold_what_they_depend_on():
    config = checked("corpora: {demo: {max_videos: 3}}")
    section = index_section(config, "demo")
    own = {"layout": "dfdc", "max_videos": 3, "columns": None, "frames": {"count": 10, "boost": 8}}
    assert section == own | {k: config[k] for k in ("seed", "shard_size", "limits")}
    assert dataset_section(config, "dataset_2gb")["seed"] == config["seed"]


def test_archive_patterns_become_sorted_paths_and_keep_what_fits_nothing(tmp_path):
    for name in "ba":
        (tmp_path / f"{name}.zip").touch()
    wanted = [f"{tmp_path}/*.zip", f"{tmp_path}/a.zip", f"{tmp_path}/none*.zip"]
    assert archive_paths({"archives": wanted}) == [f"{tmp_path}/{name}.zip" for name in ("a", "b", "none*")]


def test_label_files_become_sorted_paths_and_one_that_fits_nothing_is_named(tmp_path):
    for name in "ba":
        (tmp_path / f"{name}.txt").touch()

    def paths(*patterns):
        return label_paths({"corpora": {"x": {"label_files": patterns or None}}}, "x")

    assert paths(f"{tmp_path}/*.txt", f"{tmp_path}/a.txt") == [f"{tmp_path}/a.txt", f"{tmp_path}/b.txt"]
    assert paths() == []
    with pytest.raises(UserError, match=r"corpora\.x\.label_files: '.*/c\*\.txt' fits no file"):
        paths(f"{tmp_path}/a.txt", f"{tmp_path}/c*.txt")
