"""The plan of a dataset: all accounted for, no leak, balance, cap, and the same whatever the order."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepfake import tables
from deepfake.attrition import as_text, attrition
from deepfake.gather import gather
from deepfake.kept import kept_facts
from deepfake.plan import make_plan
from deepfake.splits import UnsplittableDataset, assign_splits

ROOT = Path(__file__).resolve().parents[2]
CFG = {"size_mb": None, "splits": {"train": 0.8, "val": 0.2}, "balance": True, "seed": 1}


def corpus(groups: list[tuple[int, int, int]], name: str = "a", size: int = 10_000) -> pd.DataFrame:
    """A gathered table; a group has one real video, some fakes of it, and so many images of each."""
    rows = []
    for group, (fakes, frames, bad) in enumerate(groups):
        for video in range(fakes + 1):
            known = {
                "corpus": name,
                "video": f"v{group}_{video}",
                "label": str(int(video > 0)),
                "shard": "all",
            }
            known |= {"group": f"g/{group}", "original": f"v{group}_0"}
            for frame in range(frames):
                image = f"{known['video']}/{frame:06d}.jpg"
                row = {**known, "frame": frame, "image": image, "bytes": size + 37 * group + frame}
                rows.append(row | ({"step": "faces", "reason": "no face"} if frame < bad else {}))
            if not frames:
                rows.append({**known, "frame": -1, "bytes": 0, "step": "frames", "reason": "can't be opened"})
    return pd.DataFrame(rows).reindex(columns=tables.GATHERED).fillna("")


groups = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 2)), min_size=4, max_size=25)
corpora = st.lists(groups, min_size=1, max_size=3).map(
    lambda parts: pd.concat([corpus(g, f"c_{i}") for i, g in enumerate(parts)], ignore_index=True)
)
recipes = st.fixed_dictionaries(
    {
        "size_mb": st.none() | st.floats(0.1, 4),
        "splits": st.sampled_from(
            [
                {"train": 1},
                {"train": 0.8, "val": 0.2},
                {"train": 0.6, "val": 0.2, "test": 0.2},
                {"train": 1, "val": 0},
            ]
        ),
        "balance": st.booleans(),
        "seed": st.integers(0, 3),
    }
)
quick = settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))


def planned(gathered, cfg):
    try:
        return make_plan(gathered, cfg)
    except UnsplittableDataset as error:
        return str(error)


def kept_of(plan):
    return plan[plan["file_name"] != ""]


@quick
@given(corpora, recipes)
def test_what_always_holds(gathered, cfg):
    plan = planned(gathered, cfg)
    if isinstance(plan, str):
        assert ("size_mb" in plan or "splits" in plan) and "write" in plan
        return
    kept, lost = kept_of(plan), plan[plan["file_name"] == ""]
    assert len(plan) == len(gathered) and plan["image"].tolist() == gathered["image"].tolist()
    assert (lost["step"] != "").all() and (lost["reason"] != "").all() and (lost["split"] == "").all()
    assert (kept["step"] == "").all() and (kept["reason"] == "").all() and (kept["image"] != "").all()
    before = gathered["step"] != ""
    assert (plan.loc[before, ["step", "reason"]] == gathered.loc[before, ["step", "reason"]]).all(axis=None)

    assert kept["file_name"].str.casefold().is_unique
    folders = kept["split"] + "/" + kept["label"].map({"0": "real", "1": "fake"}) + "/"
    assert all(name.startswith(folder) for name, folder in zip(kept["file_name"], folders, strict=True))
    assert (kept.groupby(["corpus", "group"])["split"].nunique() == 1).all()
    sizes = kept.groupby(["split", "label"]).size().unstack()
    assert set(sizes.index) == {split for split, ratio in cfg["splits"].items() if ratio}
    assert (sizes > 0).all(axis=None)
    if cfg["balance"]:
        assert (sizes["0"] == sizes["1"]).all()
    if cfg["size_mb"] is not None:
        assert kept["bytes"].sum() <= cfg["size_mb"] * 1e6
    assert kept_facts(plan)["images"] == len(kept)


@quick
@given(corpora, recipes)
def test_every_video_gives_one_image_before_any_gives_two(gathered, cfg):
    plan = planned(gathered, cfg)
    if isinstance(plan, str):
        return
    usable = plan[gathered["step"] == ""].assign(kept=plan["file_name"] != "")
    split = (
        plan[plan["split"] != ""].drop_duplicates(["corpus", "group"]).set_index(["corpus", "group"])["split"]
    )
    usable["split"] = [split.get(key, "") for key in zip(usable["corpus"], usable["group"], strict=True)]
    videos = usable.groupby(["split", "label", "corpus", "video"])["kept"].agg(["sum", "size"]).reset_index()
    for key, table in videos[videos["split"] != ""].groupby(
        ["split", "label"] if cfg["balance"] else lambda _: 0
    ):
        held_back = table.loc[table["sum"] < table["size"], "sum"]  # they would have had another image
        assert table["sum"].max() <= held_back.min() + 1 if len(held_back) else True, (key, table)


@quick
@given(corpora, recipes, st.floats(0.1, 4), st.floats(1, 5))
def test_raising_the_cap_keeps_what_was_chosen(gathered, cfg, cap, more):
    low, high = (planned(gathered, cfg | {"size_mb": size}) for size in (cap, cap * more))
    if not isinstance(low, str):
        assert set(kept_of(low)["file_name"]) <= set(kept_of(high)["file_name"])


@quick
@given(corpora, recipes, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_shards_matter(gathered, cfg, chance):
    order = list(gathered.index)
    chance.shuffle(order)
    other = gathered.loc[order].assign(shard=[chance.choice("01") for _ in order])
    one, two = planned(gathered, cfg), planned(other, cfg)
    if isinstance(one, str):
        assert one == two
    else:
        names = ["corpus", "video", "frame"]
        one, two = (plan.drop(columns="shard").sort_values(names, ignore_index=True) for plan in (one, two))
        pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("balance", [True, False])
@pytest.mark.parametrize("size_mb", [5, 10, 20])
def test_the_cap_is_met_within_one_percent_where_enough_is_there(size_mb, balance):
    plan = make_plan(corpus([(5, 10, 1)] * 100), CFG | {"size_mb": size_mb, "balance": balance})
    assert 0.99 * size_mb * 1e6 < kept_of(plan)["bytes"].sum() <= size_mb * 1e6
    part = (kept_of(plan)["split"] == "train").mean()
    assert 0.77 < part < 0.83


def test_a_cap_below_one_image_of_each_says_what_to_write():
    gathered = corpus([(1, 2, 0)] * 10)
    with pytest.raises(UnsplittableDataset, match=r"size_mb = 0.001 .* write (0\.\d+) or more") as caught:
        make_plan(gathered, CFG | {"size_mb": 0.001})
    least = float(str(caught.value).split("write ")[1].split(" ")[0])
    assert len(kept_of(make_plan(gathered, CFG | {"size_mb": least}))) == 4


def test_two_corpora_with_the_same_names_neither_collide_nor_share_groups():
    plan = make_plan(
        pd.concat([corpus([(1, 3, 0)] * 8, name) for name in ("a", "a_b")], ignore_index=True), CFG
    )
    assert len(set(kept_of(plan)["file_name"])) == 2 * 8 * 2 * 3


def splits_of(counts: dict, ratios: dict, seed: int = 0) -> pd.DataFrame:
    table = pd.DataFrame.from_dict(counts, orient="index", columns=["real", "fake"])
    return table.groupby(assign_splits(table, ratios, seed)).sum()


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(5, 100)), min_size=150, max_size=300),
    st.integers(0, 9),
)
@quick
def test_many_groups_meet_the_ratios(sizes, seed):
    shares = splits_of(
        {f"g{i}": size for i, size in enumerate(sizes)}, {"train": 0.7, "val": 0.2, "test": 0.1}, seed
    )
    shares = shares / shares.sum()
    assert shares.loc[["train", "val", "test"]].sub([0.7, 0.2, 0.1], axis=0).abs().max(axis=None) < 0.04


def test_a_huge_group_goes_to_the_largest_split():
    shares = splits_of(
        {"huge": (500, 500)} | {f"g{i}": (5, 5) for i in range(40)}, {"train": 0.8, "val": 0.2}
    )
    assert shares.loc["train", "real"] == 560


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(any), max_size=12),
    st.sampled_from([{"train": 0.8, "val": 0.2}, {"train": 0.6, "val": 0.3, "test": 0.1}]),
)
@quick
def test_no_class_is_missing_wherever_that_is_possible(sizes, ratios):
    both = sum(real > 0 and fake > 0 for real, fake in sizes)
    pairs = min(sum(fake == 0 for _, fake in sizes), sum(real == 0 for real, _ in sizes))
    counts = {f"g{i}": size for i, size in enumerate(sizes)}
    if both + pairs >= len(ratios):
        assert (splits_of(counts, ratios) > 0).all(axis=None)
    else:
        with pytest.raises(UnsplittableDataset, match="add videos, or write fewer splits"):
            assign_splits(pd.DataFrame(counts.values(), list(counts), columns=["real", "fake"]), ratios, 0)


def write_tree(
    results: Path, images: str = "faces", header: tuple = tables.FACES, usable: bool = True
) -> None:
    """Tables of one corpus: 12 videos in two shards, one of them refused and one without a row."""
    index, shards = [], {"0": [], "1": []}
    for number in range(12):
        row = {
            "video": f"v{number}",
            "shard": str(number % 2),
            "label": number % 2,
            "group": f"g{number // 2}",
        }
        row |= {
            "member": "caf\udce9.mp4",
            "method": "caf\udce9",
            "reason": "no label" if number == 11 else "",
        }
        index.append(row)
        state = {"status": "ok"} if usable else {"status": "no_face", "reason": "no face"}
        if number < 10:
            name = {"image": f"v{number}/000000.jpg", "video": f"v{number}", "frame": 0}
            shards[row["shard"]].append({**name, "bytes": 9, "sha256": "s", "phash": "p", **state})
    tables.write_rows(results / "index/demo/videos.csv", tables.INDEX, index)
    for shard, rows in shards.items():
        tables.write_rows(results / images / "demo" / f"{shard}.csv", header, rows)


@pytest.mark.parametrize(("images", "header"), [("faces", tables.FACES), ("frames", tables.FRAMES)])
def test_gathering_accounts_for_every_video_of_either_kind_of_table(tmp_path, images, header):
    write_tree(tmp_path, images, header)
    whole = gather(tmp_path, ["demo"], images)
    assert list(whole.columns) == tables.GATHERED
    assert whole["video"].tolist() == sorted(f"v{number}" for number in range(12))
    assert whole.set_index("video").loc[["v11", "v10"], "step"].tolist() == ["index", images]
    assert whole.set_index("video").loc["v10", "reason"] == f"no row in the table of {images}"
    assert whole["method"].unique().tolist() == ["caf\\xe9"]  # can be written as UTF-8 from here on
    assert (whole["step"] == "").sum() == 10


def test_a_table_of_another_kind_is_named(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "faces/demo/1.csv").write_text("image,video\n")
    with pytest.raises(ValueError, match=r"1\.csv: columns differ .*delete both"):
        gather(tmp_path, ["demo"], "faces")


def run_plan(results: Path) -> subprocess.CompletedProcess:
    cfg = json.dumps(CFG | {"corpora": ["demo"], "images": "faces"})
    outputs = [f"--output{part}={results}/plans/d{end}" for part, end in
               (("", ".csv"), ("-kept", ".json"), ("-attrition", ".attrition.csv"))]  # fmt: skip
    command = [sys.executable, ROOT / "scripts/plan.py", f"--results={results}", "--config", cfg, *outputs]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_program_writes_the_plan_and_what_was_lost(tmp_path):
    write_tree(tmp_path)
    done = run_plan(tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "plans/d.json").read_text())["images"] == 10
    losses = tables.read_rows(tmp_path / "plans/d.attrition.csv")
    assert [row["videos_in"] + ">" + row["videos_on"] for row in losses] == [
        "12>11",
        "11>11",
        "11>10",
        "10>10",
    ]
    assert losses[2]["left_out"] == "1 no row in the table of faces"


def test_a_corpus_that_lost_everything_ends_in_an_error_that_shows_where(tmp_path):
    write_tree(tmp_path, usable=False)
    done = run_plan(tmp_path)
    assert done.returncode == 1
    assert (
        "datasets.d: splits" in done.stderr and "10 no face" in done.stderr and "Traceback" not in done.stderr
    )
    assert not (tmp_path / "plans/d.csv").exists()


def test_attrition_adds_up_and_stays_short():
    plan = make_plan(corpus([(2, 4, 1), (1, 3, 0), (1, 0, 0)] * 5), CFG | {"size_mb": 0.3})
    table = attrition(plan)
    for (_, one), (_, two) in zip(list(table.iterrows())[1:], list(table.iterrows())[2:], strict=False):
        assert (one["videos_on"], one["images_on"]) == (two["videos_in"], two["images_in"])
    assert table["images_on"].iloc[-1] == len(kept_of(plan))
    assert table["left_out"].iloc[1] == "10 can't be opened"
    assert "faces" not in attrition(plan, "frames")["step"].tolist()
    copies = pd.DataFrame(
        {"corpus": "a", "video": [f"v{i}" for i in range(99)], "step": "index", "frame": -1}
    )
    text = as_text(attrition(copies.assign(reason=[f"a copy of {i}" for i in range(99)])))
    assert "91 for 91 other reasons" in text and len(text) < 600
