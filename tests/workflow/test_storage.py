"""The workflow with its results in S3, on a real server, from archive to dataset and report."""

import json
from collections import Counter

import pytest
from conftest import ONE_THREAD, Project, copy_project, write_stills
from s3_server import BUCKET, CREDENTIALS, arguments, s3_server

SETTINGS = """
shard_size: 4
corpora:
  demo: {demo: {people: 6, clips: 10, seconds: 0.3, width: 320}}
  mine: {layout: imagefolder, folder: mine, faces: {detector: none, size: 64}}
datasets:
  dataset_2gb: {corpora: [demo, mine], same_identity: same.csv}
models:
  tiny: {arch: meso4, image_size: 64, epochs: 1, batch_size: 8}
train: {models: [tiny]}
evaluate:
  bootstrap: 100
  robustness: {jpeg: [50], blur: [], noise: [], resize: [], brightness: []}
  cross: {models: [tiny], datasets: [dataset_2gb]}
"""
TARGETS = ["results/dataset_2gb", "results/reports/dataset_2gb/audit.json"]
REPORT = ["results/model/best.pt", "results/report/index.html"]
STEPS = "attrition decode train finish predict choose evaluate distort explain compare summarise".split()


OPTIONS = ["--configfile", "mine.yaml", "--set-threads", *ONE_THREAD]


class Stored:
    """Two projects with the same settings: one with its results in a bucket, one in its folder."""

    def __init__(self, folder, url: str):
        import boto3  # needed only where the server runs

        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        self.bucket = boto3.resource("s3", endpoint_url=url, **keys).create_bucket(Bucket=BUCKET)
        self.url = url
        self.remote, self.local = copy_project(folder / "remote"), copy_project(folder / "local")
        for project in (self.remote, self.local):
            write_stills(project / "mine", range(20))
            (project / "same.csv").write_text("mine/real_p000_0,mine/real_p002_0\n")
            project.configure(SETTINGS)

    def run(self, targets: list[str] = TARGETS) -> Counter:
        profile = ["--profile", "profiles/s3", *arguments(self.url)]
        return self.remote.run(*targets, *profile, *OPTIONS).jobs

    def run_locally(self, targets: list[str] = TARGETS) -> Counter:
        return self.local.run(*targets, *OPTIONS).jobs

    def objects(self, below: str = "") -> dict[str, bytes]:
        """The bytes of each object by its path in the project."""
        found = self.bucket.objects.filter(Prefix=f"demo/{below}")
        return {o.key.removeprefix("demo/"): o.get()["Body"].read() for o in found}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    with s3_server(folder / "server.log") as url, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        stored = Stored(folder, url)
        stored.first, stored.first_locally = stored.run(), stored.run_locally()
        yield stored


def files(project: Project, below: str) -> dict[str, bytes]:
    found = (path for path in (project / below).rglob("*") if path.is_file())
    return {path.relative_to(project.folder).as_posix(): path.read_bytes() for path in found}


def test_the_dataset_has_the_bytes_of_a_local_run(stored):
    assert stored.first == stored.first_locally
    dataset = stored.objects("results/dataset_2gb/")
    assert sum(name.endswith((".jpg", ".png")) for name in dataset) > 20
    assert dataset == files(stored.local, "results/dataset_2gb")
    assert stored.objects("results/faces/") == files(stored.local, "results/faces")
    reports, local = stored.objects("results/reports/"), files(stored.local, "results/reports")
    assert without_records(reports) == without_records(local)


def without_records(reports: dict[str, bytes]) -> dict[str, object]:
    """The reports without what the audit says of records, which there are none of in a storage."""
    pages = {name: data for name, data in reports.items() if not name.endswith(("audit.json", "audit.html"))}
    (name,) = {name for name in reports if name.endswith("audit.json")}
    audit = json.loads(reports[name])
    audit["checks"] = [check for check in audit["checks"] if check["name"] != "provenance"]
    return pages | {name: audit}


def test_results_are_only_in_the_storage(stored):
    assert not [path for path in ("results", "resources", "logs") if (stored.remote / path).exists()]
    left = {
        path.rpartition("/")[2] for path in files(stored.remote, ".snakemake/storage") if "/results/" in path
    }
    assert left == {"mine.crc32.csv"}, "more than the checksums of a user's files is kept"
    assert {"logs/audit/dataset_2gb.log", "resources/demo/demo.zip"} <= set(stored.objects())
    assert not stored.objects("results/videos/"), "unpacked videos were left behind"
    assert files(stored.remote, "mine") == files(stored.local, "mine"), "a user's own files were touched"


def test_models_are_trained_and_reported_from_the_storage(stored):
    """best.pt is that of a local run, and no page or table names the local copies' folder."""
    done = stored.run(REPORT)
    assert done == {rule: 1 for rule in STEPS} | {"predict": 2}
    best, page, cross = (
        stored.objects(f"results/{name}") for name in ("model/", "report/index.html", "report/cross.csv")
    )
    assert b"<code>results/reports/dataset_2gb/audit.html</code>" in page["results/report/index.html"]
    assert cross["results/report/cross.csv"].splitlines()[1].startswith(b"tiny,dataset_2gb,dataset_2gb,")
    stored.run_locally(["results/model/best.pt"])
    assert best == files(stored.local, "results/model")
    for below in ("results/models/", "results/predictions/", "results/report"):
        found = stored.objects(below)
        assert found and not [path for path, data in found.items() if b".snakemake/" in data]
    assert not files(stored.remote, "results"), "a finished training run is left over"
    assert stored.run(REPORT) == {}


def test_a_second_run_runs_nothing_and_a_smaller_cap_the_plan_onward(stored):
    assert stored.run() == {}
    before = set(stored.objects("results/dataset_2gb/"))
    for project in (stored.remote, stored.local):
        project.configure(SETTINGS.replace("[demo, mine]", "[demo, mine], size_mb: 0.2"))
    assert stored.run() == stored.run_locally() == {"plan": 1, "dataset": 1, "audit": 1}
    after = stored.objects("results/dataset_2gb/")
    assert set(after) < before, "images that the plan left out are still in the storage"
    assert after == files(stored.local, "results/dataset_2gb")
    assert stored.run() == {}
