"""Attrition: counts add up; losses that give the label away are warnings, those by design are not."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepfake import tables
from deepfake.audit.attrition import (
    COLUMNS,
    STEP_NAMES,
    STEPS,
    as_text,
    attrition,
    biased_losses,
    general_reason,
    warnings,
)
from deepfake.audit.attrition_plot import COLOURS, MAX_BARS, count_images
from deepfake.extraction import images

ROOT = Path(__file__).resolve().parents[3]
LOST = {
    "index": ["no label", "a copy of x.mp4", "a copy of y; z.mp4"],
    "frames": ["can't be decoded", "can't be opened"],
    "faces": ["3 faces, more than max_faces = 2", "no face found by dlib"],
    "plan": [
        "near-duplicate of frame 12",
        "its people are in two splits, train and val",
        "balance: the other class has no more images",
        "over size_mb = 2000",
        "it has no official split",
    ],
}


def video(corpus: str, name: str, method: str, ends: list[tuple[str, str]]) -> list[dict]:
    """Return the rows of a video; `ends` has the (step, reason) of each image, or only one for the video."""
    known = {"corpus": corpus, "video": name, "label": str(int(method != "")), "method": method}
    if len(ends) == 1 and ends[0][0] in ("index", "frames"):
        return [{**known, "frame": -1, "step": ends[0][0], "reason": ends[0][1]}]
    return [{**known, "frame": i, "step": step, "reason": why} for i, (step, why) in enumerate(ends)]


def plan_of(rows: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(rows).reindex(columns=tables.PLAN).fillna("")


of_image = st.sampled_from(
    [("", ""), *((step, why) for step, whys in LOST.items() if step != "index" for why in whys)]
)
ends = st.one_of(
    st.sampled_from([("index", why) for why in LOST["index"]]).map(lambda end: [end]),
    st.just([("frames", "can't be opened")]),
    st.lists(of_image, min_size=2, max_size=6),
)
videos = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["", "x", "y"]), ends), min_size=1, max_size=30
)
plans = videos.map(
    lambda drawn: plan_of([row for i, (c, m, e) in enumerate(drawn) for row in video(c, f"v{i}", m, e)])
)
quick = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))


def count(cell: str) -> int:
    return sum(int(item.split(" ")[0]) for item in cell.split("; ")) if cell else 0


@quick
@given(plans)
def test_everything_adds_up(plan):
    losses = attrition(plan)
    assert list(losses.columns) == COLUMNS
    for _, part in losses.groupby(["corpus", "class", "method"]):
        assert part["step"].tolist() == [step for step in STEPS if step in set(part["step"])]
        chain = part.to_dict("records")
        for one, two in zip(chain, chain[1:], strict=False):
            assert one["videos_on"] == two["videos_in"]
            assert one["images_on"] == two["images_in"] or one["step"] == "index"
        for row in chain:
            lost = 0 if row["step"] == "index" else row["images_in"] - row["images_on"]
            assert count(row["left_out"]) >= max(lost, 0) and row["videos_on"] <= row["videos_in"]
    first = losses[losses["step"] == "index"]
    assert first["videos_in"].sum() == plan.groupby("corpus")["video"].nunique().sum()
    kept = plan[plan["step"] == ""]
    last = losses[losses["step"] == losses["step"].iloc[-1]]
    assert last["images_on"].sum() == len(kept)
    assert last["videos_on"].sum() == kept.groupby("corpus")["video"].nunique().sum()
    assert losses["left_out"].map(count).sum() == len(plan) - len(kept)
    for label, part in losses[losses["step"] != "index"].groupby("class"):
        images = plan[(plan["label"] == str(int(label == "fake"))) & (plan["frame"] >= 0)]
        assert part.loc[part["step"] == "frames", "images_in"].sum() == len(images)
        assert (part["images_in"] - part["images_on"]).sum() == (images["step"] != "").sum()


@quick
@given(plans, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(plan, chance):
    order = list(plan.index)
    chance.shuffle(order)
    assert attrition(plan).equals(attrition(plan.loc[order]))


@quick
@given(plans)
def test_the_chart_shows_each_image_once(plan):
    table = count_images(attrition(plan))
    assert (table[list(COLOURS)].sum(axis=1) == table["images"]).all()
    assert table["images"].sum() == (plan["frame"] >= 0).sum()
    assert table["images_kept"].sum() == (plan["step"] == "").sum() == table["kept"].sum()


@quick
@given(plans)
def test_the_text_has_a_line_for_each_corpus_and_class_and_their_numbers(plan):
    lines = as_text(attrition(plan)).split("\n")
    for (corpus, label), part in plan.groupby(["corpus", "label"]):
        cells = next(line.split() for line in lines if line.startswith(f"{corpus}  ") and
                     line.split()[1] == ("fake" if label == "1" else "real"))  # fmt: skip
        kept = part[part["step"] == ""]
        expected = part["video"].nunique(), kept["video"].nunique(), (part["frame"] >= 0).sum(), len(kept)
        assert cells[2:6] == [str(n) for n in expected]


def test_reasons_of_the_plan_become_steps():
    rows = [row for i, why in enumerate(LOST["plan"]) for row in video("a", f"v{i}", "", [("plan", why)] * 2)]
    losses = attrition(plan_of(rows)).set_index("step")["left_out"].to_dict()
    assert losses["duplicates"] == "2 near-duplicate"
    assert losses["people"] == "2 its people are in two splits, train and val"
    assert losses["balance"] == "2 balance: the other class has no more images"
    assert losses["size"] == "2 over size_mb = 2000"
    assert losses["plan"] == "2 it has no official split"


@pytest.mark.parametrize(
    ("reason", "general"),
    [
        ("near-duplicate of frame 12", "near-duplicate"),
        ("3 faces, more than max_faces = 2", "faces, more than max_faces = 2"),
        ("over size_mb = 2000", "over size_mb = 2000"),
        ("over size_mb = 0.5", "over size_mb = 0.5"),
        ("a copy of part_12/ab.mp4", "a copy"),
        ("decoded 150 of 300 frames", "decoded of frames"),
        ("a; b", "a, b"),
        ("no face found by dlib", "no face found by dlib"),
    ],
)
def test_general_reasons_have_no_numbers_and_names_but_keep_settings(reason, general):
    assert general_reason(reason) == general


def test_there_is_no_step_faces_where_whole_frames_are_kept():
    plan = plan_of(video("a", "v", "", [("", "")] * 2))
    assert "faces" in set(attrition(plan)["step"]) and "faces" not in set(attrition(plan, "frames")["step"])


def test_thousands_of_reasons_stay_short():
    rows = [row for i in range(99) for row in video("a", f"v{i}", "", [("index", f"odd name {'x' * i}")])]
    losses = attrition(plan_of(rows))
    assert "91 for 91 other reasons" in losses["left_out"].iloc[0] and len(as_text(losses)) < 900


def test_a_video_without_a_label_is_of_an_unknown_class():
    rows = [row | {"label": ""} for row in video("a", "v", "", [("index", "no label")])]
    assert attrition(plan_of(rows))["class"].unique().tolist() == ["unknown"]


def corpus(lost: dict[str, int], videos: int = 40, step: str = "faces", why: str = "no face") -> pd.DataFrame:
    """Return a plan of `videos` videos of four images for each method; `lost` of these lose all images."""
    rows = []
    for method, number_lost in lost.items():
        for number in range(videos):
            end = (step, why) if number < number_lost else ("", "")
            rows += video("a", f"{method or 'real'}_{number}", method, [end] * 4)
    return plan_of(rows)


def test_a_class_that_loses_more_gives_a_warning():
    losses = attrition(corpus({"": 2, "x": 30}))
    assert warnings(losses) == ["a, faces: fake loses 75.0% of its images, real 5.0%"]
    warned = losses[losses["warning"] != ""]
    assert warned[["class", "step"]].to_numpy().tolist() == [["fake", "faces"]]
    assert "WARNING  a, faces: fake" in as_text(losses)


def test_a_method_that_loses_more_than_other_fakes_gives_a_warning():
    losses = attrition(corpus({"": 8, "x": 2, "y": 2, "z": 25}))
    assert warnings(losses) == ["a, faces: z loses 62.5% of its images, other fakes 5.0%"]
    assert losses.loc[losses["warning"] != "", "method"].tolist() == ["z"]


def test_uneven_losses_of_the_plan_give_no_warning():
    losses = attrition(corpus({"": 20, "x": 0}, step="plan", why="near-duplicate of frame 3"))
    assert losses.loc[losses["step"] == "duplicates", "left_out"].str.startswith("80 near-duplicate").any()
    assert not warnings(losses)


def test_videos_without_images_count_as_well():
    rows = [row for i in range(40) for row in video("a", f"r{i}", "", [("", "")] * 3)]
    for number in range(40):
        end = [("frames", "can't be opened")] if number < 20 else [("", "")] * 3
        rows += video("a", f"f{number}", "x", end)
    assert warnings(attrition(plan_of(rows))) == ["a, frames: fake loses 50.0% of its videos, real 0.0%"]


@pytest.mark.parametrize(
    "plan",
    [
        corpus({"": 20, "x": 20}),
        corpus({"": 0, "x": 1}),
        corpus({"": 0, "x": 4}, videos=1000),
        corpus({"": 0, "x": 9}, videos=9),
        corpus({"": 2, "x": 6}),
        corpus({"": 0, "x": 30}, step="plan", why="balance: the other class has no more images"),
        corpus({"": 0, "x": 30}, step="plan", why="over size_mb = 20"),
        corpus({"x": 0, "y": 2}),
    ],
    ids=[
        "alike",
        "one video",
        "significant, but small",
        "few videos",
        "not significant",
        "balance",
        "size",
        "methods",
    ],
)
def test_losses_that_are_alike_small_or_intended_give_no_warning(plan):
    losses = attrition(plan)
    assert not list(biased_losses(losses)) and (losses["warning"] == "").all()


def run(plan: pd.DataFrame, folder: Path) -> subprocess.CompletedProcess:
    folder.mkdir(exist_ok=True)
    plan.to_csv(folder / "d.csv", index=False)
    command = [sys.executable, ROOT / "scripts/attrition.py", "--plan", folder / "d.csv"]
    command += ["--config", json.dumps({"images": "faces"}), "--output", folder / "attrition.csv"]
    return subprocess.run(
        [*command, "--output-picture", folder / "attrition.png"], capture_output=True, text=True
    )


def test_the_program_writes_the_same_table_and_chart_each_time(tmp_path):
    plan = corpus({"": 2, "x": 30, "$y^2\x07": 1})
    outputs = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        done = run(plan, folder)
        assert done.returncode == 0, done.stderr
        assert "WARNING: d: a, faces: x loses" in done.stdout and "WARNING" in done.stderr
        outputs.append([(folder / name).read_bytes() for name in ("attrition.csv", "attrition.png")])
    assert outputs[0] == outputs[1]
    with open(tmp_path / "one/attrition.csv", newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file).fieldnames) == COLUMNS
    chart = images.decode(outputs[0][1])
    assert chart.shape[1] == 1200 and chart.std() > 20 and b"tEXt" not in outputs[0][1]


def test_a_plan_without_any_image_gives_a_chart_too(tmp_path):
    done = run(plan_of(video("a", "v", "", [("index", "no label")])), tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "attrition.png").stat().st_size > 1000


def test_the_smallest_of_many_methods_are_drawn_as_one_bar():
    table = count_images(attrition(corpus({f"m{n:02d}": 1 for n in range(30)} | {"": 1}, videos=3)))
    assert len(table) == MAX_BARS + 2 and table["images"].sum() == 31 * 12
    assert table["method"].tolist()[:2] == ["", "10 others"] and table["class"].tolist()[:2] == [
        "real",
        "fake",
    ]
    assert table["images"].tolist()[:2] == [12, 120]


def test_each_step_has_a_colour_and_a_name():
    assert set(COLOURS) == {*STEP_NAMES, "kept"} - {"index"}
    assert len(set(COLOURS.values())) == len(COLOURS)
