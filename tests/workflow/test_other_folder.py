"""The workflow used from elsewhere: from a folder of one's own with a config.yaml alone, and as a module."""

import shutil
from pathlib import Path

import pytest
from conftest import Project, Run, copy_project

CONFIG = """
corpora:
  demo: {demo: {people: 6, clips: 16, seconds: 0.4, width: 320}}
frames: {count: 2, boost: 1}
datasets:
  mine: {corpora: [demo], splits: {train: 0.5, val: 0.5, test: 0}}
models:
  tiny: {arch: meso4, epochs: 1}
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Project, Project]:
    """The workflow's own folder, and a folder with a config in which it has made a dataset."""
    top = tmp_path_factory.mktemp("folders")
    clone, mine = copy_project(top / "the workflow"), Project(top / "mine")
    mine.folder.mkdir()
    (mine / "config.yaml").write_text(CONFIG)
    jobs = mine.run("-s", str(clone / "Snakefile"), "results/mine", "results/reports/mine/audit.json").jobs
    assert jobs == {
        "demo": 1,
        "index": 1,
        "unpack": 1,
        "frames": 1,
        "faces": 1,
        "plan": 1,
        "dataset": 1,
        "audit": 1,
    }
    return clone, mine


def test_everything_is_written_to_the_working_folder(folders):
    clone, mine = folders
    for name in ("resources/demo/demo.zip", "results/mine/metadata.csv", "logs/plan/mine.log", "benchmarks"):
        assert (mine / name).exists()
    assert {path.name for path in clone.folder.iterdir()}.isdisjoint({"results", "logs", "resources"})


def test_directory_means_the_same_and_a_moved_workflow_reruns_nothing(folders, tmp_path):
    clone, mine = folders
    moved = Project(clone.folder.rename(tmp_path / "moved"))
    done = moved.run("--directory", str(mine.folder), "results/mine")
    assert not done.jobs, done.text
    moved.folder.rename(clone.folder)


def test_own_names_are_the_default_targets(folders):
    clone, mine = folders
    done = mine.run("-s", str(clone / "Snakefile"), "-n")
    assert "results/models/mine/tiny/best.pt" in done.text and "results/reports/mine/tiny" in done.text
    assert "dataset_2gb" not in done.text and "meso4" not in done.text
    done = mine.run("-s", str(clone / "Snakefile"), "-n", "results/dataset_2gb")
    assert "results/plans/dataset_2gb.csv" in done.text


def test_several_datasets_without_one_to_train_on_are_an_error_only_where_one_is_needed(folders):
    clone, mine = folders
    args = [
        "-s",
        str(clone / "Snakefile"),
        "--configfile",
        mine.configure("datasets: {more: {corpora: [demo]}}"),
    ]
    done = mine.run("-n", *args, check=False)
    assert done.code == 1 and "train.dataset: missing, and your config has more than one dataset" in done.text
    assert mine.run("results/mine", *args).code == 0


def test_a_key_that_stands_twice_ends_a_run_with_the_file_and_both_lines(folders):
    clone, mine = folders
    args = ["-s", str(clone / "Snakefile"), "--configfile", mine.configure("seed: 1\nseed: 2\n")]
    done = mine.run("results/mine", *args, check=False)
    assert done.code == 1 and f"{Path(mine / 'mine.yaml').resolve()}: seed is in lines 1 and 2" in done.text


PARENT = """
import yaml

rule images:
    input: "results/mine"
    output: "images.txt"
    shell: "ls {{input}}/train/real > {{output}}"

module deepfake:
    snakefile: {snakefile!r}
    config: {{**yaml.safe_load(open("config.yaml")), **config.get("deepfake", {{}})}}
    {prefix}

use rule * from deepfake as deepfake_*

{more}

onstart:
    print("checked", deepfake.onstart())
"""


@pytest.fixture
def parent(folders):
    """A function that runs a workflow of one's own, which uses this one as a module, in the folder `mine`."""
    clone, mine = folders

    def run(*args: str, prefix: str = "", more: str = "", check: bool = True) -> Run:
        text = PARENT.format(snakefile=str(clone / "Snakefile"), prefix=prefix, more=more)
        (mine / "Snakefile").write_text(text)
        profile = str(clone / "profiles/default")
        return mine.run("--workflow-profile", profile, *args, check=check)

    yield run
    (mine / "Snakefile").unlink()


def test_a_module_takes_the_results_of_the_workflow_itself_for_current(folders, parent):
    done = parent()  # the default target is the first rule of the workflow that uses it
    assert done.jobs == {"images": 1}, done.text
    assert (folders[1] / "images.txt").read_text().count(".jpg") > 0 and "checked None" in done.text


def test_a_module_reruns_what_its_config_changes(folders, parent):
    splits = "{train: 0.5, val: 0, test: 0.5}"
    changed = folders[1].configure(f"deepfake: {{datasets: {{mine: {{corpora: [demo], splits: {splits}}}}}}}")
    done = parent("results/mine", "--configfile", changed)
    assert done.jobs == {"deepfake_plan": 1, "deepfake_dataset": 1}, done.text


def test_what_a_module_cannot_do_is_an_error_and_its_config_is_checked(parent):
    done = parent("-n", prefix='prefix: "here"', check=False)
    assert done.code == 1 and "prefix and replace_prefix can't be used" in done.text
    done = parent("-n", more="use rule faces from deepfake as small with:\n    threads: 1\n", check=False)
    assert done.code == 1 and "single rules of this module can't be used" in done.text
    done = parent("-n", "--config", "deepfake={sede: 1}", check=False)
    assert done.code == 1 and "unknown 'sede'" in done.text


def test_a_snakefile_without_its_programs_says_so(folders, tmp_path):
    clone, mine = folders
    alone = shutil.copy(clone / "Snakefile", tmp_path)
    done = mine.run("-n", "-s", str(alone), check=False)
    assert done.code == 1 and f"{tmp_path}: not a folder with the steps' programs" in done.text
