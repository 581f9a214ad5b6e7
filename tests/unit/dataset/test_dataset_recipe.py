"""recipe.yaml and CITATION.cff: YAML without a library, no path, the same settings again; the RO-Crate."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from made.config import SCHEMA, checked, updated
from made.planned import CFG, STEPS, make_dataset
from rocrate.rocrate import ROCrate

from deepfake.config.check import check_config
from deepfake.config.recipe import recipe_settings
from deepfake.config.sections import dataset_section
from deepfake.dataset.recipe import citation_cff, frames_factors, mapping_as_yaml, recipe_yaml

MADE = {"digest": "ab" * 32, "code": {"frames": "5f"}, "versions": {"av": "18.1.0"}}
OWN = """
seed: 7
corpora:
  mine: {layout: faceforensics, folder: /secret/ff, label_files: [/secret/a.json], frames: {count: 3}}
  more:
    {layout: csv, archives: [/secret/b.zip], columns: {path: p, label: l}, faces: {detector: [dlib, yunet]}}
faces: {model: /secret/yunet.onnx, sha256: SHA, margin: 1.00001}
datasets:
  d: {corpora: [more, mine], same_identity: /secret/pairs.csv, stratify: [sex], size_mb: null}
""".replace("SHA", "0a" * 32)
texts = st.text(max_size=6)
scalars = st.none() | st.booleans() | st.integers() | texts | st.floats(allow_nan=False, allow_infinity=False)
lists = st.lists(scalars | st.lists(scalars, max_size=2), max_size=3)
mappings = st.recursive(
    st.dictionaries(texts, scalars | lists, max_size=3),
    lambda inner: st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(value=mappings)
def test_a_mapping_is_yaml_that_reads_as_the_same(value):
    assert yaml.safe_load("\n".join(mapping_as_yaml(value)) or "{}") == value


def test_a_recipe_is_a_config_without_a_path_that_gives_the_same_settings():
    config = checked(OWN)
    text = recipe_yaml("d", recipe_settings(config, "d"), MADE, {"mine": {"fake": 1, "real": 4}})
    assert "secret" not in text
    asked = [
        line for line in text.splitlines() if line.startswith("#     corpora.") or "published with" in line
    ]
    assert [line.split(":")[0] for line in asked] == [
        "#     corpora.more.folder or .archives",
        "#     corpora.more.faces.model",
        "#     corpora.mine.folder or .archives",
        "#     corpora.mine.label_files",
        "#     datasets.d.same_identity",
    ]
    elsewhere = updated("faces: {margin: 3, masks: true}\nframes: {count: 1, strategy: random}\nseed: 1")
    recipe = yaml.safe_load(text)
    elsewhere["corpora"] |= recipe["corpora"]
    elsewhere["datasets"] |= recipe["datasets"]
    elsewhere["seed"] = recipe["seed"]
    elsewhere["faces"]["model"] = "/z.onnx"
    elsewhere["corpora"]["mine"] |= {"folder": "/x"}
    elsewhere["corpora"]["more"] |= {"folder": "/y"}
    check_config(elsewhere, SCHEMA)
    here, there = (recipe_settings(each, "d") for each in (config, elsewhere))
    assert elsewhere["corpora"]["mine"]["frames_factor"] == {"fake": 1, "real": 4}
    assert here["config"]["datasets"] == there["config"]["datasets"] and here["steps"] == there["steps"]
    assert here["fractions"] == there["fractions"] == {"train": 0.8, "val": 0.15, "test": 0.05}
    one, other = dataset_section(config, "d"), dataset_section(elsewhere, "d")
    assert other["splits"] == {"from": "splits.csv", "digest": MADE["digest"], "fractions": one["splits"]}
    assert {**one, "splits": 0} == {**other, "splits": 0}


def test_the_factors_of_an_index():
    rows = [("a", "0", "40", "10"), ("a", "1", "10", "10"), ("a", "1", "", ""), ("stills", "0", "", "")]
    index = pd.DataFrame(rows, columns=["corpus", "label", "frames_wanted", "frames_base"])
    assert frames_factors(index) == {"a": {"fake": 1, "real": 4}}


def test_the_citation_names_digest_versions_and_papers():
    rows = pd.DataFrame({"corpus": ["a", "a", "b"], "video": ["v", "v", "v"]})
    citation = yaml.safe_load(citation_cff("d", MADE, rows, CFG))
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "dataset"
    assert citation["identifiers"][0]["value"] == f"sha256:{MADE['digest']}"
    assert "3 images of 2 videos from a, b, made with av 18.1.0" in citation["abstract"]
    workflow, paper = citation["references"]
    assert workflow["title"] == yaml.safe_load((ROOT / "CITATION.cff").read_text())["title"]
    assert paper["authors"] == [{"name": "Rössler et al."}] and paper["title"].startswith("FaceForensics++")
    assert all({"type", "title", "authors"} <= reference.keys() for reference in citation["references"])


@pytest.fixture
def crate(tmp_path) -> Path:
    """A folder of reports with an RO-Crate."""
    folder, plan = make_dataset(tmp_path)
    videos = plan[["corpus", "video"]].drop_duplicates()
    for corpus, part in videos.groupby("corpus"):
        index = part.assign(
            archive="/secret/x.zip", member=part["video"] + ".mp4", bytes="1", crc32="2", reason=""
        )
        (tmp_path / "index" / corpus).mkdir(parents=True)
        index.to_csv(tmp_path / "index" / corpus / "videos.csv", index=False)
    steps = json.loads(json.dumps(STEPS))
    steps["a"]["faces"] |= {"model": "/secret/yunet.onnx", "sha256": "12"}
    splits = {"train": {"real": {"images": 4}}}
    (tmp_path / "d.json").write_text(json.dumps({"steps": steps, "images": 4, "splits": splits}))
    reports = tmp_path / "reports"
    reports.mkdir()
    options = []
    for option, name in {
        "splits": "splits.csv", "recipe": "recipe.yaml", "citation": "CITATION.cff",
        "audit": "audit.json", "attrition": "attrition.csv",
    }.items():  # fmt: skip
        (reports / name).write_text(name)
        options += [f"--{option}", reports / name]
    command = [
        sys.executable,
        ROOT / "scripts/ro_crate.py",
        "--dataset",
        folder,
        "--results",
        tmp_path,
        *options,
    ]
    command += ["--plan-summary", tmp_path / "d.json", "--config", json.dumps(CFG)]
    command += ["--output", reports / "ro-crate-metadata.json"]
    for _ in range(2):
        subprocess.run(command, check=True, capture_output=True)
        text = (reports / "ro-crate-metadata.json").read_text()
        assert (tmp_path / "first").exists() is False or (tmp_path / "first").read_text() == text
        (tmp_path / "first").write_text(text)
    return reports


def test_the_crate_is_read_again_and_says_what_was_made_of_what(crate):
    text = (crate / "ro-crate-metadata.json").read_text(encoding="utf-8")
    assert "secret" not in text and str(crate.parent) not in text and "datePublished" not in text
    read = ROCrate(crate)
    run = read.get("#run")
    assert run["instrument"]["name"].startswith("deepfake-workflow")
    assert {part["@id"] for part in run["object"]} == {"#corpus-a", "#corpus-b", "recipe.yaml"}
    assert {part["@id"] for part in run["result"]} == {
        "#dataset", "splits.csv", "CITATION.cff", "audit.json", "attrition.csv",
    }  # fmt: skip
    sums = subprocess.run(["sha256sum", crate.parent / "d/SHA256SUMS"], capture_output=True, text=True).stdout
    assert read.get("#dataset")["identifier"] == f"urn:sha256:{sums.split()[0]}"
    assert read.get("#a.faces.sha256")["value"] == "12"
    assert {part["@id"] for part in read.root_dataset["hasPart"]} == {
        path.name for path in crate.iterdir() if path.name != "ro-crate-metadata.json"
    }
    assert all(math.isfinite(float(part["contentSize"])) for part in read.root_dataset["hasPart"])
