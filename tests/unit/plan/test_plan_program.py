"""plan.py: from the tables under results to the files of a plan."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from made.image_tables import CFG, distant_hashes

from deepfake import tables
from deepfake.plan.gather import gather

ROOT = Path(__file__).resolve().parents[3]


def write_tree(
    results: Path, images: str = "faces", header: tuple = tables.FACES, usable: bool = True
) -> None:
    """Write tables of one corpus: 12 videos in two shards, one unusable and one without a row."""
    index, shards, hashes = [], {"0": [], "1": []}, distant_hashes(12)
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
            shards[row["shard"]].append(
                {**name, "bytes": 9, "sha256": "s", "phash": f"{hashes[number]:016x}", **state}
            )
    tables.write_rows(results / "index/demo/videos.csv", tables.INDEX, index)
    for shard, rows in shards.items():
        tables.write_rows(results / images / "demo" / f"{shard}.csv", header, rows)


@pytest.mark.parametrize(("images", "header"), [("faces", tables.FACES), ("frames", tables.FRAMES)])
def test_every_video_is_gathered_from_tables_of_faces_and_frames(tmp_path, images, header):
    write_tree(tmp_path, images, header)
    whole = gather(tmp_path, {"demo": "family"}, images)
    assert list(whole.columns) == tables.GATHERED
    assert whole["video"].tolist() == sorted(f"v{number}" for number in range(12))
    assert whole.set_index("video").loc[["v11", "v10"], "step"].tolist() == ["index", images]
    assert whole.set_index("video").loc["v10", "reason"] == f"no row in the table of {images}"
    assert whole["method"].unique().tolist() == ["caf\\xe9"]  # valid UTF-8
    assert (whole["step"] == "").sum() == 10


def test_names_of_another_family_than_the_corpus_begin_with_that_one(tmp_path):
    write_tree(tmp_path)
    index = tmp_path / "index/demo/videos.csv"
    rows = tables.read_rows(index)
    rows[0] |= {"family": "ffpp", "target": "000", "source": "003", "original": "youtube_c23_000"}
    tables.write_rows(index, tables.INDEX, rows)
    whole = gather(tmp_path, {"demo": "demo"}, "faces").set_index("video")
    names = whole.loc[["v0", "v1"], ["target", "source", "original", "group"]]
    assert names.loc["v0"].tolist() == ["ffpp/000", "ffpp/003", "ffpp/youtube_c23_000", "ffpp/g0"]
    assert names.loc["v1"].tolist() == ["", "", "", "demo/g0"]


def test_a_table_with_other_columns_is_an_error_that_names_it(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "faces/demo/1.csv").write_text("image,video\n")
    with pytest.raises(ValueError, match=r"1\.csv: columns differ .*delete both"):
        gather(tmp_path, {"demo": "family"}, "faces")


def run_plan(results: Path, *more: str, **settings: object) -> subprocess.CompletedProcess:
    cfg = json.dumps(CFG | {"families": {"demo": "family"}} | settings)
    outputs = [f"--output={results}/plans/d.csv", f"--output-summary={results}/plans/d.json"]
    outputs += [f"--output-people={results}/plans/d.people.csv"]
    command = [
        sys.executable,
        ROOT / "scripts/plan.py",
        f"--results={results}",
        "--config",
        cfg,
        *outputs,
        *more,
    ]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_program_repeats_the_warnings_of_an_index(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "index/demo/warning.txt").write_text("demo: 2 of 2 labels contradict\n    real: [1]\n")
    done = run_plan(tmp_path)
    assert done.stdout.startswith("WARNING: demo: 2 of 2 labels contradict\n    real: [1]\n"), done.stderr
    summary = json.loads((tmp_path / "plans/d.json").read_text())
    assert summary["warnings"] == ["demo: 2 of 2 labels contradict\n    real: [1]"]


def test_identity_warns_of_a_corpus_that_names_nobody(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "index/demo/warning.txt").write_text("demo: 2 of 2 labels contradict\n")
    done = run_plan(tmp_path, policy="identity")
    summary = json.loads((tmp_path / "plans/d.json").read_text())
    assert summary["known"] == {"people": 0, "originals": 10}
    of_index, of_people = summary["warnings"]
    assert of_index.startswith("demo: 2 of 2") and of_people.startswith(
        "nothing is known of the people in demo,"
    )
    assert "datasets.d.same_identity" in of_people and f"WARNING: {of_people}\n" in done.stdout
    assert of_people in done.stderr
    (tmp_path / "same.csv").write_text("demo/v0,demo/v2\n")
    run_plan(tmp_path, f"--same-identity={tmp_path}/same.csv", policy="identity")
    summary = json.loads((tmp_path / "plans/d.json").read_text())
    assert summary["known"]["people"] == 2 and len(summary["warnings"]) == 1


def test_the_program_writes_the_plan_and_prints_the_losses(tmp_path):
    write_tree(tmp_path)
    done = run_plan(tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "plans/d.json").read_text())
    assert summary["images"] == 10 and "warnings" not in summary
    plan = tables.read_rows(tmp_path / "plans/d.csv")
    assert [row["step"] for row in plan if row["reason"]] == ["faces", "index"]
    assert {row["group"] for row in plan if row["group"]} == {f"family/g{number}" for number in range(6)}
    assert "1 no row in the table of faces" in done.stdout


def test_a_corpus_without_usable_images_is_an_error_that_shows_the_losses(tmp_path):
    write_tree(tmp_path, usable=False)
    done = run_plan(tmp_path)
    assert done.returncode == 1
    assert (
        "datasets.d: splits" in done.stderr and "10 no face" in done.stderr and "Traceback" not in done.stderr
    )
    assert not (tmp_path / "plans/d.csv").exists()


def test_same_identity_is_read_from_a_table(tmp_path):
    write_tree(tmp_path)
    for text, message in {
        "one,other\ndemo/v0,demo/v9\n": None,
        "demo/v0\n": "line 1: expected two names",
        "demo/v0,v9\n": "line 1: expected two names",
        "demo/nobody,demo/v9\n": "none of its 1 pairs is in the dataset",
    }.items():
        (tmp_path / "same.csv").write_text(text)
        done = run_plan(tmp_path, f"--same-identity={tmp_path}/same.csv")
        assert done.returncode == (1 if message else 0), done.stderr
        assert ("datasets.d: " in done.stderr) == bool(message)
        assert (message or "") in done.stderr and "Traceback" not in done.stderr


def test_a_column_that_no_corpus_has_is_an_error_that_names_it(tmp_path):
    write_tree(tmp_path)
    done = run_plan(tmp_path, stratify=["sexx"])
    assert done.returncode == 1 and "datasets.d: stratify: ['sexx'] can't be used" in done.stderr
