"""The summary page shows what the files hold, says where something is missing, and needs no other file."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made.report import EVIL, inputs, make_results, make_scores, plain, predictions, write

from deepfake.errors import UserError
from deepfake.evaluation.evaluate import evaluate
from deepfake.pages.audit import page as audit_page
from deepfake.pages.summary import count_videos, loss_warnings, losses_by_class, page
from deepfake.pages.summary_inputs import Model, read_summary
from deepfake.pages.summary_models import evaluated_split, mistakes, score


class Reader(HTMLParser):
    """The rows of a page as lists of cells' texts, all its links and sources, and all its tags."""

    def __init__(self, html: str):
        super().__init__()
        self.rows: list[list[str]] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "data")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, text):
        if self.inside:
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {text.strip()}".strip()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return make_results(tmp_path_factory.mktemp("report"))


@pytest.fixture
def copy(results, tmp_path):
    """The same results, to be changed by a test."""
    return Path(shutil.copytree(results, tmp_path / "results"))


@pytest.fixture(scope="module")
def html(results):
    return page(read_summary(**inputs(results, cross=True), config={"seed": 42}))


def edit(path: Path, change) -> None:
    found = json.loads(path.read_text())
    change(found)
    write(path, found)


def test_models_are_sorted_by_validation_score_and_have_their_scores(results, html):
    summary = read_summary(**inputs(results))
    assert [model.name for model in summary.models] == ["b", "a"]
    rows = [row for row in Reader(html).rows if row and row[0].startswith(("b (chosen)", "a meso4"))]
    assert [row[0] for row in rows] == ["b (chosen) meso4, 27,977 parameters", "a meso4, 27,977 parameters"]
    found = json.loads((results / "reports/small/b/metrics.json").read_text())["splits"]["test"]["video"]
    f1 = found["metrics"]["f1_macro"]
    assert rows[0][1:4] == ["0.910", "video", f"{f1['value']:.3f} {f1['low']:.3f} to {f1['high']:.3f}"]
    assert rows[0][8:] == ["3 best: 3", "92"]  # epochs, and the median of 91, 92, 93 images a second


def test_a_model_with_attention_over_frames_has_a_third_row_and_column(copy):
    def pool(metrics: dict) -> None:
        results = metrics["splits"]["test"]
        results["pooled"] = json.loads(json.dumps(results["video"]))
        results["pooled"]["metrics"]["roc_auc"]["value"] = 0.987
        metrics["threshold"]["pooled"] = 0.654

    edit(copy / "reports/small/b/metrics.json", pool)
    html = page(read_summary(**inputs(copy)))
    rows, text = Reader(html).rows, plain(html)
    first = next(number for number, row in enumerate(rows) if row and row[0].startswith("b (chosen)"))
    assert [row[0] for row in rows[first + 1 : first + 3]] == ["pooled", "frame"]
    assert rows[first + 1][3].startswith("0.987") and rows[first + 1][-1] == "0.654"
    assert html.count('rowspan="3"') == 4
    assert ["", "videos", "videos, pooled", "frames"] in rows
    assert "is fake from 0.654." in text


def test_the_top_names_model_scores_dataset_and_audit(results, html):
    text = plain(html.split("<nav>")[0])
    frame = score(read_summary(**inputs(results)).chosen, "frame", "f1_macro")
    interval = f"95% confidence interval {frame['low']:.3f} to {frame['high']:.3f}"
    assert "Deepfake detection on small" in text and "b was chosen, the best of 2 models" in text
    assert f"{frame['value']:.3f} ({interval}) for frames" in text
    assert "The test set has only 24 videos, so the scores are rough." in text
    assert "Audit of the dataset: passed." in text


def test_losses_are_summed_over_methods(results, html):
    losses = read_summary(**inputs(results)).losses
    fake, real = losses_by_class(losses).to_dict("records")
    assert fake == {
        "corpus": "one",
        "class": "fake",
        "videos": 35,
        "videos_kept": 34,
        "images": 340,
        "images_kept": 307,
        "duplicates": 4,
        "faces": 29,
    }
    assert (real["images"], real["images_kept"], real["faces"], real["duplicates"]) == (380, 296, 0, 84)
    assert loss_warnings(losses) == ["FaceSwap loses 40 %", "fakes lose more"]
    assert "<li>fakes lose more</li>" in html
    assert ["one", "real", "19 of 19", "296 of 380", "78%", "–", "84"] in Reader(html).rows


