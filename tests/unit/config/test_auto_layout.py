"""`layout: auto`: what the files tell stands in the config, and is looked for again only if they change."""

import json
import os

import pytest
from made.config import checked

from deepfake.config.auto_layout import resolve_layouts
from deepfake.config.sections import index_section
from deepfake.errors import UserError


@pytest.fixture
def stills(tmp_path):
    folder = tmp_path / "stills"
    for label in ("real", "fake"):
        (folder / label).mkdir(parents=True)
        for i in range(5):
            (folder / label / f"{i}.png").touch()
    return folder


def resolve(tmp_path, **corpus) -> dict:
    config = checked(json.dumps({"corpora": {"x": {"layout": "auto", **corpus}}}))
    resolve_layouts(config, tmp_path / "known/layouts.json")
    return config


def test_it_is_as_if_it_were_written(tmp_path, stills):
    found = resolve(tmp_path, folder=str(stills))
    written = checked(json.dumps({"corpora": {"x": {"layout": "imagefolder", "folder": str(stills)}}}))
    assert found == written
    assert index_section(found, "x") == index_section(written, "x")


def test_columns_of_a_table_too(tmp_path):
    folder = tmp_path / "faces"
    folder.mkdir()
    for i in range(6):
        (folder / f"{i}.png").touch()
    lines = [f"{i}.png,{i % 2},v{i // 2}" for i in range(6)]
    (folder / "info.csv").write_text("\n".join(["file,label,group", *lines]))
    columns = {"table": "info.csv", "path": "file", "label": "label", "real": ["0"], "fake": ["1"]}
    corpus = {"layout": "csv", "folder": str(folder), "columns": columns | {"group": "group"}}
    assert resolve(tmp_path, folder=str(folder)) == checked(json.dumps({"corpora": {"x": corpus}}))


def test_files_are_looked_at_again_only_if_they_changed(tmp_path, stills, monkeypatch):
    resolve(tmp_path, folder=str(stills))
    monkeypatch.setattr("deepfake.config.auto_layout.open_listing", None)
    resolve(tmp_path, folder=str(stills))
    os.utime(stills / "real", (1, 1))
    with pytest.raises(TypeError):
        resolve(tmp_path, folder=str(stills))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 1}'])
def test_a_damaged_file_of_known_layouts_counts_for_nothing(tmp_path, stills, text):
    (tmp_path / "known").mkdir()
    (tmp_path / "known/layouts.json").write_text(text)
    assert resolve(tmp_path, folder=str(stills))["corpora"]["x"]["layout"] == "imagefolder"


def test_it_stops_where_two_fit(tmp_path, stills):
    lines = [f"{label}/{i}.png,{number}" for label, number in (("real", 1), ("fake", 0)) for i in range(5)]
    (stills / "info.csv").write_text("\n".join(["file,label", *lines]))
    with pytest.raises(UserError, match=r"corpora\.x\.layout: .*csv \(10 of 10.*imagefolder \(10 of 10"):
        resolve(tmp_path, folder=str(stills))


def test_it_stops_where_none_fits(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/1.png").touch()
    with pytest.raises(UserError, match=r"corpora\.x\.layout: auto finds no layout.*suggest\.py"):
        resolve(tmp_path, folder=str(tmp_path / "photos"))


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(UserError, match=r"corpora\.x\.layout: .*doesn't exist; name the layout"):
        resolve(tmp_path, folder=str(tmp_path / "nothing"))


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ({"kaggle": {"competition": "a"}}, "auto can't be used with kaggle"),
        ({"folder": "x", "columns": {"path": "a", "label": "b"}}, "columns: can't be used with layout auto"),
    ],
)
def test_conflicts(corpus, message):
    with pytest.raises(UserError, match=message):
        checked(json.dumps({"corpora": {"x": {"layout": "auto", **corpus}}}))
