"""The profiles of other executors: which jobs they plan, with which resources."""

import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Run, copy_project
from s3_server import CREDENTIALS, arguments, s3_server

PLUGINS = {
    "kubernetes": "snakemake_executor_plugin_kubernetes",
    "awsbatch": "snakemake_executor_plugin_aws_batch",
}
DATASET = {"demo", "index", "plan", "dataset", "audit", "attrition"}
NETWORKS = {"train", "predict", "distort", "explain"}
MODELS = {"decode", "finish", "choose", "evaluate", "summarise"} | NETWORKS


@pytest.fixture(scope="module")
def dry_run(tmp_path_factory):
    """A function that dry-runs a profile with an empty storage on this machine."""
    folder = tmp_path_factory.mktemp("profiles")
    project = copy_project(folder / "project")
    environment = {
        k: v for k, v in project.environment(preloaded=False).items() if not k.startswith(("AWS_", "KUBE"))
    }
    environment |= CREDENTIALS | {"HOME": str(folder)}

    @functools.cache
    def run(profile: str) -> Run:
        plugin = PLUGINS.get(Path(profile).name)
        if plugin:
            pytest.importorskip(plugin, reason=f"needs {plugin}")
        command = [sys.executable, "-m", "snakemake", "--profile", profile, "-n", "--cores", "8"]
        done = subprocess.run(
            [*command, *arguments(url)],
            cwd=project.folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        return Run(done.returncode, done.stdout + done.stderr, {})

    run.project = project
    with s3_server(folder / "server.log") as url:
        yield run


def jobs(run: Run) -> dict[str, dict[str, str]]:
    """The resources and threads of each rule in a dry-run."""
    found = re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):\n((?: {4}.*\n)+)", run.text, re.MULTILINE)
    assert run.code == 0, run.text
    return {
        rule: dict(pair.split("=", 1) for pair in re.search("resources: (.*)", block)[1].split(", "))
        | {"threads": (re.search(r"threads: (\d+)", block) or [0, "1"])[1]}
        for rule, block in found
    }


@pytest.mark.parametrize("profile", ["s3", "kubernetes", "awsbatch"])
def test_a_profile_lists_every_job_from_archive_to_report(dry_run, profile):
    found = jobs(dry_run(f"profiles/{profile}"))
    assert set(found) == DATASET | MODELS | {"all"}


@pytest.mark.parametrize("profile, gpu", [("kubernetes", "gpu"), ("awsbatch", "_gpus")])
def test_only_networks_request_a_gpu(dry_run, profile, gpu):
    found = jobs(dry_run(f"profiles/{profile}"))
    assert {rule for rule, resources in found.items() if gpu in resources} == NETWORKS
    assert {found[rule][gpu] for rule in NETWORKS} == {"1"}


def test_kubernetes_gets_the_gpus_manufacturer_and_limit(dry_run):
    found = jobs(dry_run("profiles/kubernetes"))
    assert {found[rule]["gpu_manufacturer"] for rule in NETWORKS} == {"nvidia"}
    assert {found[rule]["scale"] for rule in NETWORKS} == {"0"}


def test_aws_batch_gives_each_job_enough_memory(dry_run):
    """The executor replaces memory that doesn't fit the cores by the smallest that does."""
    found, needed = jobs(dry_run("profiles/awsbatch")), jobs(dry_run("profiles/s3"))
    from snakemake_executor_plugin_aws_batch.constant import VALID_RESOURCES_MAPPING as CORES

    for rule in (DATASET | MODELS) - {"finish", "choose", "summarise"}:  # these run where Snakemake does
        cores, mem_mb = int(found[rule]["threads"]), int(found[rule]["mem_mb"])
        least = min(mb for mb, fitting in CORES.items() if cores in fitting)
        given = mem_mb if cores in CORES.get(mem_mb, []) else least
        assert mem_mb not in CORES or cores in CORES[mem_mb], f"{rule} would be refused"
        assert given >= int(needed[rule]["mem_mb"]), f"{rule} gets {given} MB"


@pytest.mark.parametrize(
    "profile, key",
    [("s3", "default-storage-prefix"), ("kubernetes", "kubernetes-namespace"), ("awsbatch", "max-threads")],
)
def test_a_misspelt_key_fails(dry_run, profile, key):
    folder = dry_run.project / f"misspelt/{profile}"
    folder.mkdir(parents=True)
    text = (dry_run.project / f"profiles/{profile}/config.yaml").read_text()
    assert f"{key}:" in text
    (folder / "config.yaml").write_text(text.replace(f"{key}:", f"{key}x:"))
    failed = dry_run(f"misspelt/{profile}")
    assert failed.code != 0
    assert f"{key}x" in failed.text