def test_dataset_audit_cross_and_settings_are_shown(html):
    text, rows = plain(html), Reader(html).rows
    assert "1,234 images of 144 videos, 6.0 MB" in text and "methods: Deepfakes." in text
    assert ["✓ passed", "people", "–", "Nobody is in two splits."] in rows
    assert ["b", "small", "small", "96", "24", "0", "0.850", "0.950", "0.812", "0.900"] in rows
    assert ["b", "small", "big", "0", "0", "96", "–", "–", "–", "–"] in rows
    assert ["Versions", "numpy 2.4.0, torch 2.15.0"] in rows and ["Seed", "42"] in rows
    assert '"lr": 0.001' in text and "Other datasets" in text
    assert any(row[0] == "one/Deepfakes" for row in rows if row)


def test_splits_are_ordered_train_val_test_whatever_the_order_in_the_file(results):
    audit = json.loads(
        json.dumps(json.loads((results / "reports/small/audit.json").read_text()), sort_keys=True)
    )
    assert list(audit["splits"]) == ["test", "train", "val"]
    audit["strata"] = {"sex": {"deviation": 0, "values": {"f": {"all": 1, "test": 1, "train": 1, "val": 1}}}}
    rows = Reader(audit_page(audit, {})).rows
    assert [row[0] for row in rows if row[0] in audit["splits"]] == ["train", "val", "test"]
    assert [row[-3:] for row in rows if row[-1] == "test"] == [["train", "val", "test"]] * 2


def test_intervals_from_few_people_have_a_warning(copy, html):
    assert "by bootstrap over 12 people, not" in plain(html) and "unreliable" not in plain(html)
    units = {"person": 2, "group": 1, "video": 0}
    edit(copy / "reports/small/b/metrics.json", lambda m: m["splits"]["test"].update(units=units))
    text = plain(page(read_summary(**inputs(copy))))
    assert "over 2 people and 1 group, not over frames. Intervals from fewer than 10" in text
    assert text.count("from 2 people and 1 group") == 2 + 3  # in the text at the top, and in the tiles


def test_warnings_of_the_plan_are_at_the_top(copy, html):
    assert "Warning:" not in plain(html)
    edit(inputs(copy)["plan_summary"], lambda plan: plan.update(warnings=["mine: 3 of 3 <b>\n    real: [1]"]))
    text = page(read_summary(**inputs(copy)))
    assert "<strong>Warning:</strong> mine: 3 of 3 &lt;b&gt;<br>    real: [1]</p>" in text


def test_methods_that_no_corpus_names_have_no_table(copy):
    def forget(metrics):
        split = metrics["splits"]["test"]
        split["by_method"] = {"one/unknown": split["by_method"]["one/Deepfakes"]}

    edit(copy / "reports/small/b/metrics.json", forget)
    html = page(read_summary(**inputs(copy)))
    assert "The corpora name no manipulation methods, so" in plain(html)
    assert not any(row[0] == "one/unknown" for row in Reader(html).rows if row)


def test_without_other_datasets_there_is_no_such_section(results):
    assert "Other datasets" not in page(read_summary(**inputs(results)))


def test_the_page_needs_no_other_file(html):
    reader = Reader(html)
    assert "script" not in reader.tags and "link" not in reader.tags and "url(" not in html
    kinds = {address.split(",")[0].split("#")[0] for address in reader.addresses}
    assert kinds == {"", "data:image/svg+xml;base64", "data:image/png;base64"}
    assert reader.tags.count("img") == 12


def test_texts_from_data_are_escaped(tmp_path):
    make_results(tmp_path, name=EVIL)
    edit(tmp_path / "model/choice.json", lambda c: c.update(by=EVIL))
    edit(tmp_path / "models/small/b/facts.json", lambda f: f.update(arch=EVIL))
    edit(tmp_path / "models/small/b/facts.json", lambda f: f["training"].update(note=EVIL))
    edit(tmp_path / "reports/small/audit.json", lambda a: a["checks"][0].update(text=EVIL, examples=[EVIL]))
    html = page(read_summary(**inputs(tmp_path), config={"x": EVIL}))
    assert "<script" not in html and html.count("&lt;script&gt;") >= 8


