"""The accounting of docs/results.md: every image has one end, and counts that don't add up are an error."""

import json

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from results import accounting, page
from results.accounting_ends import ENDS, REASONS, SPLITS, STEPS, SumError, check, count, count_media, ends_of
from results.accounting_picture import COLOURS, draw

from deepfake import tables
from deepfake.tables import write_rows

LEFT_OUT = {
    ("index", "no label"): "unfit",
    ("frames", "can't be decoded"): "unreadable",
    ("faces", "no face found by dlib"): "no_face",
    ("faces", "3 faces, more than max_faces = 2"): "crowd",
    ("plan", "near-duplicate of frame 4"): "duplicate",
    ("plan", "people: no name, and no face seen well enough to know it"): "unseen",
    ("plan", "people: looks like dfdc/a in val (distance 0.31 <= guard 0.4)"): "guard",
    ("plan", "its people are in two splits, train and val"): "bridge",
    ("plan", "balance: the other class has no more images"): "balance",
    ("plan", "over size_mb = 20"): "size",
    ("plan", "the official split test is not asked for"): "other",
}


def row(video: str, label: str, split: str = "", step: str = "", reason: str = "", frame: int = 0) -> dict:
    blank = dict.fromkeys(tables.PLAN, "")
    return (
        blank
        | {"corpus": "c", "video": video, "label": label, "frame": frame, "split": split}
        | {
            "step": step,
            "reason": reason,
        }
    )


def plan_of(rows: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=tables.PLAN)


def test_each_step_and_reason_has_its_end():
    plan = plan_of([row(f"v{i}", "1", step=s, reason=r) for i, (s, r) in enumerate(LEFT_OUT)])
    assert list(ends_of(plan)) == list(LEFT_OUT.values())
    assert set(LEFT_OUT.values()) == {*STEPS.values(), *REASONS.values(), "other"} == set(ENDS) - set(SPLITS)


@pytest.mark.parametrize("text", REASONS)
def test_the_library_gives_such_reasons(text):
    sources = [p.read_text("utf-8") for p in ROOT.glob("scripts/deepfake/*/*.py") if p.name != "attrition.py"]
    assert any(f'"{text}' in source or f" {text}" in source for source in sources)


def test_each_end_has_a_colour_of_its_own():
    assert COLOURS.keys() == ENDS.keys() and len(set(COLOURS.values())) == len(COLOURS)


