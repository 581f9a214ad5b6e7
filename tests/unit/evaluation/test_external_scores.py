"""Scores of a detector made elsewhere: which image each is of, what is missing, and tables that are wrong."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made.programs import run_program

from deepfake.errors import UserError
from deepfake.evaluation import external_scores
from deepfake.evaluation.external_scores import (
    NO_SCORE,
    UNKNOWN_NAME,
    ScoreTable,
    match_scores,
    predictions_of,
    read_scores,
    wrong_way_round,
)
from deepfake.evaluation.predictions import OPTIONAL, PREDICTIONS, read_predictions
from deepfake.tables import METADATA

# corpus, video, method, label, split
VIDEOS = [
    ("a", "v1", "", 0, "test"),
    ("a", "v2", "swap", 1, "test"),
    ("a", "v2", "neural", 1, "test"),
    ("b", "v1", "", 0, "val"),
    ("b", "v3", "swap", 1, "val"),
    ("b", "v4", "", 0, "train"),
]


def metadata(frames: int = 2) -> pd.DataFrame:
    rows = []
    for corpus, video, method, label, split in VIDEOS:
        for frame in range(frames):
            name = f"{split}/{'real fake'.split()[label]}/{corpus}__{video}{method}__{frame}.jpg"
            known = {"file_name": name, "label": label, "corpus": corpus, "video": video, "method": method}
            rows.append(known | {"split": split, "target": f"a/{video}", "group": ""})
    return (
        pd.DataFrame(rows)
        .reindex(columns=METADATA, fill_value="")
        .sort_values("file_name", ignore_index=True)
    )


def write(path, text: str):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def of_images(tmp_path, lines: dict[str, object], header: str = "image,probability") -> ScoreTable:
    text = "\n".join([header, *(f"{name},{score}" for name, score in lines.items())])
    return read_scores(write(tmp_path / "theirs.csv", text))


def test_images_are_named_by_path_or_by_file_name(tmp_path):
    rows = metadata()
    names = rows["file_name"].tolist()
    lines = {names[0]: 0.1, f"/data/x/{names[1]}": 0.2, names[2].split("/")[-1]: 0.3}
    lines[names[3].replace("/", "\\")] = 0.4
    places = match_scores(of_images(tmp_path, lines), rows)
    assert places.tolist() == [0, 1, 2, 3] + [-1] * (len(names) - 4)


def test_a_score_of_a_video_counts_for_each_of_its_images(tmp_path):
    text = "Video;Score;corpus;Method\nv1.mp4;0.25;a;\nv1;0.5;b;\nv2;0.75;a;swap\nv2;1;a;neural\nnew;0;a;\n"
    table = read_scores(write(tmp_path / "theirs.csv", text))
    predictions, unmatched, facts = predictions_of(table, metadata(3))
    test = predictions["test"].groupby(["video", "method"])["probability"].agg(["min", "max", "size"])
    assert test.loc[("v1", "")].tolist() == [0.25, 0.25, 3]
    assert test.loc[("v2", "swap")].tolist() == [0.75, 0.75, 3]
    assert predictions["val"]["video"].tolist() == ["v1"] * 3  # v3 has no score, and is left out of val
    problems = unmatched.groupby("problem")["name"].size()
    assert problems.to_dict() == {NO_SCORE: 3, UNKNOWN_NAME: 1} and facts["unknown"] == 1
    assert facts["splits"] == {"val": {"images": 6, "without": 3}, "test": {"images": 9, "without": 0}}


@pytest.mark.parametrize("missing, probability", [("chance", 0.5), ("real", 0.0), ("fake", 1.0)])
def test_what_is_missing_is_counted_as_asked_and_named(tmp_path, missing, probability):
    rows = metadata()
    test = rows["file_name"][rows["split"] == "test"].tolist()
    table = of_images(tmp_path, {test[0]: 0.9, test[1]: "", test[2]: "nan"})
    predictions, unmatched, facts = predictions_of(table, rows, missing)
    assert set(predictions["test"]) == set(PREDICTIONS) - set(OPTIONAL) and predictions["val"].empty
    assert predictions["test"].set_index("image")["probability"].to_dict() == {
        name: 0.9 if name == test[0] else probability for name in test
    }
    assert sorted(unmatched["name"]) == sorted(
        name for name in rows["file_name"][rows["split"] != "train"] if name != test[0]
    )
    assert facts["splits"]["test"] == {"images": 6, "without": 5} and facts["missing"] == missing


def test_logits_become_probabilities(tmp_path):
    table = read_scores(
        write(tmp_path / "a.csv", "image,score\na,0\nb,-1000\nc,1e308\nd,-inf\ne,2\n"), "logit"
    )
    assert table.rows["probability"].tolist() == [0.5, 0.0, 1.0, 0.0, pytest.approx(1 / (1 + np.exp(-2)))]


@given(st.floats(-800, 800), st.floats(-800, 800))
def test_logits_keep_their_order(a, b):
    one, other = sorted([a, b])
    assert 0 <= external_scores._logistic(one) <= external_scores._logistic(other) <= 1


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "has no column image or video"),
        ("name,score\na,1\n", "has no column image or video"),
        ("image,value\na,1\n", "has no column probability or score"),
        ("image,score\n", "has no scores"),
        ("image,score\na,1\nb\n", "line 3: it has 1 cells, and the header 2"),
        ("image,score\na,much\n", "line 2: the score 'much' is no number"),
        ("image,score\na,3.5\n", "line 2: the score 3.5 is no probability .* scale: logit"),
        ("image,score\na,-1e-9\n", "line 2: the score -1e-9 is no probability"),
        ("image,score\n ,1\n", "line 2: it names no image"),
        (f"image,score\n{'a' * 5000},1\n", "line 2: it names no image"),
        (f'image,score\n"{"a" * 200_000}",1\n', "line 2: field larger than"),
        (b"PK\x03\x04", "Excel"),
        (b"image,score\n\0\xff\xfe,1\n", "theirs.csv"),
    ],
)
def test_a_table_that_is_wrong_is_an_error_that_names_file_and_line(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read_scores(write(tmp_path / "theirs.csv", text))


def test_no_more_than_the_limit_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(external_scores, "MAX_BYTES", 20)
    with pytest.raises(UserError, match="more than 20 bytes"):
        read_scores(write(tmp_path / "theirs.csv", "image,score\n" + "a,1\n" * 10))
    with pytest.raises(UserError, match="can't be read"):
        read_scores("/dev/zero")


def test_what_is_named_twice_or_means_several_is_an_error(tmp_path):
    rows = metadata()
    name = rows["file_name"].iloc[0]
    with pytest.raises(UserError, match=r"lines 2 and 3 are of the same image"):
        match_scores(of_images(tmp_path, {name: 0.1, name.split("/")[-1]: 0.1}), rows)
    with pytest.raises(UserError, match=r"line 2: 'v2' is the name of 2 videos; add the columns"):
        match_scores(of_images(tmp_path, {"v2": 0.1}, "video,probability"), rows)
    with pytest.raises(UserError, match="no score for any image of the test split: its first name is 'x'"):
        predictions_of(of_images(tmp_path, {"x": 0.1}), rows)


def test_scores_of_real_are_noticed(tmp_path):
    rows = metadata()
    lines = {name: 0.9 - 0.5 * label for name, label in zip(rows["file_name"], rows["label"], strict=True)}
    assert wrong_way_round(predictions_of(of_images(tmp_path, lines), rows)[0])
    lines = {name: 1 - score for name, score in lines.items()}
    assert not wrong_way_round(predictions_of(of_images(tmp_path, lines), rows)[0])


def test_the_program_writes_predictions_that_evaluate_reads(tmp_path, caplog, capsys):
    rows = metadata()
    (tmp_path / "small").mkdir()
    rows.to_csv(tmp_path / "small/metadata.csv", index=False)
    of_images(tmp_path, {name: 0.2 for name in rows["file_name"][2:]} | {"=gone": 1})
    names = "test val unmatched".split()
    outputs = [f"--output-{name}={tmp_path / name}.csv" for name in names]
    table = ["--table", str(tmp_path / "theirs.csv"), "--dataset", str(tmp_path / "small")]
    assert not run_program("import_scores.py", *table, *outputs, "--output-facts", tmp_path / "facts.json")
    found = {name: (tmp_path / f"{name}.csv").read_text().splitlines() for name in names}
    assert len(found["test"]) == 7 and len(found["val"]) == 5
    assert (
        found["unmatched"][0] == "name,split,line,problem"
        and "'=gone,,12,not in the dataset" in found["unmatched"]
    )
    assert json.loads((tmp_path / "facts.json").read_text())["scale"] == "probability"
    assert "4 of 6 images have a score" in capsys.readouterr().out
    assert read_predictions(tmp_path / "test.csv")["probability"].tolist() == [0.5] * 2 + [0.2] * 4