def test_a_dataset_without_a_test_set(tmp_path):
    html = page(read_summary(**inputs(make_results(tmp_path, test=False))))
    text = plain(html)
    assert "This dataset has no test set: the scores are of the validation set" in text
    assert "There is no test set." in text and "Its macro F1 on the validation set is" in text
    assert "(no interval)" in text and "Below a score" not in text


def test_a_model_of_which_nothing_was_measured(copy):
    for name in "ab":
        edit(
            copy / f"reports/small/{name}/metrics.json",
            lambda m: m.update(splits={"test": None, "val": None}),
        )
    text = plain(page(read_summary(**inputs(copy))))
    assert "nothing could be measured" in text and "no mistakes are known" in text


def test_a_metric_that_is_null_is_a_dash(copy):
    none = {"value": None, "low": None, "high": None}
    edit(
        copy / "reports/small/b/metrics.json",
        lambda m: m["splits"]["test"]["video"]["metrics"].update(roc_auc=none, f1_macro=none),
    )
    html = page(read_summary(**inputs(copy)))
    row = next(row for row in Reader(html).rows if row and row[0].startswith("b (chosen)"))
    assert row[3] == "–" and row[5] == "–" and row[4] != "–"
    assert "not defined for videos" in plain(html)


def test_mistakes_are_counted(copy):
    path = copy / "reports/small/b/metrics.json"
    edit(path, lambda m: m["splits"]["test"]["frame"]["metrics"]["accuracy"].update(value=91 / 96))
    summary = read_summary(**inputs(copy))
    assert mistakes(summary.chosen) == 5
    assert "5 of 96 images of the test set are on the wrong side" in plain(page(summary))
    edit(path, lambda m: m["splits"]["test"]["frame"]["metrics"]["accuracy"].update(value=1.0))
    assert "There are none: all 96 images of the test set" in plain(page(read_summary(**inputs(copy))))


@pytest.mark.parametrize(
    "status, text",
    [
        ("warned", "Audit of the dataset: passed, with warnings: people."),
        ("failed", "do not trust"),
        (
            "unknown",
            "Audit of the dataset: people: unknown; all other checks passed. The people of the test set",
        ),
        ("passed", "Audit of the dataset: passed; people: known for 40 % of images."),
    ],
)
def test_the_top_shows_the_status_of_the_audit(copy, status, text):
    def change(audit):
        known = {"warned": None, "unknown": 0, "passed": 0.4 * audit["images"]}.get(status)
        audit["checks"][1].update(status=status, found=3, known=known)
        audit["passed"] = status != "failed"

    edit(copy / "reports/small/audit.json", change)
    html = page(read_summary(**inputs(copy)))
    assert f'<div class="result {status}">' in html and text in plain(html)
    assert ("too good" in plain(html)) == ("unknown: people" in plain(html)) == (status == "unknown")


@pytest.mark.parametrize(
    "path, content, message",
    [
        ("reports/small/b/metrics.json", {"splits": {}}, "metrics.json: missing key threshold"),
        ("plans/small.json", "{", "small.json is not valid JSON"),
        ("models/small/a/history.json", [{"epoch": 1}], "history.json: must be a list of epochs"),
        ("reports/small/attrition.csv", "corpus,class\n", "attrition.csv: missing column method"),
        ("model/choice.json", {"chosen": "c", "by": "", "candidates": []}, "'c' is chosen"),
        ("reports/small/b/roc.svg", None, "roc.svg does not exist"),
        ("models/small/b/facts.json", None, "facts.json does not exist"),
    ],
    ids=["key", "json", "history", "column", "choice", "plot", "missing"],
)
def test_a_file_that_is_missing_or_invalid_is_named(copy, path, content, message):
    (copy / path).unlink()
    if content is not None:
        write(copy / path, content)
    with pytest.raises(UserError, match=re.escape(message)):
        read_summary(**inputs(copy))


def test_a_model_without_a_validation_score_comes_last(copy):
    edit(copy / "model/choice.json", lambda c: c.update(candidates=[{"model": "a", "f1_macro": 0.1}]))
    assert [model.name for model in read_summary(**inputs(copy)).models] == ["a", "b"]


