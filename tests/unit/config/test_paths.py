"""Paths of the configuration: which keys hold them, how they are expanded, and what patterns match."""

import os
import re

import pytest
from made.config import SCHEMA, checked

from deepfake.config.paths import PATH_KEYS, archive_paths, label_paths, variables_in_paths
from deepfake.errors import UserError

CORPUS = "corpora: {{mine: {{layout: imagefolder, {}}}}}"


def keys_of_paths(schema: dict, key: str = ""):
    """Yield each key whose description in the schema says that it holds a path."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    children = dict(schema.get("properties", {}))
    if inner_schema := schema.get("additionalProperties") or schema.get("items"):
        children["*"] = inner_schema
    for name, sub in children.items():
        inner = f"{key}.{name}".lstrip(".")
        is_text = "string" in sub.get("type", [])
        if is_text and any(word in sub.get("description", "") for word in ("path", "folder", ".sif")):
            yield re.sub(r"^(submissions|containers)\.\w+", r"\1.*", inner)
        yield from keys_of_paths(sub, inner)


def test_every_path_of_the_schema_is_expanded():
    described = set(keys_of_paths(SCHEMA))
    names = {"corpora.*.columns.table", "corpora.*.columns.path"}  # inside the collection
    assert described - names == set(PATH_KEYS)


def test_home_and_variables_are_expanded_in_every_section(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SCRATCH", "/scratch")
    config = checked("""
corpora:
  a: {layout: imagefolder, folder: ~/images, faces: {model: $SCRATCH/yunet.onnx}}
  b: {layout: dfdc, archives: ["$SCRATCH/*.zip", "/plain.zip"], label_files: ["${SCRATCH}_2/l.csv"]}
faces: {model: ~/yunet.onnx}
datasets: {d: {corpora: [a], same_identity: ~/pairs.csv}}
models:
  one: {arch: "hf/~/vit", image_size: 224, weights: $SCRATCH/w.pt}
  two: {arch: torchvision/resnet18, weights: IMAGENET1K_V1}
media: {m: {list: ~/list.txt, model: "~/best.pt"}}
submissions:
  prediction: {list: ~/l.txt, folder: $SCRATCH/images}
  submission: {sample: ~/s.csv, archives: ["~/*.zip"]}
containers: {media: ~/media.sif}
""")
    home = str(tmp_path)
    assert config["corpora"]["a"]["folder"] == f"{home}/images"
    assert config["corpora"]["a"]["faces"]["model"] == "/scratch/yunet.onnx"
    assert config["corpora"]["b"]["archives"] == ["/scratch/*.zip", "/plain.zip"]
    assert config["corpora"]["b"]["label_files"] == ["/scratch_2/l.csv"]
    assert config["faces"]["model"] == f"{home}/yunet.onnx"
    assert config["datasets"]["d"]["same_identity"] == f"{home}/pairs.csv"
    assert config["models"]["one"]["arch"] == f"hf/{home}/vit"
    assert config["models"]["one"]["weights"] == "/scratch/w.pt"
    assert config["models"]["two"]["weights"] == "IMAGENET1K_V1"
    assert config["media"]["m"]["list"] == f"{home}/list.txt"
    assert config["media"]["m"]["model"] == f"{home}/best.pt"
    assert config["submissions"]["prediction"]["folder"] == "/scratch/images"
    assert config["submissions"]["submission"]["archives"] == [f"{home}/*.zip"]
    assert config["containers"]["media"] == f"{home}/media.sif"


def test_a_variable_that_is_not_set_and_an_unknown_user_are_errors_that_name_the_key():
    with pytest.raises(UserError) as caught:
        checked(CORPUS.format("archives: ['$NOT_SET_1/${NOT_SET_2}.zip', '~no-such-user/a.zip']"))
    text = str(caught.value)
    assert "corpora.mine.archives: $NOT_SET_1/${NOT_SET_2}.zip: the environment has no $NOT_SET_1" in text
    assert "export it" in text and "corpora.mine.archives: ~no-such-user/a.zip: no user has " in text


def test_a_path_of_windows_is_an_error_in_every_section():
    with pytest.raises(UserError) as caught:
        checked(r"""