ROWS = st.lists(
    st.tuples(
        st.sampled_from("0 1".split()),
        st.one_of(
            st.sampled_from(SPLITS).map(lambda split: (split, "", "")),
            st.sampled_from(list(LEFT_OUT)).map(lambda left: ("", *left)),
        ),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_the_ends_add_up_to_what_went_in(rows):
    counts = count("d", plan_of([row(f"v{i}", label, *end) for i, (label, end) in enumerate(rows)]))
    assert counts["images"].sum() == counts["files"].sum() == len(rows)
    assert (counts[list(ENDS)].sum(axis=1) == counts["images"]).all()
    assert (counts[list(SPLITS)].sum(axis=1) == counts["files_kept"]).all()
    assert [c for c in counts["class"]] == sorted(counts["class"], reverse=True)  # reals first


def test_a_video_in_two_splits_is_an_error():
    with pytest.raises(SumError, match="two splits"):
        count("d", plan_of([row("v", "1", "train"), row("v", "1", "test", frame=1)]))


@pytest.fixture
def results(tmp_path):
    """A run's folder, and the counts of its dataset d: two videos of one corpus in train, and one refused."""
    rows = [row("a", "0", "train"), row("a", "0", "train", frame=1), row("b", "1", "train")]
    plan = plan_of([*rows, row("x", "1", step="index", reason="no label", frame=-1)])
    index = [{"video": v, "shard": "all", "reason": "no label" * (v == "x")} for v in "abx"]
    write_rows(
        tmp_path / "index/c/videos.csv", tables.INDEX, [dict.fromkeys(tables.INDEX, "") | r for r in index]
    )
    faces = [dict.fromkeys(tables.FACES, "") | {"video": r["video"]} for r in rows]
    write_rows(tmp_path / "faces/c/all.csv", tables.FACES, faces)
    write_rows(tmp_path / "plans/d.csv", tables.PLAN, plan.to_dict("records"))
    for name in ("real/a0", "real/a1", "fake/b0"):
        path = tmp_path / f"d/train/{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path, count("d", plan)


def test_counts_that_add_up_pass(results):
    folder, counts = results
    check("d", counts, folder, {"c": 3})
    assert counts["files_kept"].tolist() == [1, 1]


def test_a_file_that_the_index_lacks_is_an_error(results):
    folder, counts = results
    with pytest.raises(SumError, match="in the corpus: 3 and 4"):
        check("d", counts, folder, {"c": 4})


def test_an_image_that_the_plan_lacks_is_an_error(results):
    folder, counts = results
    with (folder / "faces/c/all.csv").open("a") as file:
        file.write("," * (len(tables.FACES) - 1) + "\n")
    with pytest.raises(SumError, match="and cut: 4 and 5"):
        check("d", counts, folder, {"c": 3})


def test_an_image_that_is_not_on_the_disk_is_an_error(results):
    folder, counts = results
    (folder / "d/train/fake/b0.jpg").unlink()
    with pytest.raises(SumError, match="fake: images in the plan, and on the disk: 1 and 0"):
        check("d", counts, folder, {"c": 3})


def test_media_are_counted_by_their_endings(tmp_path):
    for name in ("a.mp4", "b/c.JPG", "b/labels.csv", "README", "b/._c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert count_media({"folder": str(tmp_path)}) == 2


def test_equal_counts_give_equal_pictures(results, tmp_path):
    elsewhere = [{"name": "lfw", "files": 7, "use": "photos"}]
    for name in ("one.png", "two.png"):
        draw(results[1], elsewhere, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


@pytest.fixture
def project(results, tmp_path, monkeypatch):
    """A project's folder with the results of `results`, and a recipe with an absent corpus."""
    folder, _ = results
    project = tmp_path / "project"
    for name in ("recipes", "data/c", "results"):
        (project / name).mkdir(parents=True)
    for name in ("index", "faces", "d", "plans"):
        (project / "results" / name).symlink_to(folder / name)
    for name in "abx":
        (project / f"data/c/{name}.mp4").touch()
    recipe = {
        "corpora": {"c": {"folder": "data/c"}, "gone": {"folder": "data/gone"}},
        "datasets": {"d": {"corpora": ["c"]}, "e": {"corpora": ["gone"]}, "later": {"corpora": ["c"]}},
        "models": {},
        "train": {"dataset": "d", "models": []},
        "evaluate": {},
    }
    (project / "recipes/results.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    monkeypatch.chdir(project)
    monkeypatch.setattr("sys.argv", ["accounting.py", "--data", "data", "--output", "measured"])
    return project


def test_the_program_writes_what_the_page_shows(project):
    accounting.main()
    numbers = json.loads((project / "measured/accounting.json").read_text(encoding="utf-8"))
    assert numbers["absent"] == ["The corpus gone isn't there: data/gone.", "The dataset later was not made."]
    assert (project / "measured/accounting_ends.png").stat().st_size > 1000
    text = page.render(project / "measured", "measured")
    assert "| d (of c) | real | 1 | 2 | 0 | 2 | 0 | 0 | 100.0 % | 1 |" in text
    assert "| d (of c) | fake | 2 | 2 | 1 | 1 | 0 | 0 | 50.0 % | 1 |" in text
    assert "Here 3 files gave 4 images, of which 3 are in a dataset." in text


def test_a_corpus_in_two_datasets_is_counted_once_too():
    rows = [row("a", "0", "train"), row("b", "1", "test")]
    whole = pd.concat([count(dataset, plan_of(rows)) for dataset in "de"])
    total = accounting.numbers(whole, "e")["total"]
    assert (total["files"], total["files_once"], total["train"], total["test"]) == (4, 2, 2, 2)


def test_the_program_fails_where_the_counts_differ(project):
    (project / "data/c/y.mp4").touch()
    with pytest.raises(SystemExit, match="accounting: d: files of c .* 3 and 4"):
        accounting.main()
    assert not (project / "measured/accounting.json").exists()
