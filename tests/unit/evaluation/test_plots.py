"""Plots of predictions: of any split, the same bytes each time, with their numbers."""

import re
import xml.etree.ElementTree as ElementTree

import pytest
from made.predictions import NONE, ONE_REAL, random_table, table
from sklearn import metrics as sk

from deepfake.evaluation import plots
from deepfake.evaluation.predictions import aggregate_to_videos

CURVES = {"roc": plots.draw_roc, "pr": plots.draw_precision_recall, "calibration": plots.draw_calibration}
SPLITS = {
    "many": random_table(40, 1),
    "one video": table(ONE_REAL),
    "fakes only": random_table(40, 1).query("label == 1"),
    "empty": NONE,
}


@pytest.mark.parametrize("split", SPLITS)
def test_plots_of_any_split_have_the_same_bytes_each_time(split, tmp_path):
    levels = {"frame": SPLITS[split], "video": aggregate_to_videos(SPLITS[split])}
    thresholds = {"frame": 0.5, "video": 0.4}
    for number in "12":
        for name, draw_curve in CURVES.items():
            draw_curve(tmp_path / f"{name}{number}.svg", levels)
        plots.draw_confusion(tmp_path / f"confusion{number}.svg", levels, thresholds)
        plots.draw_histogram(tmp_path / f"histogram{number}.svg", levels, thresholds)
    for name in [*CURVES, "confusion", "histogram"]:
        first, second = ((tmp_path / f"{name}{number}.svg").read_bytes() for number in "12")
        assert first == second
        size = [
            float(ElementTree.fromstring(first).get(side).removesuffix("pt")) for side in ("width", "height")
        ]
        assert size[0] == 360 and (size[1] < 100 or size[1] == pytest.approx(331.2)), (
            "two of them stand side by side"
        )
        assert not re.search(rb"dc:date|\d{4}-\d\d-\d\dT", first)


def test_plots_show_numbers_or_why_there_are_none(tmp_path):
    test = random_table(40, 1)
    area = sk.roc_auc_score(test["label"], test["probability"])
    for split, text in (
        (test, f"frame level, AUC {area:.3f}"),
        (test.query("label == 0"), "There are only reals in this split."),
        (NONE, "There are no images in this split."),
    ):
        plots.draw_roc(tmp_path / "roc.svg", {"frame": split, "video": aggregate_to_videos(split)})
        assert f"<!-- {text}" in (tmp_path / "roc.svg").read_text()
