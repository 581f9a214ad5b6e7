"""The tables of wins: who is better than whom, the same from both sides, and what the page says of it."""

import json
import re
import shutil
from pathlib import Path

import pytest
from made.report import inputs, make_results, plain, write

from deepfake.errors import UserError
from deepfake.evaluation.significance import SCORES
from deepfake.pages.summary import page
from deepfake.pages.summary_inputs import read_summary
from deepfake.pages.summary_wins import wins


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return make_results(tmp_path_factory.mktemp("report"))


def test_a_pair_is_shown_from_both_sides(results):
    summary = read_summary(**inputs(results, significance=True))
    found = wins(summary)
    assert found["names"] == ["b", "a"] and found["units"] == "12 people"
    rows = {
        row["score"]: row for row in summary.significance["pairs"][0]["tests"] if row["test"] == "bootstrap"
    }
    for table, score in zip(found["tables"], SCORES, strict=True):
        (_, one), (other, _) = (row["cells"] for row in table["rows"])
        expected = {"f1_macro": ("tie", "tie", None), "roc_auc": ("win", "loss", "b")}[score]
        assert (one["result"], other["result"], rows[score]["better"]) == expected
        assert one["difference"] == -other["difference"] == -rows[score]["difference"] > 0
        assert one["p"] == other["p"] == rows[score]["p_holm"]
        assert (one["delong"] is None) == (score == "f1_macro")
    assert found["counts"]["b"] == {"f1_macro": "0 / 1 / 0", "roc_auc": "1 / 0 / 0"}
    assert found["counts"]["a"] == {"f1_macro": "0 / 1 / 0", "roc_auc": "0 / 0 / 1"}


def test_the_page_shows_wins_in_the_leader_table_and_in_tables_of_their_own(results):
    html = page(read_summary(**inputs(results, significance=True)))
    text = plain(html)
    assert "Which model is better" in text
    assert "b (chosen) meso4, 27,977 parameters F1 0 / 1 / 0, AUC 1 / 0 / 0" in text
    assert [html.count(f'<td class="number {kind}') for kind in ("win", "loss", "tie")] == [1, 1, 2]
    assert "▲ +0.208 p 0.020 DeLong 0.036" in text and "▼ −0.208 p 0.020 DeLong 0.036" in text
    assert "from 200 bootstrap rounds over 12 people, the same ones for both models" in text


def test_without_comparisons_there_is_no_such_table(results):
    assert "Which model is better" not in plain(page(read_summary(**inputs(results))))


def test_what_could_not_be_compared_says_why(tmp_path):
    html = page(read_summary(**inputs(make_results(tmp_path, test=False), significance=True)))
    assert "There is no test set, so that models can't be compared." in plain(html)
    assert "▲" not in html and "F1 –, AUC –" in plain(html)


@pytest.mark.parametrize(
    ("content", "message"),
    [({"pairs": []}, "missing key note"), (None, "does not exist")],
    ids=["key", "missing"],
)
def test_a_file_that_is_missing_or_invalid_is_named(results, tmp_path, content, message):
    copy = Path(shutil.copytree(results, tmp_path / "results"))
    path = copy / "report/significance.json"
    path.unlink()
    if content:
        write(path, content)
    with pytest.raises(UserError, match=re.escape(f"significance.json{': ' if content else ' '}{message}")):
        read_summary(**inputs(copy, significance=True))


def test_a_model_without_comparisons_has_dashes(results, tmp_path):
    copy = Path(shutil.copytree(results, tmp_path / "results"))
    path = copy / "report/significance.json"
    content = json.loads(path.read_text())
    content["models"], content["pairs"] = content["models"][:1], []
    write(path, content)
    found = wins(read_summary(**inputs(copy, significance=True)))
    assert found["counts"]["b"] == dict.fromkeys(SCORES) and found["counts"]["a"]["roc_auc"] == "0 / 0 / 1"
    cells = [cell for table in found["tables"] for row in table["rows"] for cell in row["cells"]]
    assert cells == [None] * 8
