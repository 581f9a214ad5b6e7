"""The promise of docs/reruns.md up to the dataset, checked row by row on the real workflow."""

import json
import shutil
import zipfile
from pathlib import Path

import cv2
import pytest
from conftest import Project, copy_project
from made.reruns import TARGET, copy_of, reconfigure, run, shards

from deepfake import tables
from deepfake.demo import corpus as demo

CONFIG = """
shard_size: 4
corpora:
  mine: {layout: dfdc, archives: ["corpus/*.zip"]}
  other: {layout: faceforensics, folder: nowhere}
frames: {count: 2, boost: 1}
datasets:
  small: {corpora: [mine], splits: {train: 0.5, val: 0.5}}
  unasked: {corpora: [other]}
  faced: {corpora: [mine], splits: {train: 0.5, val: 0.5}, people: {by: both}}
"""
FACED = ["results/faced", "results/reports/faced/audit.json"]
TINY = {"people": 6, "clips": 16, "seconds": 0.4, "width": 320}  # 6 of them real


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Project:
    """A project that was run to the end once; tests change copies of it.

    The originals of three fakes are unknown; one shard has only such fakes.
    """
    project = copy_project(tmp_path_factory.mktemp("finished") / "project")
    (project / "corpus").mkdir()
    demo.make_corpus(project / "corpus/part_0.zip", "dfdc", TINY, 9)
    rewrite(project / "corpus/part_0.zip", lambda files: relabel(files, forget_originals))
    project.configure(CONFIG)
    run(project)
    return project


@pytest.fixture
def settled(finished, tmp_path) -> Project:
    return copy_of(finished, tmp_path / "project")


def rewrite(archive: Path, change) -> None:
    """Rewrite the zip, with `change` applied to its files, a dict from name to bytes."""
    with zipfile.ZipFile(archive) as old:
        files = {name: old.read(name) for name in old.namelist()}
    change(files)
    with zipfile.ZipFile(archive, "w") as new:
        for name, data in files.items():
            new.writestr(name, data)


def relabel(files: dict[str, bytes], change) -> None:
    """Apply `change` to the labels in the folder's metadata.json."""
    name = "train_sample_videos/metadata.json"
    labels = json.loads(files[name])
    change(labels)
    files[name] = json.dumps(labels).encode()


def forget_originals(labels) -> None:
    for name in sorted(name for name, entry in labels.items() if entry["label"] == "FAKE")[:3]:
        del labels[name]["original"]


def one_more_video(files: dict[str, bytes]) -> None:
    """Add a new real video to the corpus."""
    files["train_sample_videos/zzzzzzzzzz.mp4"] = new_video(files)
    relabel(files, lambda labels: labels.update({"zzzzzzzzzz.mp4": {"label": "REAL", "split": "train"}}))


def new_video(files: dict[str, bytes]) -> bytes:
    video = next(data for name, data in sorted(files.items()) if name.endswith(".mp4"))
    return video + b"\0\0\0\x08free"  # an empty box at the end: another file with the same images


def test_no_change_runs_nothing(settled):
    assert run(settled) == {}


def test_touching_everything_runs_nothing_below_the_index(settled):
    for path in sorted(settled.folder.rglob("*")):
        if path.is_file() and ".snakemake" not in path.parts:
            path.touch()
    assert set(run(settled)) <= {"index"}


def test_an_added_video_runs_its_own_shard(settled):
    before = shards(settled)
    rewrite(settled / "corpus/part_0.zip", one_more_video)
    jobs = run(settled)
    touched = 2 if shards(settled) > before else 1  # a full shard splits into two
    assert jobs == {
        "index": 1,
        "unpack": touched,
        "frames": touched,
        "faces": touched,
        "plan": 1,
        "dataset": 1,
    }


def test_an_added_archive_runs_its_own_shard(settled):
    before = shards(settled)
    shutil.copy(settled / "corpus/part_0.zip", settled / "corpus/part_1.zip")

    def only_the_new(files):
        one_more_video(files)
        relabel(files, lambda labels: [labels.pop(k) for k in list(labels) if k != "zzzzzzzzzz.mp4"])
        for name in [n for n in files if n.endswith(".mp4") and "zzzz" not in n]:
            del files[name]

    rewrite(settled / "corpus/part_1.zip", only_the_new)
    jobs = run(settled)
    assert jobs["faces"] == jobs["unpack"] <= 1 + (shards(settled) > before)
    assert jobs["index"] == jobs["plan"] == 1


def test_moved_archives_run_only_the_index(settled):
    (settled / "corpus").rename(settled / "elsewhere")
    reconfigure(settled, "corpus/*.zip", "elsewhere/*.zip")
    assert run(settled) == {"index": 1}


