"""How a rebuilt dataset differs from its recipe: every video that isn't the published one, and why."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT

from deepfake import tables
from deepfake.audit.differences import compare_with_recipe, differences_as_text
from deepfake.plan.splits_file import COLUMNS, splits_table

MADE = {
    "steps": {"a": {"frames": {"count": 2, "quality": 95}}, "b": {"frames": {"count": 2}}},
    "code": {"frames": "12"},
    "versions": {"av": "18.1.0", "numpy": "2.4.6"},
}


def plan_rows(video: str, corpus: str = "a", label: str = "0", sha256: str = "11") -> list[dict]:
    return [
        {
            "corpus": corpus, "video": video, "label": label, "split": "train", "frame": str(frame),
            "sha256": sha256 * 32, "file_name": f"{video}{frame}", "step": "", "reason": "",
        }
        for frame in (0, 9)
    ]  # fmt: skip


class Lab:
    """The tables of a rebuilt dataset, and the recipe, in one folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        names = [("a", f"v{at}") for at in range(5)] + [("b", "w")]
        self.plan = pd.DataFrame([row for corpus, video in names for row in plan_rows(video, corpus)])
        self.plan = self.plan.reindex(columns=tables.PLAN).fillna("")
        self.index = pd.DataFrame(names, columns=["corpus", "video"]).assign(
            archive="x.zip", bytes="100", crc32="0a", reason=""
        )
        self.index["member"] = self.index["video"] + ".mp4"
        published = splits_table(self.plan, self.index)
        tables.write_rows(folder / "splits.csv", COLUMNS, published.to_dict("records"))
        self.recipe = {
            "from": str(folder / "splits.csv"), "corpora": ["a", "b"], "made": MADE,
            "now": json.loads(json.dumps(MADE)),
        }  # fmt: skip

    def write(self) -> None:
        results = self.folder / "results"
        for corpus, part in self.index.groupby("corpus"):
            (results / "index" / corpus).mkdir(parents=True, exist_ok=True)
            part.to_csv(results / "index" / corpus / "videos.csv", index=False)
        (results / "plans").mkdir(exist_ok=True)
        self.plan.to_csv(results / "plans/d.csv", index=False)

    def text(self) -> list[str]:
        self.write()
        return differences_as_text([compare_with_recipe(self.folder / "results", "d", self.recipe)])


@pytest.fixture
def lab(tmp_path) -> Lab:
    return Lab(tmp_path)


def test_a_dataset_as_published_has_no_differences_whatever_it_was_made_with(lab):
    lab.recipe["now"]["versions"]["av"] = "19.0.0"
    first, *rest = lab.text()
    assert first.startswith("d: as its recipe says, digest ")
    assert rest == ["  versions: av 18.1.0 there and 19.0.0 here"]


def test_every_video_that_differs_has_a_line_with_the_cause(lab):
    plan, index = lab.plan, lab.index
    plan.loc[plan["video"].isin(["v0", "v1", "w"]), "sha256"] = "22" * 32
    index.loc[index["video"] == "v1", ["bytes", "crc32"]] = ["101", "0b"]
    lab.index = index[index["video"] != "v2"]
    plan = plan[plan["video"] != "v2"]
    out = (plan["video"] == "v3") | ((plan["video"] == "v4") & (plan["frame"] == "9"))
    plan.loc[out, ["file_name", "step", "reason"]] = ["", "faces", "no face"]
    lab.plan = plan
    lab.recipe["now"]["steps"]["a"]["frames"]["quality"] = 90
    lab.recipe["now"]["versions"]["av"] = "19.0.0"
    lab.recipe["now"]["code"]["frames"] = "13"
    others = "frames 12 there and 13 here, av 18.1.0 there and 19.0.0 here"
    why = f"the file is the same; what differs: a.frames.quality 95 there and 90 here, {others}"
    first, *rest = lab.text()
    assert first.startswith("d: 6 of 6 videos differ from its recipe, digest ")
    assert rest == [
        f"  a/v0: its images differ; {why}",
        "  a/v1: its images differ; another file (bytes 100 there and 101 here, crc32 0a there and 0b here)",
        "  a/v2: absent: no file of its corpus fits it",
        f"  a/v3: none of its 2 images is here: no face; {why}",
        f"  a/v4: 1 of its 2 images are not here (frames 9): no face; {why}",
        f"  b/w: its images differ; the file is the same; what differs: {others}",
        "  settings: a.frames.quality 95 there and 90 here",
        "  code: frames 12 there and 13 here",
        "  versions: av 18.1.0 there and 19.0.0 here",
    ]


def test_another_label_and_an_unexplained_difference(lab):
    lab.plan.loc[lab.plan["video"] == "v0", "label"] = "1"
    lab.plan.loc[lab.plan["video"] == "v1", "sha256"] = "22" * 32
    lab.recipe["made"] = {}
    assert lab.text()[1:] == [
        "  a/v0: its label is 0 there and 1 here; the file is the same; nothing known differs",
        "  a/v1: its images differ; the file is the same; nothing known differs",
    ]


def test_verify_fails_for_it_and_splits_without_checksums_are_not_compared(lab):
    lab.plan.loc[lab.plan["video"] == "v0", "sha256"] = "22" * 32
    lab.write()
    command = [
        sys.executable,
        ROOT / "scripts/verify.py",
        "--results",
        lab.folder / "results",
        "--workers",
        "1",
    ]
    command += ["--recipes", json.dumps({"d": lab.recipe})]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "a/v0: its images differ" in done.stdout, done.stderr
    (lab.folder / "splits.csv").write_text("video,split\nv0,train\n")
    done = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert json.loads(done.stdout)["recipes"] == []