@pytest.mark.parametrize(
    "splits, split", [({"test": None, "val": None}, None), ({"val": {"frame": {}}}, "val")]
)
def test_the_evaluated_split_is_val_where_there_is_no_test(splits, split):
    model = Model("a", {"splits": splits}, [], {}, Path(), Path(), None)
    assert evaluated_split(model) == split


def test_videos_are_counted_over_splits_and_unknown_metrics_have_no_value(results):
    summary = read_summary(**inputs(results))
    assert count_videos(summary.plan) == 144
    assert score(summary.chosen, "frame", "no such metric")["value"] is None


def test_scores_from_elsewhere_are_a_row_among_the_models_and_are_never_chosen(copy):
    best = make_scores(copy, "theirs", 9.0)
    found = read_summary(**inputs(copy), **best)
    assert [model.name for model in found.models] == ["theirs", "b", "a"] and found.chosen.name == "b"
    rows = [row for row in Reader(page(found)).rows if row[0].startswith("theirs")]
    assert (
        len(rows) == 1 and "7 of 96 test images have none, and count as 0.5; 1 line of no image" in rows[0][0]
    )
    blind = read_summary(**inputs(copy), **make_scores(copy, "blind", 9.0, val=False))
    assert [model.name for model in blind.models] == ["b", "a", "blind"]
    assert "Where the table has no scores of the validation set, the threshold is 0.5" in plain(page(blind))
    assert "made elsewhere" not in plain(page(read_summary(**inputs(copy))))


def test_groups_and_gaps_and_several_people_are_shown_where_there_are_any(copy):
    path = copy / "reports/small/b/metrics.json"
    metrics = json.loads(path.read_text())
    assert len(metrics["splits"]["test"]["several_people"]) == 5
    text = plain(page(read_summary(**inputs(copy))))
    assert "Several people in one video" in text and "Largest gaps" not in text
    test = predictions("test", 4.0, videos=80)
    numbers = test["target"].str.rpartition(":")[2].astype(int)
    test["attributes"] = [json.dumps({"sex": EVIL if n % 2 else "f", "place": f"town {n}"}) for n in numbers]
    cfg = {"threshold": "f1_macro", "bootstrap": 100}
    path.write_text(json.dumps(evaluate(test, predictions("val", 4.0), cfg, seed=1)))
    html = page(read_summary(**inputs(copy)))
    assert "<script>alert" not in html
    text = plain(html)
    assert "By sex" in text and "Largest gaps between groups: ROC AUC" in text
    assert "By place Not shown: it has 40 values, more than 12, and they aren't numbers." in text
    rows = {row[0]: row for row in Reader(html).rows if row}
    assert rows["f"][1:3] == ["40", "20"] and EVIL in rows


def test_methods_left_out_are_shown_beside_the_model_of_all_methods(copy):
    ends = ",".join(f"{m}{end}" for m in ("roc_auc", "f1_macro", "recall") for end in ("", "_low", "_high"))
    lines = [f"model,dataset,left_out,tested,videos,real,fake,units,threshold,{ends}"]
    numbers = "30,20,10,15,0.5,{},0.6,0.8,0.65,0.6,0.7,,,"
    for left_out, tested, auc in [("", "x", 0.91), ("", "y", 0.92), ("x", "x", 0.71), ("x", "y", 0.72)]:
        lines.append(f"b,small,{left_out},{tested},{numbers.format(auc)}")
    write(copy / "report/leave_out.csv", "\n".join(lines) + "\n")
    shutil.copy(copy / "report/cross.svg", copy / "report/leave_out.svg")
    picture = copy / "report/leave_out.svg"
    html = page(
        read_summary(**inputs(copy), leave_out=copy / "report/leave_out.csv", leave_out_picture=picture)
    )
    rows = [row for row in Reader(html).rows if row[:2] == ["b", "small"]]
    assert [row[2:6] for row in rows] == [["nothing", "x", "10", "20"], ["x", "x", "10", "20"]]
    assert rows[0][6].startswith("0.910") and rows[1][6].startswith("0.710") and rows[1][8] == "–"
    assert 'href="#left_out"' in html and 'href="#left_out"' not in page(read_summary(**inputs(copy)))