def test_higher_limits_run_only_the_index(settled):
    (settled / "mine.yaml").write_text((settled / "mine.yaml").read_text() + "limits: {member_gb: 30}\n")
    assert run(settled) == {"index": 1}


def test_limits_on_a_video_run_what_decodes_and_no_more_if_its_frames_stay(settled):
    (settled / "mine.yaml").write_text((settled / "mine.yaml").read_text() + "limits: {pixels: 200000000}\n")
    assert set(run(settled)) == {"unpack", "frames", "faces", "plan"}


def test_a_corrected_label_decodes_nothing(settled):
    """It is the label of a fake whose original isn't known: others move to a shard of their own family."""

    def correct(labels):
        name = min(name for name, entry in labels.items() if entry["label"] == "FAKE")
        labels[name] = {"label": "REAL", "split": "train"}

    rewrite(settled / "corpus/part_0.zip", lambda files: relabel(files, correct))
    assert run(settled) == {"index": 1, "plan": 1, "dataset": 1}


def test_requested_videos_make_nothing_stale(settled):
    shard = next(p.stem for p in (settled / "results/index/mine").glob("[01]*.csv"))
    videos = f"results/videos/mine/{shard}"
    assert settled.run(videos, "--configfile", "mine.yaml").jobs == {"unpack": 1}
    assert list((settled / videos).glob("*.mp4"))
    assert run(settled) == {}
    assert list((settled / videos).glob("*.mp4"))


def test_frames_settings_run_frames_onward(settled):
    reconfigure(settled, "count: 2,", "count: 2, quality: 90,")
    n = shards(settled)
    assert run(settled) == {"unpack": n, "frames": n, "faces": n, "plan": 1, "dataset": 1}


def test_a_count_of_frames_runs_the_index_and_frames_onward(settled):
    reconfigure(settled, "count: 2,", "count: 3,")
    n = shards(settled)
    assert run(settled) == {"index": 1, "unpack": n, "frames": n, "faces": n, "plan": 1, "dataset": 1}


def test_boost_runs_the_shards_of_the_smaller_class_and_an_added_video_its_own(settled):
    """With 6 real and 10 fake videos, real ones give twice as many frames; with 7 and 10 as well."""
    reconfigure(settled, "boost: 1", "boost: 8")
    rows = tables.read_rows(settled / "results/index/mine/videos.csv")
    n = len({row["shard"] for row in rows if row["label"] == "0"})
    assert 0 < n < shards(settled)
    jobs = run(settled)
    assert jobs == {"index": 1, "unpack": n, "frames": n, "faces": n, "plan": 1, "dataset": 1}
    before = shards(settled)
    rewrite(settled / "corpus/part_0.zip", one_more_video)
    assert run(settled)["frames"] == 1 + (shards(settled) > before)


def test_a_key_that_the_strategy_does_not_use_runs_nothing(settled):
    reconfigure(settled, "count: 2,", "count: 2, every: 7,")
    assert run(settled) == {}


def test_a_label_file_is_compared_by_its_content(settled):
    (settled / "more.csv").write_text("nothing\n")
    reconfigure(
        settled, 'archives: ["corpus/*.zip"]', 'archives: ["corpus/*.zip"], label_files: ["more*.csv"]'
    )
    assert run(settled) == {"index": 1}
    (settled / "more.csv").touch()
    assert run(settled) == {}
    (settled / "more.csv").write_text("something\n")
    assert run(settled) == {"index": 1}


def test_a_missing_label_file_is_named(settled):
    reconfigure(settled, 'archives: ["corpus/*.zip"]', 'archives: ["corpus/*.zip"], label_files: [gone.csv]')
    done = settled.run(TARGET, "--configfile", "mine.yaml", check=False)
    assert done.code and "corpora.mine.label_files: gone.csv doesn't exist" in done.text, done.text


def test_faces_settings_run_faces_onward(settled):
    (settled / "mine.yaml").write_text((settled / "mine.yaml").read_text() + "faces: {margin: 1.5}\n")
    assert run(settled) == {"faces": shards(settled), "plan": 1, "dataset": 1}


def test_dataset_settings_run_the_plan_onward(settled):
    reconfigure(settled, "val: 0.5}", "val: 0.5}, balance: none")
    assert run(settled) == {"plan": 1, "dataset": 1}