corpora:
  a: {layout: imagefolder, folder: 'C:\Data\ff', faces: {model: D:/yunet.onnx}}
  b: {layout: dfdc, archives: ['d:\*.zip'], label_files: [C:/l.csv]}
datasets: {d: {corpora: [a], same_identity: 'C:\pairs.csv'}}
models:
  one: {arch: 'hf/C:\vit', image_size: 224, weights: 'C:\w.pt'}
media: {m: {list: 'C:\list.txt', model: 'C:/best.pt'}}
submissions: {prediction: {list: 'C:\l.txt', folder: '\\nas\faces\test'}}
""")
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == 11 and all("under WSL " in line for line in lines)
    assert "  corpora.b.archives: d:\\*.zip: this is a path of Windows; under WSL write /mnt/d/*.zip" in lines


def test_a_path_that_exists_as_written_is_not_expanded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/elsewhere")
    for name in ("~", "a$HOME", "it costs $5", "C:/a"):
        (tmp_path / name).mkdir(parents=True)
        assert checked(CORPUS.format(f"folder: '{name}'"))["corpora"]["mine"]["folder"] == name


def test_a_dollar_sign_without_a_name_stays():
    assert checked(CORPUS.format("folder: /a$/b"))["corpora"]["mine"]["folder"] == "/a$/b"


def test_a_name_with_a_hyphen_in_front_is_no_option(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert checked(CORPUS.format("folder: -x"))["corpora"]["mine"]["folder"] == f"{tmp_path}/-x"


def test_a_null_character_is_an_error_that_names_the_key():
    with pytest.raises(UserError, match=r"corpora\.mine\.folder: 'a\\x00b' can't be used"):
        checked(CORPUS.format('folder: "a\\0b"'))


def test_variables_that_jobs_elsewhere_need_are_those_of_paths(monkeypatch):
    monkeypatch.setenv("SCRATCH", "/scratch")
    config = {"corpora": {"mine": {"archives": ["$SCRATCH/a.zip", "$NOT_SET_1/b.zip"]}}, "seed": "$HOME"}
    assert variables_in_paths(config) == {"SCRATCH"}


def test_malformed_sections_have_no_paths():
    for config in ({"corpora": None}, {"corpora": {"a": [1]}}, {"media": "x"}, {"faces": {"model": 3}}, {}):
        assert variables_in_paths(config) == set()


def test_archive_patterns_become_sorted_paths_or_stay_if_they_match_nothing(tmp_path):
    for name in "ba":
        (tmp_path / f"{name}.zip").touch()
    wanted = [f"{tmp_path}/*.zip", f"{tmp_path}/a.zip", f"{tmp_path}/none*.zip"]
    assert archive_paths({"archives": wanted}) == [f"{tmp_path}/{name}.zip" for name in ("a", "b", "none*")]


def test_an_archive_whose_name_looks_like_a_pattern_is_found(tmp_path):
    for name in ("part[1].zip", "part1.zip"):
        (tmp_path / name).touch()
    assert archive_paths({"archives": [f"{tmp_path}/part[1].zip"]}) == [f"{tmp_path}/part[1].zip"]


def test_label_files_become_sorted_paths(tmp_path):
    for name in "ba":
        (tmp_path / f"{name}.txt").touch()
    wanted = [f"{tmp_path}/*.txt", f"{tmp_path}/a.txt"]
    assert label_paths({"label_files": wanted}) == [f"{tmp_path}/a.txt", f"{tmp_path}/b.txt"]
    assert label_paths({"label_files": None}) == []
    assert label_paths({"label_files": [f"{tmp_path}/c*"]}) == [os.path.join(tmp_path, "c*")]