@pytest.mark.parametrize(
    ("file", "rules"),
    [
        ("scripts/index.py", {"index"}),
        ("scripts/deepfake/layouts/dfdc.py", {"index"}),
        ("scripts/unpack.py", {"unpack", "frames", "faces", "plan"}),
        ("scripts/deepfake/extraction/video.py", {"unpack", "frames", "faces", "plan"}),
        ("scripts/deepfake/extraction/crops.py", {"faces", "plan"}),
        ("scripts/deepfake/plan/splits.py", {"plan"}),
        ("scripts/dataset.py", {"dataset"}),
        ("scripts/deepfake/demo/corpus.py", set()),
    ],
)
def test_an_edit_of_code_runs_the_steps_that_use_it(settled, file, rules):
    """The edit changes no image, so the same images are kept, and the dataset is not written again."""
    path = settled / file
    path.write_text(path.read_text() + "\nEDITED = True\n")
    assert set(run(settled)) == rules


def test_comments_and_docstrings_run_nothing(settled):
    for path in (settled / "scripts").rglob("*.py"):
        path.write_text(path.read_text() + '\n# a comment\n"""and a docstring"""\n')
    assert run(settled) == {}


def test_settings_of_an_export_run_that_export(settled):
    forms = [f"results/exports/small/{form}" for form in ("labels", "webdataset", "dfd", "parquet")]
    assert settled.run(*forms, "--configfile", "mine.yaml").jobs == {"export": 4}
    (settled / "mine.yaml").write_text(
        (settled / "mine.yaml").read_text() + "exports: {labels: {size: 64}}\n"
    )
    assert settled.run(*forms, "--configfile", "mine.yaml").jobs == {"export": 1}
    assert not settled.run(*forms, "--configfile", "mine.yaml").jobs
    still = next((settled / "results/exports/small/labels/train").iterdir())
    assert cv2.imread(str(still)).shape == (64, 64, 3)


def test_a_corrupt_dataset_fails_its_audit_and_the_log_says_why(settled):
    reports = ["results/reports/small/audit.json", "results/reports/small/attrition.csv"]
    assert settled.run(*reports, "--configfile", "mine.yaml").jobs == {"audit": 1, "attrition": 1}
    assert json.loads((settled / reports[0]).read_text())["passed"]
    one = next((settled / "results/small/train/real").iterdir())
    shutil.copy(one, settled / "results/small/val/real" / one.name)
    done = settled.run(*reports, "--forcerun", "audit", "--configfile", "mine.yaml", check=False)
    log = (settled / "logs/audit/small.log").read_text()
    assert "FAILED" in (settled / "logs/audit/small.html").read_text()  # the job's outputs are deleted
    assert done.code != 0 and f"val/real/{one.name}: a file, but no row in metadata.csv" in log


def test_a_sheet_of_faces_runs_nothing_else_and_follows_the_settings(settled):
    sheet = "results/sheets/mine.jpg"
    assert settled.run(sheet, "--configfile", "mine.yaml").jobs == {"sheet": 1}
    first = (settled / sheet).read_bytes()
    assert not settled.run(TARGET, sheet, "--configfile", "mine.yaml").jobs
    reconfigure(settled, "frames: {count: 2, boost: 1}", "frames: {count: 2, boost: 1}\nfaces: {margin: 1.6}")
    again = settled.run(sheet, "--configfile", "mine.yaml").jobs
    assert again == {"faces": again["faces"], "sheet": 1} and 0 < again["faces"] <= 4
    assert (settled / sheet).read_bytes() != first
    (settled / "mine.yaml").write_text((settled / "mine.yaml").read_text() + "keep_frames: false\n")
    refused = settled.run(sheet, "--configfile", "mine.yaml", "--forcerun", "sheet", check=False)
    assert refused.code != 0 and "write keep_frames: true" in refused.text


def test_people_by_their_faces_need_embeddings_alone_and_decode_nothing(settled):
    """The drawn people look more alike than real ones, so distances are smaller."""
    text, n = (settled / "mine.yaml").read_text(), shards(settled)

    def jobs(people: str) -> dict[str, int]:
        settled.configure(f"{text}people: {{link: 0.1, fail: 0, {people}}}\n")
        return settled.run(*FACED, "--configfile", "mine.yaml").jobs

    assert not (settled / "results/people").exists(), "a dataset by names has embeddings"
    assert jobs("guard: 0.02") == {"embeddings": n, "plan": 1, "dataset": 1, "audit": 1}
    assert jobs("guard: 0.01") == {"plan": 1, "dataset": 1, "audit": 1}
    assert len(list((settled / "results/people").rglob("*.npy"))) == n
    fewer = jobs("guard: 0.01, crops: 1, keep: false")
    assert (fewer["embeddings"], fewer["plan"]) == (n, 1) and set(fewer) <= {
        "embeddings",
        "plan",
        "dataset",
        "audit",
    }
    assert not list((settled / "results/people").rglob("*.*")), "keep: false keeps embeddings"
    assert jobs("guard: 0.01, crops: 1, keep: false") == {}
